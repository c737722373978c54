"""The text of a PDF's pages is billed beside the pages, so it is in estimates and budgets."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fix_media import pdf
from gemini_embed import BudgetError, Cutting, EdgeStore, Embedder, MultimodalIndex, Pdf
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
WORDS = (
    "the of and to in is are that it was for on as with be this have from by not or an at which all they can will "
    "would there been one their has more when who may than other some time very upon about into only its new these "
    "manual pump pressure valve remove install tighten screws torque according specification following table before "
    "operating machine electrical connection switch maintenance temperature lubricant replacement"
)


@pytest.fixture
def manual(tmp_path: Path) -> Path:
    """Twelve pages of some 400 words each, as manuals have, and one without text."""
    chosen = random.Random(4)  # noqa: S311 - words, no secret
    pages = []
    for number in range(12):
        lines = [" ".join(chosen.choices(WORDS.split(), k=11)).capitalize() + "." for _ in range(36)]
        pages.append(f"{number + 1}.4 Maintenance\n" + "\n".join(lines))
    (tmp_path / "manual.pdf").write_bytes(pdf(*pages, ""))
    return tmp_path / "manual.pdf"


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(
        make_embedder(dimensions=128, batch_size=1, concurrency=4), EdgeStore(tmp_path / "index")
    ) as index:
        yield index


@pytest.mark.parametrize("pages", [1, 3])
def test_an_estimate_of_an_index_comes_near(
    pages: int, manual: Path, index: MultimodalIndex, emulator: Emulator
) -> None:
    cutting = Cutting(pdf_pages=pages)
    estimate = index.estimate(manual, cutting=cutting)
    report = index.add(manual, cutting=cutting)
    assert estimate.tokens > 2 * 258 * 13
    assert estimate.tokens == pytest.approx(emulator.requests.tokens_billed, rel=0.3)
    assert report.estimate.tokens == pytest.approx(estimate.tokens, rel=0.02)
    assert index.estimate(manual, cutting=cutting).tokens == 0


def test_an_estimate_of_contents_comes_near(make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    lines = "\n".join("The pump is to be switched off before the valve is removed." for _ in range(40))
    (tmp_path / "page.pdf").write_bytes(pdf(lines))
    embedder = make_embedder()
    estimate = embedder.estimate([Pdf(tmp_path / "page.pdf")])
    embedder.embed([Pdf(tmp_path / "page.pdf")])
    assert estimate.tokens == pytest.approx(emulator.requests.tokens_billed, rel=0.3)
    assert estimate.by_modality["pdf"] == estimate.tokens


def test_a_limit_holds_from_the_first_page_on(manual: Path, index: MultimodalIndex, emulator: Emulator) -> None:
    """Whatever is in flight: the price of a page is known before any answer tells it."""
    usd = index.estimate(manual).usd
    assert usd is not None
    limit = usd / 2
    with pytest.raises(BudgetError):
        index.add(manual, max_cost_usd=limit)
    assert 0 < index.embedder.budget.spent_usd <= limit
