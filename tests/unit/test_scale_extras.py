"""The doors for engines say which extra they need; nothing of an engine comes in with the library."""

from __future__ import annotations

import sys
from importlib import import_module

import pytest
from gemini_embed import MissingExtraError


@pytest.mark.parametrize("engine", ["ray", "daft"])
def test_an_engine_that_is_not_installed(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, engine, None)
    monkeypatch.delitem(sys.modules, f"gemini_embed.{engine}", raising=False)
    with pytest.raises(MissingExtraError, match=rf'pip install "gemini-embed\[{engine}\]"'):
        import_module(f"gemini_embed.{engine}")
