"""HEIC and AVIF: pictures like any other, where what opens them is installed."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_media import drawn
from gemini_embed import EdgeStore, Embedder, Image, MultimodalIndex
from gemini_embed.media import heif


def heic() -> bytes:
    import pillow_heif

    file = io.BytesIO()
    pillow_heif.from_pillow(drawn("red square").convert("RGB")).save(file)
    return file.getvalue()


def avif() -> bytes:
    file = io.BytesIO()
    drawn("red square").convert("RGB").save(file, "AVIF")
    return file.getvalue()


@pytest.fixture
def index(make_embedder: Callable[..., Embedder], tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as made:
        yield made


@pytest.mark.parametrize(("name", "make"), [("a.heic", heic), ("a.avif", avif)])
def test_found_and_shown(index: MultimodalIndex, tmp_path: Path, name: str, make: Callable[[], bytes]) -> None:
    (tmp_path / name).write_bytes(make())
    index.add([tmp_path / name, "a text"])
    hit = index.search(Image(tmp_path / name), 1)[0]
    assert (hit.source, hit.metadata["mime_type"]) == (f"{tmp_path}/{name}", f"image/{name[2:]}")
    assert hit.image().size == (96, 72)


def test_without_the_extra(index: MultimodalIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.heic").write_bytes(heic())
    (tmp_path / "b.heic").write_bytes(heic()[:300])
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    heif._reads_heic.cache_clear()
    try:
        first, _ = index.add(str(tmp_path / "*.heic")).skipped
    finally:
        heif._reads_heic.cache_clear()
    assert 'pip install "gemini-embed[heif]"' in first.reason
    monkeypatch.undo()
    report = index.add(str(tmp_path / "*.heic"))
    assert (report.added, [one.source for one in report.skipped]) == (1, [f"{tmp_path}/b.heic"]), "cut short"
