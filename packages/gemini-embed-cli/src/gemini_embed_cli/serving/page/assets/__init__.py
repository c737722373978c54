"""The files of the page."""

from __future__ import annotations

from importlib import resources


def asset(name: str) -> str:
    """One of them, as text."""
    return (resources.files(__package__) / name).read_text("utf-8")
