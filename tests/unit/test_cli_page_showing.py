"""What a card of the page shows: lines around the words, the part of a page that was found, places in words."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from fix_media import drawn, pdf
from gemini_embed import Hit, Record
from gemini_embed_cli.serving.page import showing
from gemini_embed_cli.serving.page.answering import card
from gemini_embed_cli.serving.page.excerpts import excerpt
from PIL import Image

LONG = " ".join(f"word{number}" for number in range(200))


@pytest.mark.parametrize(
    ("text", "words", "marked"),
    [
        pytest.param("Shut off the water.", "water", ["water"], id="short"),
        pytest.param(f"{LONG} water {LONG}", "the water", ["water"], id="in-the-middle"),
        pytest.param(
            f"water {LONG} water and a valve for water", "water valve", ["water", "valve", "water"], id="most"
        ),
        pytest.param(LONG, "nothing", [], id="none"),
        pytest.param("# Water\n\n## and words", "", [], id="no-words"),
        pytest.param("", "water", [], id="empty"),
        pytest.param("wort" * 400, "water", [], id="one-long-word"),
    ],
)
def test_an_excerpt_holds_most_of_the_words(text: str, words: str, marked: list[str]) -> None:
    pieces = excerpt(text, words)
    said = "".join(piece["text"] for piece in pieces)
    assert [piece["text"] for piece in pieces if piece["marked"]] == marked
    assert len(said) <= 330
    assert said.strip("… ").replace(" …", "") in " ".join(text.replace("#", "").split())


def found(tmp_path: Path, *lines: str) -> Hit:
    (tmp_path / "book.pdf").write_bytes(pdf("\n".join(lines)))
    return Hit(Record("1", "", {"uri": str(tmp_path / "book.pdf"), "modality": "pdf", "page_start": 1}), 0.5)


def opened(shown: showing.Shown) -> Image.Image:
    return Image.open(io.BytesIO(shown.data)).convert("RGB")


def yellow(picture: Image.Image) -> int:
    """Pixels of the pen that marks."""
    return int((np.asarray(picture) == showing.MARK).all(axis=2).sum())


def test_a_page_is_cut_to_the_words_that_are_marked(tmp_path: Path) -> None:
    hit = found(tmp_path, "The first line", *["and more of the same words on this line"] * 28, "Here is the stopcock")
    cut, whole = opened(showing.page(hit, "stopcock")), opened(showing.page(hit, "stopcock", whole=True))
    assert whole.width == 1275, "8.5 inches"
    assert cut.height < whole.height / 2
    assert yellow(cut) == yellow(whole) > 500
    plain = opened(showing.page(hit, "nothing of it"))
    assert yellow(plain) == 0
    assert plain.height < whole.height / 2, "its upper part"


def test_a_page_without_a_word_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    assert opened(showing.page(found(tmp_path, ""), "water")).width > 100


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "image/png"), ("P", "image/png"), ("RGBA", "image/png"),
                                            ("CMYK", "image/png"), ("photo", "image/jpeg")])  # fmt: skip
def test_pictures_are_small_and_of_a_kind_that_browsers_show(tmp_path: Path, mode: str, kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3), np.uint8)
    picture = Image.fromarray(noise) if mode == "photo" else drawn("red circle", (1200, 900)).convert(mode)
    picture.save(tmp_path / "picture.tiff")
    shown = showing.picture(Hit(Record("1", "", {"uri": str(tmp_path / "picture.tiff"), "modality": "image"}), 0.5))
    assert shown.mime_type == kind
    assert opened(shown).size == (720, 540)


@pytest.mark.parametrize(
    ("metadata", "place"),
    [
        ({"modality": "pdf", "page_start": 3, "page_end": 3}, "page 3"),
        ({"modality": "video", "start_s": 32.0, "end_s": 64.5}, "0:32 to 1:04"),
        ({"modality": "audio", "start_s": 3600.0, "end_s": 3725.0}, "1:00:00 to 1:02:05"),
        ({"modality": "text", "line_start": 6, "line_end": 8}, "lines 6 to 8"),
        ({"modality": "text", "line_start": 6, "line_end": 6}, "line 6"),
        ({"modality": "image"}, ""),
    ],
)
def test_a_card_says_where(metadata: dict[str, object], place: str) -> None:
    hit = Hit(Record("1", "words", {"source": "/folder/a b.x", "uri": "/folder/a b.x", **metadata}), 0.5)
    shown = card(hit, 1, "", Path("/folder"))
    assert (shown["name"], shown["place"], shown["source"]) == ("a b.x", place, "a b.x")
    assert "text" not in shown
