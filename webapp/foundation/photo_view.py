"""A photo as an answer, for the views of the rooms that own the record."""

from __future__ import annotations

from flask import Response, request

from webapp.foundation import photos
from webapp.foundation.errors import NotFound

A_DAY = 24 * 3600  # seconds that a browser may keep a photo without asking whether it is still to be seen


def send_photo(owner_type: str, owner_id: int, photo_id: str) -> Response:
    """The photo of a record that the reader may see; the thumbnail with ``?thumb=1``.

    Raises:
        NotFound: the record has no such photo.
    """
    row = photos.get_photo(photo_id)
    if (row.owner_type, row.owner_id) != (owner_type, owner_id):
        raise NotFound
    with photos.open_photo(row.id, thumb=request.args.get("thumb") == "1") as file:
        response = Response(file.read(), mimetype=photos.MEDIA_TYPE)
    response.headers["Cache-Control"] = f"private, max-age={A_DAY}"
    return response
