"""What one embedder has cached answers another exactly when both would be served the same vectors, or shorter ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from fix_folders import PICTURES
from gemini_embed import Content, Embedder, Image, VectorCache
from gemini_embed_emulator import Emulator, Fault
from hypothesis import given, settings
from hypothesis import strategies as st

Asked = dict[str, Any]
Made = Callable[[Asked], Any]

TITLED, PICTURED = Content("a text", title="a title"), Content("a text", Image(PICTURES[0]))
CONTENTS: dict[str, Any] = {
    "a text": "a text",
    "another": "another text",
    "with a title": TITLED,
    "with a picture": PICTURED,
    "the picture first": Content(Image(PICTURES[0]), "a text"),
    "with another picture": Content("a text", Image(PICTURES[1])),
    "a picture": Image(PICTURES[0]),
}
ASKED = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gemini-embedding-2", "gemini-embedding-001"]),
        "dimensions": st.sampled_from([None, 768, 3072]),
        "task": st.sampled_from(["search", "question_answering", "clustering", "similarity", "raw"]),
        "normalize": st.sampled_from([None, True, False]),
        "condition_media": st.sampled_from(["query", "both", "none"]),
        "service": st.sampled_from(["google", "emulator", "another emulator"]),
        "side": st.sampled_from(["document", "query"]),
        "content": st.sampled_from(sorted(CONTENTS)),
    }
)


def turned(payload: dict[str, Any]) -> None:
    """Vectors of another service, made of these."""
    rows = payload.get("embeddings") or [payload["embedding"]]
    for row in rows:
        row["values"] = np.negative(row["values"])  # which are shortened as these are


@pytest.fixture(scope="module")
def asking() -> Iterator[Callable[[Asked, VectorCache | None], Any]]:
    """Embeds what is asked for: the result. What stands for Google is an emulator whose vectors are others."""
    with Emulator() as one, Emulator() as two, Emulator() as google:
        google.faults.rule = lambda request: Fault(edit=turned)
        where = {
            "emulator": {"base_url": one.base_url},
            "another emulator": {"base_url": two.base_url},
            "google": {"base_url": google.base_url, "service": "google"},
        }

        def asked(asked: Asked, kept: VectorCache | None) -> Any:
            options = dict(asked)
            content, side = CONTENTS[options.pop("content")], options.pop("side")
            options |= where[options.pop("service")]
            with Embedder(api_key="k", verify=False, cache=kept, **options) as embedder:
                return embedder.embed([content]) if side == "document" else embedder.embed_query(content)

        yield asked


@pytest.fixture(scope="module")
def served(asking: Callable[[Asked, VectorCache | None], Any]) -> Made:
    """The vector of what is asked for as the service serves it, embedded once each."""

    @cache
    def of(asked: tuple[tuple[str, Any], ...]) -> Any:
        return asking({**dict(asked), "normalize": False}, None).values[0]

    return lambda asked: of(tuple(sorted(asked.items())))


def is_begun_by(one: Any, two: Any) -> bool:
    """Whether the second vector is the first, or what shortening it gives: both models are made for that."""
    if len(one) < len(two):
        return False
    begins = one[: len(two)]
    scale = np.linalg.norm(two) / np.linalg.norm(begins) if len(one) > len(two) else 1.0
    return np.allclose(begins * scale, two, atol=1e-6)


@settings(deadline=None, max_examples=80)
@given(first=ASKED, data=st.data())
@pytest.mark.filterwarnings("ignore:.*titles.*")  # where a model or task has no place for them
def test_equal_keys_are_equal_vectors(
    first: Asked,
    data: st.DataObject,
    asking: Callable[[Asked, VectorCache | None], Any],
    served: Made,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Of two that differ in one or two things, which is where a key may be wrong."""
    second, other = dict(first), data.draw(ASKED)
    for name in data.draw(st.sets(st.sampled_from(sorted(first)), min_size=1, max_size=2)):
        second[name] = other[name]
    for one in (first, second):
        if one["model"] == "gemini-embedding-001" and "picture" in one["content"]:
            one["content"] = "a text"
    kept = VectorCache(tmp_path_factory.mktemp("caches") / "vectors.db")
    asking(first, kept)
    again = asking(second, kept)
    kept.close()
    assert (again.usage.cached == 1) == is_begun_by(served(first), served(second))
    np.testing.assert_allclose(again.values[0], asking(second, None).values[0], atol=1e-6)
