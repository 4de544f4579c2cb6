"""Logging in, sessions, preferences, one's own profile."""
