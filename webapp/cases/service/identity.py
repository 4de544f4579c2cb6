"""The reporter's identity, shown in full to those who need it; every look is journalled."""

from __future__ import annotations

from dataclasses import dataclass

from webapp.cases.permissions import may_reveal
from webapp.cases.queries import case_for
from webapp.foundation import journal
from webapp.foundation.access import Actor
from webapp.foundation.db import transaction
from webapp.foundation.errors import Refused


@dataclass(frozen=True)
class Identity:
    """The reporter's private data, unmasked."""

    name: str
    phone: str
    door: str
    tracking_code: str


def reveal_identity(actor: Actor, number: str) -> Identity:
    """The reporter's name, phone and door number, and the code if the slip was lost; journalled.

    Raises:
        NotFound: the case is not the actor's to see. Refused: the identity is not.
    """
    with transaction():
        case = case_for(actor, number)
        if not may_reveal(actor, case):
            raise Refused("诉求人信息只给主办和承办这件事的人看。诉求人要求保密的，承办单位也看不到。")
        journal.record(actor, "case:read_identity", "case", case.id)
        own = case.handler_unit_id != actor.unit_id or case.owner_unit_id == actor.unit_id
        return Identity(
            case.reporter_name or "",
            case.reporter_phone or "",
            case.reporter_door or "",
            case.tracking_code if own else "",
        )
