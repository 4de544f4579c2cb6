"""Who may change the register, and where."""

from __future__ import annotations

import sqlalchemy as sa

from webapp.directory.models import Unit
from webapp.directory.posts import Permission
from webapp.directory.scope import covers
from webapp.extensions import db
from webapp.foundation.access import Actor
from webapp.foundation.errors import Conflict, Invalid, NotFound, Refused


def check_can_manage(actor: Actor) -> None:
    """Refuse unless the actor keeps the register.

    Raises:
        Refused: the actor's post does not hold the permission.
    """
    if not actor.can(Permission.DIRECTORY_MANAGE):
        raise Refused("您现在的身份不能修改名录。")


def locked_unit(actor: Actor, code: str) -> Unit:
    """Load and lock a unit.

    Raises:
        NotFound: there is none, or it is not the actor's. Refused: see ``check_can_manage``.
    """
    check_can_manage(actor)
    found = sa.select(Unit).where(Unit.code == code).with_for_update()
    unit = db.session.scalars(found, execution_options={"populate_existing": True}).first()
    if unit is None or not covers(actor, unit.path):
        raise NotFound
    return unit


def check_in_use(unit: Unit) -> None:
    """Refuse changes at a unit out of use.

    Raises:
        Conflict: it was taken out of use.
    """
    if unit.retired_on:
        raise Conflict(f"{unit.short_name}已经停用，不能再登记。")


_IN_USE = sa.select(Unit).where(Unit.code == sa.bindparam("code"), Unit.retired_on.is_(None))


def unit_in_use(actor: Actor, code: str) -> Unit:
    """The unit whose code was typed into a form.

    Raises:
        Invalid: there is none, it is not the actor's, or it was taken out of use.
    """
    unit = db.session.scalars(_IN_USE, {"code": code}).first()
    if unit is None or not covers(actor, unit.path):
        raise Invalid("没有找到这个单位，请从列表里选。", "unit_code")
    return unit
