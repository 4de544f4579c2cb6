"""The news that this room sends, inside the transaction that makes it true."""

from __future__ import annotations

import blinker

visit_logged = blinker.Signal()  # visit=Visit, actor=Actor
visit_undone = blinker.Signal()  # visit=Visit, actor=Actor: what was earned by it must be taken back
