"""Signals that cases send, inside the transaction of the change.

``case_registered`` and ``case_archived`` carry ``case`` and ``actor`` (None: a resident or the system);
``case_changed`` is sent for every action and carries ``case``, ``actor`` and ``event`` (the ``CaseEvent``) as well.
"""

from __future__ import annotations

from blinker import Signal

case_registered = Signal()
case_archived = Signal()
case_changed = Signal()

SIGNALS = {"case_registered": case_registered, "case_archived": case_archived, "case_changed": case_changed}
