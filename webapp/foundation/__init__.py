"""Shared by all rooms; knows none of them."""
