"""Record ids: pinned, since another id would embed every index anew; and apart wherever vectors or sources differ."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid5

import pytest
from gemini_embed import InputError, Item
from gemini_embed.indexing.candidates import Reader
from gemini_embed.indexing.identity import NAMESPACE, uuid_of
from gemini_embed.indexing.items import source_of
from gemini_embed.models import facts_for
from hypothesis import given
from hypothesis import strategies as st

DIGEST = "0123456789abcdef"


FACTS = facts_for("gemini-embedding-2", "developer")


def id_of(item: Item, digest: str = DIGEST) -> str:
    (candidate,) = Reader(digest, FACTS).candidates(item)
    return candidate.record.id


def test_ids_never_change() -> None:
    assert id_of(Item("text", source="s", title="T")) == "70aa4f62-a5ae-595a-a74a-7b8f137818f6"


@pytest.mark.parametrize(
    ("other", "digest", "same"),
    [
        pytest.param(Item("text", source="s"), DIGEST, True, id="same"),
        pytest.param(Item("text", source="s", metadata={"a": 1}, page_content="p"), DIGEST, True, id="metadata"),
        pytest.param(Item("text!", source="s"), DIGEST, False, id="content"),
        pytest.param(Item("text", source="t"), DIGEST, False, id="source"),
        pytest.param(Item("text", source="s", title="T"), DIGEST, False, id="title"),
        pytest.param(Item(["text", "more"], source="s"), DIGEST, False, id="parts"),
        pytest.param(Item("text", source="s"), "fedcba9876543210", False, id="fingerprint"),
    ],
)
def test_what_makes_an_id(other: Item, digest: str, same: bool) -> None:
    assert (id_of(Item("text", source="s")) == id_of(other, digest)) is same


LONE = "caf\udce9.txt"  # as Python reads the name of a file that is not UTF-8
NOT_TEXT = [
    pytest.param(Item("x", source=LONE), id="source"),
    pytest.param(Item("x", metadata={"deep": [{"name": LONE}]}), id="metadata"),
    pytest.param(Item("x", metadata={LONE: 1}), id="key"),
    pytest.param(Item("x", page_content=LONE), id="page_content"),
    pytest.param(Item("x", title=LONE), id="title"),
]


@pytest.mark.parametrize("item", NOT_TEXT)
def test_what_no_store_could_keep(item: Item) -> None:
    with pytest.raises(InputError, match=r"udce9"):
        id_of(item)


def test_a_source_can_be_printed() -> None:
    assert source_of(Item("x", source=LONE)) == "caf?.txt"
    assert source_of(Path(LONE)) == "caf?.txt"
    assert source_of("x") is None


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_ids_are_version_5(name: str) -> None:
    """As RFC 9562 makes them, which the standard library does more slowly."""
    assert uuid_of(name) == str(uuid5(NAMESPACE, name))


def test_a_long_text_is_one_item() -> None:
    """Only its first passage begins it."""
    passages = list(Reader(DIGEST, FACTS).candidates("A sentence of some words. " * 4_000))
    assert len(passages) > 2
    assert [one.begins for one in passages] == [True] + [False] * (len(passages) - 1)
