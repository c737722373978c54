"""Record ids: pinned, since another id would embed every index anew; and apart wherever vectors or sources differ."""

from __future__ import annotations

import pytest
from gemini_embed import Item
from gemini_embed.items import prepare

DIGEST = "0123456789abcdef"


def id_of(item: Item, digest: str = DIGEST) -> str:
    return prepare(item, digest).record.id


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
