"""The demo district: the real streets and communities of 相山区 with invented grids, people and a year of history.

Everything is drawn from one seeded generator, so two builds on the same day are alike. What the dashboards count is
rows; no total is stored.
"""
