"""Invented residents: a surname with a form of address, a phone whose area code (0300) does not exist, a door."""

from __future__ import annotations

import random

from webapp.demo.places import SURNAMES

ADDRESSED = ("大爷", "大妈", "阿姨", "师傅", "女士", "先生", "奶奶", "老师")


def resident(rng: random.Random) -> tuple[str, str, str]:
    """Name, phone and door of somebody who does not exist."""
    name = rng.choice(SURNAMES) + rng.choice(ADDRESSED)
    door = f"{rng.randint(1, 3)}单元{rng.randint(1, 6)}0{rng.randint(1, 4)}室"
    return name, f"0300{rng.randint(5000000, 5999999)}", door
