"""What one can do: reports, activities, attendance, hours, statements; one module each."""

from __future__ import annotations

from webapp.volunteering.service.activities import (
    Plan,
    cancel_activity,
    create_activity,
    edit_activity,
    leave,
    sign_up,
)
from webapp.volunteering.service.attendance import check_in, check_out, claim, close_forgotten
from webapp.volunteering.service.hours import confirm_hours, confirm_list, correct, object_to, reject_hours
from webapp.volunteering.service.reports import report_to_grid, seed_defaults, withdraw_report
from webapp.volunteering.service.statements import is_whole, issue, verify

__all__ = [
    "Plan",
    "cancel_activity",
    "check_in",
    "check_out",
    "claim",
    "close_forgotten",
    "confirm_hours",
    "confirm_list",
    "correct",
    "create_activity",
    "edit_activity",
    "is_whole",
    "issue",
    "leave",
    "object_to",
    "reject_hours",
    "report_to_grid",
    "seed_defaults",
    "sign_up",
    "verify",
    "withdraw_report",
]
