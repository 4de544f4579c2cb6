"""Signals of this room, sent inside the transaction of the change."""

from __future__ import annotations

import blinker

visit_logged = blinker.Signal()  # visit=Visit, actor=Actor
visit_undone = blinker.Signal()  # visit=Visit, actor=Actor: what was earned by it must be taken back
