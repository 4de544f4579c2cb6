"""Speeds, as ratios within one run. Never part of the tests: the machine is somebody's, and noisy."""
