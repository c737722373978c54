"""Searches that are read without the argument library are read as it reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gemini_embed_cli.commands.app import app
from gemini_embed_cli.commands.finding import Search
from gemini_embed_cli.commands.given import Where
from gemini_embed_cli.commands.plain import plain_search


def library_s(arguments: list[str]) -> tuple[Search, dict[str, Any]]:
    """What the library makes of them."""
    _, bound, *_ = app().parse_args(arguments, exit_on_error=False, print_error=False)
    told = dict(bound.arguments)
    where = told.pop("where", None) or Where()
    flags = {name: value for name, value in vars(where).items() if value is not None}
    return Search(**told), flags


@pytest.mark.parametrize(
    "typed",
    [
        "search water",
        "search water shut-off -k 3 --emulator",
        "search --json the fuse box --k 007",
        "search -C some/where photo.png the same in red",
        "search --folder ~/docs --model gemini-embedding-001 --dimensions 1536 bees --emulator",
        "search 42 -k 1",
        "search 3.5 ./a.md https://example.org/a.png",
    ],
)
def test_what_both_read(typed: str) -> None:
    arguments = typed.split(" ")
    plain = plain_search(arguments)
    assert plain is not None
    assert plain == library_s(arguments)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "sync",
        "search",
        "search --open 1",
        "search bees --k=3",
        "search bees -k three",
        "search bees -k -3",
        "search bees -k",
        "search bees -k 1 -k 2",
        "search bees --kind pdf",
        "search bees --filter page=3",
        "search bees --store edge:x",
        "search bees --html out.html",
        "search bees --help",
        "search -- -bees",
        "search -5 degrees",
        "search bees --no-emulator",
        "search bees --dimensions 1_000",
        "search bees -k ٣",
        "search bees  -k 1",
    ],
)
def test_what_is_left_to_the_library(typed: str) -> None:
    assert plain_search(typed.split(" ") if typed else []) is None


def test_words_as_they_were_typed() -> None:
    """A query in quotes is one word with spaces in it."""
    plain = plain_search(["search", "the fuse box", "-C", "my docs"])
    assert plain == (Search(query=("the fuse box",)), {"folder": Path("my docs")})
    assert plain == library_s(["search", "the fuse box", "-C", "my docs"])
