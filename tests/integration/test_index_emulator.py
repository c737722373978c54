"""The index with the real `Embedder` on the emulator: it finds what a person would, pays once, keeps what is paid."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    Image,
    InputError,
    Item,
    MultimodalIndex,
    QuotaError,
    RetryPolicy,
    Text,
)
from gemini_embed_emulator import Emulator, Fault
from PIL import Image as Pillow

MakeEmbedder = Callable[..., Embedder]
PASSAGES = {
    "bread.md": "Bread rises because yeast makes carbon dioxide.",
    "trains.md": "The night train to Vienna leaves at ten.",
    "cups.md": "A cup of coffee is best at sixty degrees.",
}


@pytest.fixture
def pictures(tmp_path: Path) -> dict[str, Path]:
    paths = {colour: tmp_path / f"{colour}.png" for colour in ("red", "blue", "green")}
    for colour, path in paths.items():
        Pillow.new("RGB", (32, 32), colour).save(path)
    return paths


def items(pictures: dict[str, Path]) -> list[Item]:
    texts = [Item(text, source=source) for source, text in PASSAGES.items()]
    return texts + [Item(path) for path in pictures.values()]


@pytest.mark.parametrize("dimensions", [768, 3072])
def test_finds_across_modalities(
    make_embedder: MakeEmbedder, tmp_path: Path, pictures: dict[str, Path], dimensions: int
) -> None:
    with MultimodalIndex(make_embedder(dimensions=dimensions), EdgeStore(tmp_path / "index")) as index:
        report = index.add(items(pictures))
        assert (report.added, report.reused) == (6, 0)
        assert report.tokens
        assert index.search("when does the train to Vienna leave?", 1)[0].source == "trains.md"
        only_images = {"modality": "image"}
        assert index.search("a blue square", 1, filter=only_images)[0].source == str(pictures["blue"])
        assert index.search(Image(pictures["green"]), 1)[0].source == str(pictures["green"])
        assert index.search([Text("a square"), Image(pictures["red"])], 1, filter=only_images)[0].source == str(
            pictures["red"]
        )


def test_a_second_process_embeds_nothing_again(
    make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path, pictures: dict[str, Path]
) -> None:
    with MultimodalIndex(make_embedder(), EdgeStore(tmp_path / "index")) as index:
        index.add(items(pictures))
    emulator.requests.clear()
    with MultimodalIndex(make_embedder(), EdgeStore(tmp_path / "index")) as index:
        report = index.add(items(pictures))
        assert (report.added, report.reused, report.tokens) == (0, 6, 0)
    assert len(emulator.requests) == 0


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"task": "clustering"}, id="task"),
        pytest.param({"task": "raw"}, id="raw"),
        pytest.param({"dimensions": 768}, id="dimensions"),
        pytest.param({"model": "gemini-embedding-001"}, id="model"),
    ],
)
def test_an_embedder_of_other_settings_is_refused(
    make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path, other: dict[str, str]
) -> None:
    with MultimodalIndex(make_embedder(), EdgeStore(tmp_path / "index")) as index:
        index.add(["x"])
    emulator.requests.clear()
    with (
        MultimodalIndex(make_embedder(**other), EdgeStore(tmp_path / "index")) as index,
        pytest.raises(FingerprintMismatchError),
    ):
        index.add(["y"])
    assert len(emulator.requests) == 0


def test_what_was_paid_before_a_failure_is_kept(
    make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    """250 texts are three requests; the last is refused for good, the first two are in the index."""
    embedder = make_embedder(retry=RetryPolicy(max_attempts=1), concurrency=1)
    texts = [f"text number {i}" for i in range(250)]
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
        emulator.faults.push(None, None, Fault.rate_limited(retry_delay_s=0.1, limit=100_000))
        with pytest.raises(QuotaError):
            index.add(texts)
        kept = index.count()
        assert kept == 200
        report = index.add(texts)
        assert (report.added, report.reused) == (50, 200)
    assert emulator.requests.items_billed == 250


def test_a_refused_item_is_named_by_its_place(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"not a picture")
    with MultimodalIndex(make_embedder(), EdgeStore(tmp_path / "index")) as index:
        index.add(["known"])
        with pytest.raises(InputError, match=r"^input 2: .*broken\.png") as caught:
            index.add(["known", "new", Image(broken)])
        assert caught.value.position == 2


def test_an_unknown_size_is_asked_for(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    index = MultimodalIndex(make_embedder("gemini-embedding-9"), EdgeStore(tmp_path / "index"))
    with pytest.raises(ConfigurationError, match="pass dimensions="):
        index.add(["x"])


def test_async_doors(make_embedder: MakeEmbedder, tmp_path: Path, pictures: dict[str, Path]) -> None:
    async def main() -> list[str | None]:
        async with MultimodalIndex(make_embedder(), EdgeStore(tmp_path / "index")) as index:
            await index.aadd(items(pictures))
            found = await asyncio.gather(*(index.asearch(text, 1) for text in PASSAGES.values()))
            return [hits[0].source for hits in found]

    assert asyncio.run(main()) == list(PASSAGES)
