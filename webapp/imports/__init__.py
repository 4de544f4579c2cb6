"""Ledgers that were kept elsewhere come in: columns are matched, tried, and written once."""
