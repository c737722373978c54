"""What an earlier version made opens, and embeds nothing again: nothing listens where these embedders would ask."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import (
    Content,
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    GeminiEmbedWarning,
    MilvusStore,
    MultimodalIndex,
    QdrantStore,
    Store,
)
from gemini_embed_emulator import Emulator
from made_earlier.make import TEXTS, items

PROXY = "http://proxy.example:4000"
DIMENSIONS = 8


STORES: dict[str, Callable[[Path], Store]] = {
    "index-{}": EdgeStore,
    "qdrant-{}": lambda place: QdrantStore(path=place),
    "milvus-{}.db": MilvusStore,
}


def opened(folder: Path, kind: str = "index-{}", **options: Any) -> MultimodalIndex:
    embedder = Embedder(api_key="k", dimensions=DIMENSIONS, retry={"max_attempts": 1}, **options)
    return MultimodalIndex(embedder, STORES[kind](folder))


@pytest.mark.parametrize("kind", STORES)
@pytest.mark.parametrize("made_with", ["query", "none"])
@pytest.mark.parametrize("opened_with", ["query", "none"])
def test_an_index_embeds_nothing_again(
    kind: str, made_with: str, opened_with: str, made_earlier: Callable[[str], Path]
) -> None:
    """Documents are made alike whatever `condition_media` says of queries; ids are found again in both."""
    place = made_earlier(f"google/{kind.format(made_with)}")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with opened(place, kind, condition_media=opened_with) as index:
            report = index.add(items())
            assert (report.added, report.reused) == (0, 5)
            assert index.estimate(items()).known == 5
            assert index.count() == 5


def test_its_copy_embeds_nothing_again_either(made_earlier: Callable[[str], Path], tmp_path: Path) -> None:
    with opened(made_earlier("google/index-none")) as index:
        assert index.copy_to(EdgeStore(tmp_path / "copy")) == 5
        assert index.add(items()).reused == 5
    with opened(tmp_path / "copy") as copy:
        assert copy.add(items()).reused == 5


@pytest.mark.parametrize("place", ["google", "proxy"])
@pytest.mark.parametrize("media", ["query", "none"])
def test_a_cache_answers(place: str, media: Any, made_earlier: Callable[[str], Path]) -> None:
    """That of a proxy too, whose address its keys hold."""
    base_url, cache = (PROXY if place == "proxy" else None), made_earlier(f"{place}/cache.db")
    with Embedder(
        api_key="k", dimensions=DIMENSIONS, base_url=base_url, cache=cache, condition_media=media
    ) as embedder:
        result = embedder.embed([Content.of(item) for item in items()])
    assert result.usage.cached == 5
    assert result.usage.requests == 0


def test_an_index_of_a_proxy_opens_with_one_warning(made_earlier: Callable[[str], Path], emulator: Emulator) -> None:
    """Nothing in it says who made its vectors: that it was the emulator is believed, once told."""
    with opened(made_earlier("google/index-query"), base_url=emulator.base_url) as index:
        with pytest.warns(GeminiEmbedWarning, match="taken for one made with the emulator") as caught:
            report = index.add(items())
        assert len(caught) == 1
        assert report.reused == 5
        assert len(index.search(TEXTS[0], 1)) == 1  # a second warning would be an error


def test_a_new_index_of_google_is_no_emulators(tmp_path: Path, emulator: Emulator) -> None:
    with opened(tmp_path) as index:
        assert index.count() == 0
    with (
        opened(tmp_path, base_url=emulator.base_url) as index,
        pytest.raises(FingerprintMismatchError, match=r"made with Google's service.* asks the emulator"),
    ):
        index.count()


def test_an_index_of_the_emulator_says_so(tmp_path: Path, emulator: Emulator) -> None:
    with opened(tmp_path, base_url=emulator.base_url) as index:
        index.add(TEXTS)
    with (
        opened(tmp_path) as index,
        pytest.raises(FingerprintMismatchError, match=r"made with the emulator.* asks Google's service"),
    ):
        index.search(TEXTS[0])


def test_any_emulator_goes_on_where_another_ended(tmp_path: Path, emulator: Emulator) -> None:
    with Emulator() as first, opened(tmp_path / "i", base_url=first.base_url, cache=tmp_path / "c.db") as index:
        index.add(TEXTS)
    with opened(tmp_path / "i", base_url=first.base_url) as index:
        assert index.count() == len(TEXTS)  # which is not there any more
    with opened(tmp_path / "i", base_url=emulator.base_url, cache=tmp_path / "c.db") as index:
        assert index.add(TEXTS).reused == len(TEXTS)
        again = index.embedder.embed(TEXTS)
    assert again.usage.cached == len(TEXTS)
    assert len(emulator.requests) == 0
    assert np.isfinite(again.values).all()
