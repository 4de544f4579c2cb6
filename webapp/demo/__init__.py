"""The demo district: the real streets and communities of 相山区 with invented grids, people and a year of history.

Places and people are written in bulk. What they did is done by the rooms' own services, in the order of time, under a
clock that stands where the story has got to. Everything is drawn from seeded generators, so two builds of one moment are
alike. What the dashboards count is rows; no total is stored.
"""
