"""The yardstick: a Flask page that does nothing."""

from __future__ import annotations

from flask import Flask

app = Flask(__name__)


@app.get("/")
def index() -> str:
    """One short page."""
    return "<!doctype html><title>bare</title><p>ok"
