"""Signals to the rooms above, sent inside the transaction of the change."""

from __future__ import annotations

from blinker import Signal

# attendance=, activity=, actor=: hours were confirmed and count from now on.
attendance_confirmed = Signal()
# attendance=, activity=, actor=, old=: confirmed minutes were corrected from ``old`` to ``attendance.minutes``.
hours_corrected = Signal()
