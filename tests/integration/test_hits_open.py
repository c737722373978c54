"""Hits open their medium at their place, print well, and show themselves in a notebook."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer
from fix_media import drawn, film, pdf, png, red_square, wav
from gemini_embed import Audio, EdgeStore, Embedder, Hit, Hits, Image, InputError, Item, MultimodalIndex, Pdf, Record
from gemini_embed.windows import pdfs, probe
from PIL import Image as Pillow

MakeEmbedder = Callable[..., Embedder]
SOUND = wav((300, 60), (700, 60), (1500, 20), rate=16_000)
SCENES = ((drawn("red circle"), 40), (drawn("blue square"), 40))


@cache
def long_film() -> bytes:
    return film(*SCENES, sound=wav((440, 80), rate=16_000))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "book.pdf").write_bytes(pdf("page one", "page two", "page three", drawings=("", red_square())))
    (folder / "film.mp4").write_bytes(long_film())
    (folder / "talk.wav").write_bytes(SOUND)
    drawn("green circle").save(folder / "sign.webp")
    return folder


@pytest.fixture
def index(make_embedder: MakeEmbedder, folder: Path, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=256), EdgeStore(tmp_path / "index")) as index:
        index.add(folder)
        yield index


def found(index: MultimodalIndex, modality: str, **place: Any) -> Hit:
    (hit,) = index.search("anything", 1, filter={"modality": modality, **place})
    return hit


def mean_colour(picture: Pillow.Image) -> str:
    means = np.asarray(picture.convert("RGB")).astype(float).mean(axis=(0, 1))
    return ("red", "green", "blue")[int(means.argmax())]


def loudest_hz(recording: bytes) -> float:
    import wave

    with wave.open(io.BytesIO(recording)) as opened:
        samples = np.frombuffer(opened.readframes(opened.getframerate()), "<i2")
        return float(np.fft.rfftfreq(len(samples), 1 / opened.getframerate())[np.abs(np.fft.rfft(samples)).argmax()])


def test_an_image(index: MultimodalIndex) -> None:
    hit = found(index, "image")
    assert mean_colour(hit.image()) == "green"
    clip = hit.clip()
    assert (type(clip), clip.mime_type) == (Image, "image/webp")
    with pytest.raises(InputError, match="not pdf"):
        hit.page()


def test_an_image_is_upright(index: MultimodalIndex, tmp_path: Path) -> None:
    picture = Pillow.new("RGB", (40, 20), "white")
    exif = Pillow.Exif()
    exif[0x0112] = 6  # turned by a quarter, as phones write it
    picture.save(tmp_path / "turned.jpg", exif=exif)
    index.add([tmp_path / "turned.jpg"])
    assert found(index, "image", source=str(tmp_path / "turned.jpg")).image().size == (20, 40)


def test_a_page(index: MultimodalIndex) -> None:
    hit = found(index, "pdf", page_start=2)
    page = hit.page(dpi=72)
    assert page.size == (612, 792)
    assert mean_colour(page) == "red"
    assert mean_colour(hit.image()) == "red"
    clip = hit.clip()
    assert type(clip) is Pdf
    assert probe(clip.data or b"", "pdf").pages == 1
    assert probe(hit.clip(padding=1).data or b"", "pdf").pages == 3
    assert len(hit.pages()) == 1


def test_a_picture_that_chat_models_do_not_take(index: MultimodalIndex, folder: Path) -> None:
    drawn("red circle").save(folder / "old.bmp")
    index.add(folder / "old.bmp")
    (hit,) = index.search("x", 1, filter={"source": str(folder / "old.bmp")})
    clip = hit.clip()
    assert (hit.record.mime_type, clip.mime_type) == ("image/bmp", "image/png")
    assert (clip.data or b"").startswith(b"\x89PNG")


def test_a_text_has_no_medium(index: MultimodalIndex) -> None:
    index.add(["bread rises"])
    (hit,) = index.search("bread", 1, filter={"modality": "text"})
    for opened in (hit.image, hit.page, hit.clip):
        with pytest.raises(InputError, match="is text, which is in its page_content"):
            opened()


def test_a_page_of_any_size(index: MultimodalIndex, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page tells its own size; a picture of it has so many pixels at the most."""
    monkeypatch.setattr(pdfs, "MAX_PIXELS", 1_000_000)
    (folder / "huge.pdf").write_bytes(pdf("vast").replace(b"/MediaBox [0 0 612 792]", b"/MediaBox [0 0 9999 9999]"))
    index.add(folder / "huge.pdf")
    (hit,) = index.search("vast", 1, filter={"source": str(folder / "huge.pdf")})
    width, height = hit.page(dpi=300).size
    assert 990 <= width == height <= 1_001


def test_a_film_with_its_sound(index: MultimodalIndex) -> None:
    import av

    first, second = (found(index, "video", start_s=start) for start in (0, 32))
    assert (mean_colour(first.image()), mean_colour(second.image())) == ("red", "blue")
    clip = second.clip()
    assert clip.mime_type == "video/mp4"
    with av.open(io.BytesIO(clip.data or b""), "r") as opened:
        for stream in (*opened.streams.video, *opened.streams.audio):
            assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(32, abs=0.3)
        assert len(opened.streams.audio) == 1
        frames = list(opened.decode(video=0))
        assert frames[0].pts == 0
        assert len(frames) == 32 * 8
    (padded,) = index.search("anything", 1, filter={"modality": "video", "start_s": 32}, padding=4)
    assert probe(padded.clip().data or b"").duration_s == pytest.approx(40, abs=0.3)


def test_a_recording(index: MultimodalIndex) -> None:
    clip = found(index, "audio", start_s=60).clip()
    assert type(clip) is Audio
    assert probe(clip.data or b"").duration_s == pytest.approx(60)
    assert loudest_hz(clip.data or b"") == pytest.approx(700, abs=5)
    assert loudest_hz(found(index, "audio", start_s=120).clip(padding=30).data or b"") == pytest.approx(700, abs=5)
    with pytest.raises(InputError, match="there is no picture of it"):
        found(index, "audio", start_s=60).image()


def test_what_cannot_be_opened(index: MultimodalIndex, folder: Path) -> None:
    index.add([Image(png()), "only words"])
    with pytest.raises(InputError, match="its bytes were not kept"):
        found(index, "image", uri=None).image()
    hit = found(index, "pdf", page_start=3)
    (folder / "book.pdf").write_bytes(pdf("shorter now"))
    with pytest.raises(InputError, match="there is no page 3: the PDF has 1 now"):
        hit.page()
    (folder / "film.mp4").unlink()
    with pytest.raises(InputError, match="No such file"):
        found(index, "video").clip()
    in_the_cloud = Hit(Record("x", "", {"modality": "audio", "uri": "gs://bucket/a.wav"}), 0.5)
    with pytest.raises(InputError, match="lies in Cloud Storage"):
        in_the_cloud.clip()


def test_only_files_below_the_root_are_opened(make_embedder: MakeEmbedder, folder: Path, tmp_path: Path) -> None:
    """Whatever a record says, since others may have written it."""
    with MultimodalIndex(make_embedder(dimensions=256, root=folder), EdgeStore(tmp_path / "confined")) as index:
        index.add(folder)
        hit = found(index, "image")
        assert hit.image().size == (96, 72)
        elsewhere = Hit(Record("x", "", {"modality": "image", "uri": str(tmp_path / "index")}), 0.5, opener=hit.opener)
        for one in (elsewhere, pickle.loads(pickle.dumps(elsewhere))):  # noqa: S301 - our own
            with pytest.raises(InputError, match="lies outside"):
                one.image()


def test_a_medium_at_a_url(
    make_embedder: MakeEmbedder, make_server: Callable[..., CaptureServer], tmp_path: Path
) -> None:
    server = make_server(lambda request: Answer(png()))
    embedder = make_embedder(dimensions=256, allow_private_urls=True)
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "of-urls")) as index:
        index.add([Image(f"{server.base_url}/a.png")])
        hit = found(index, "image")
        assert hit.image().size == (96, 72)
        with pytest.raises(InputError, match="must be fetched"):
            Hit(hit.record, hit.score).image()


def test_hits_print_well(index: MultimodalIndex) -> None:
    hits = index.search("anything", 2, filter={"modality": "pdf"})
    first, second = hits
    assert str(hits) == f"{first}\n{second}"
    assert str(first).endswith(f'book.pdf#page={first.window.page_start}: "{first.page_content}"')
    assert repr(hits).startswith("<Hits\n0.")
    assert repr(Hits()) == "<Hits: none>"
    assert str(Hits()) == "no hits"


def test_a_notebook_shows_pictures(index: MultimodalIndex, folder: Path) -> None:
    index.add([Item("<script>alert(1)</script> & words", source="<b>odd</b>")])
    html = index.search("anything", 20)._repr_html_()
    assert html.count("<figure>") == 11
    assert html.count('src="data:image/jpeg;base64,') == 7, "three pages, three stretches of film, a picture"
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; words" in html
    assert "book.pdf#page=2" in html
    (folder / "book.pdf").unlink()
    assert 'title="cannot read' in index.search("anything", 20)._repr_html_()
    assert "no hits" in Hits()._repr_html_()
