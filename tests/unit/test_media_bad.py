"""Media that cannot be embedded: each its own clear error, before any request."""

from __future__ import annotations

import base64
import io
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_media import drawn, film, jpeg, pdf, png, recoded, silent_film, wav
from gemini_embed import InputError, MediaError
from gemini_embed.models import MODELS
from gemini_embed.windows import probe, windows
from PIL import Image

HAS_AVIF = "AVIF" in Image.registered_extensions().values()
MP4 = film((drawn("red circle"), 4))
WAV = wav((440, 4))
PDF = pdf("one", "two")
MP3 = recoded(wav((440, 9)), "mp3", "libmp3lame")


def moov_first(mp4: bytes) -> bytes:
    """The same film with its index before its data, so that what is cut off its end is pictures, not the index."""
    import av

    target = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(io.BytesIO(mp4), "r") as source, av.open(target, "w", format="mp4", options=options) as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return target.getvalue()


def countless() -> bytes:
    """A film that says it has 2**31 - 1 durations, at which PyAV raises a MemoryError."""
    counted = MP4.index(b"stts") + 8
    return MP4[:counted] + b"\x7f\xff\xff\xff" + MP4[counted + 4 :]


def avif() -> bytes:
    """A picture whose colours cannot be decoded, at which Pillow raises a RuntimeError; where it writes AVIF."""
    if not HAS_AVIF:
        return b""
    file = io.BytesIO()
    drawn("red circle").save(file, "AVIF")
    data = bytearray(file.getvalue())
    begin = data.index(b"mdat") + 8
    data[begin : begin + 12] = b"\xff" * 12
    return bytes(data)


NEEDS_AVIF = pytest.mark.skipif(not HAS_AVIF, reason="Pillow writes AVIF since 11.3")
TIFF = zlib.decompress(  # found by changing bytes: Pillow raises a TypeError
    base64.b85decode(
        "c-r&y)MDUZU;tr876wKjO9O}*k=V?P%wRSMvmvns8QH;f9uSKmsTYT`PXMtDl6nw`n!0Z7(lbRNQ>8b}Se?1n*IQfV=#(X$`dVAp70sGDWv1B"
        "4mzzVA)@l2^UMhNKwa9L7Bc*k%COM(jAGWPNwZ#AQR=ruft}I>YcjQ)R+v+IA-fYj{u%gi1wKGqqh8b-W&5BwZ{Z_PaSCrZ1|3DCu8WFKhJ7l_U"
        "^whXgQ=jamUZ>4(Wi8rxCUmW=*ZO8rrQndVr;%G$dQLS{&eGbcH`QyZ*UGiZepB6wZe7i_^;Dg)Y00%a`m;*|4rMM??VICSu{u~YZ)%iQIsh?;WIF"
    )
)
APNG = zlib.decompress(base64.b85decode("c-rd>@N?(olHy`uVBq!ia0vp^4M6O`!3HERU8}DLQXGlNAwCRH(CK?X07QGb`njxgN@xNAaajyj"))
"""A PNG that says it is a film of no frames, at which Pillow raises a SyntaxError."""


# (what, what it is to be, kind, said)
BAD: list[Any] = [
    pytest.param(b"", None, "empty", r"is empty \(0 bytes\)", id="zero bytes"),
    pytest.param(b"<!doctype html><title>Log in</title>", "video", "unknown", "begins '<!doctype html>", id="HTML"),
    pytest.param(os.urandom(16).hex().encode() * 99, "audio", "unknown", "no image, audio, video or PDF", id="noise"),
    pytest.param(b"PK\x03\x04" + bytes(99), None, "unknown", "no image, audio", id="a zip"),
    pytest.param(b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "audio", "unknown", "begins '#EXTM3U", id="a playlist"),
    pytest.param(b"ffconcat version 1.0\nfile /etc/passwd\n", "video", "unknown", "begins 'ffconcat", id="a script"),
    pytest.param(MP4[: len(MP4) // 2], "video", "damaged", "damaged or cut short", id="MP4 without its index"),
    pytest.param(MP4[:4] + b"ftyp" + bytes(2000), "video", "damaged", "damaged or cut short", id="an MP4 of zeros"),
    pytest.param(countless(), "video", "damaged", "damaged or cut short", id="an MP4 of 2,147,483,647 frames"),
    pytest.param(silent_film(), "video", "no_content", "0 seconds of video", id="a film of 0 seconds"),
    pytest.param(WAV[: len(WAV) // 2], "audio", "truncated", r"it says 4\.0 s and ends after 2\.0 s", id="half a WAV"),
    pytest.param(WAV[:30], "audio", "damaged", "damaged or cut short", id="half a WAV header"),
    pytest.param(wav((440, 0)), "audio", "no_content", "0 seconds of audio", id="a WAV of 0 seconds"),
    pytest.param(MP3[:9000], "audio", "truncated", "is cut short", id="half an MP3"),
    pytest.param(b"ID3\x04\0\0\0\0\0\x0a" + bytes(500), "audio", "damaged", "damaged", id="an MP3 with tags only"),
    pytest.param(recoded(WAV, "flac", "flac")[:60], "audio", "damaged", "damaged", id="a FLAC's first bytes"),
    pytest.param(pdf("secret", encrypted=True), "pdf", "encrypted", r"is encrypted.*qpdf --decrypt", id="encrypted"),
    pytest.param(PDF[: len(PDF) // 3], "pdf", "damaged", "damaged or cut short", id="a third of a PDF"),
    pytest.param(b"%PDF-1.4\n and nothing else", "pdf", "damaged", "damaged", id="a PDF's first line"),
    pytest.param(pdf(), "pdf", "damaged", "damaged", id="a PDF without pages"),
    pytest.param(png()[:-40], "image", "damaged", "damaged or cut short", id="a PNG without its end"),
    pytest.param(jpeg()[: len(jpeg()) // 2], "image", "damaged", "damaged or cut short", id="half a JPEG"),
    pytest.param(avif(), "image", "damaged", "damaged or cut short", id="an AVIF without colours", marks=NEEDS_AVIF),
    pytest.param(TIFF, "image", "damaged", "damaged or cut short", id="a TIFF with bytes for a number"),
    pytest.param(APNG, "image", "damaged", "is damaged|cannot read", id="an animated PNG of no frames"),
    pytest.param(png(60_000, 60_000), "image", "too_large", "pixels", id="a decompression bomb"),
    pytest.param(png(11_000, 11_000), "image", "too_large", "11000 x 11000 pixels", id="121 megapixels"),
    pytest.param(PDF, "image", "mismatch", "application/pdf with pdf, not image", id="a PDF as an image"),
    pytest.param(WAV, "video", "mismatch", "audio/wav with audio, not video", id="sound as a film"),
    pytest.param(recoded(WAV, "mp4", "aac"), "video", "mismatch", "audio/mp4 with audio, not video", id="MP4 of sound"),
    pytest.param(MP4, "audio", "mismatch", "video/mp4 with video, not audio", id="a film as sound"),
]  # fmt: skip


def test_a_file_is_not_blamed_for_the_one_before() -> None:
    """PDFium keeps the error of an encrypted file, and sets none for a PDF without pages."""
    for data, kind in ((pdf("secret", encrypted=True), "encrypted"), (pdf(), "damaged")) * 2:
        with pytest.raises(MediaError) as refusal:
            probe(data)
        assert refusal.value.kind == kind


@pytest.mark.parametrize(("data", "expected", "kind", "said"), BAD)
def test_bad_media(data: bytes, expected: Any, kind: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "medium.mp4"  # what it is called does not count
    path.write_bytes(data)
    for source in (data, path):
        with pytest.raises(MediaError, match=said) as refusal:
            probe(source, expected)
        assert refusal.value.kind == kind
    assert "medium.mp4" in str(refusal.value)


def test_sound_that_changes_on_the_way() -> None:
    """Found when it is converted: two streams of other rates, at which PyAV raises a ValueError."""
    both = b"".join(recoded(wav((440, 1), rate=rate), "adts", "aac") for rate in (8000, 16000))
    with pytest.raises(MediaError, match="damaged or cut short: Frame does not match"):
        list(windows(both, MODELS["gemini-embedding-2", "developer"]))


def test_a_lack_of_memory_is_not_the_file_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("PIL.Image.open", full)
    with pytest.raises(MemoryError):
        probe(jpeg())


def test_a_film_that_was_cut_off_is_known_by_its_length() -> None:
    """A recorder that died: the index came first and says more than there is."""
    whole = film((drawn("red circle"), 60), keyframe_every_s=1)
    fragments = moov_first(whole)
    assert probe(fragments).duration_s == pytest.approx(60, abs=0.2)


PLACES: list[Any] = [
    pytest.param(lambda folder: folder / "missing.mp4", "No such file", id="missing"),
    pytest.param(lambda folder: folder, "Is a directory", id="a directory"),
    pytest.param(lambda folder: loop(folder), "symbolic links", id="a symlink loop"),
    pytest.param(lambda folder: pipe(folder), "a pipe, a device or a socket", id="a pipe"),
    pytest.param(lambda folder: str(folder) + "/\0.mp4", "null", id="a null byte"),
]


def loop(folder: Path) -> Path:
    (folder / "loop.mp4").symlink_to(folder / "loop.mp4")
    return folder / "loop.mp4"


def pipe(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.mp4")
    return folder / "pipe.mp4"


@pytest.mark.parametrize(("place", "said"), PLACES)
def test_bad_places(place: Callable[[Path], Path], said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said):
        probe(place(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_an_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(PDF)
    path.chmod(0)
    with pytest.raises(InputError, match="Permission denied"):
        probe(path)


@pytest.mark.parametrize(
    ("name", "data", "mime_type"),
    [
        pytest.param("a.mp3", WAV, "audio/wav", id="a WAV called MP3"),
        pytest.param("a.txt", MP4, "video/mp4", id="a film called text"),
        pytest.param("a.jpg", PDF, "application/pdf", id="a PDF called JPEG"),
        pytest.param("a", film((drawn("red circle"), 1), container="mov"), "video/quicktime", id="MOV without a name"),
        pytest.param("a.wav", recoded(WAV, "mp3", "libmp3lame"), "audio/mpeg", id="an MP3 called WAV"),
        pytest.param("a.mp4", recoded(WAV, "ipod", "aac"), "audio/mp4", id="sound called film"),
    ],
)
def test_the_bytes_decide_not_the_name(name: str, data: bytes, mime_type: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    assert probe(tmp_path / name).mime_type == mime_type


def test_an_error_keeps_its_kind_with_its_position() -> None:
    with pytest.raises(MediaError) as refusal:
        probe(b"")
    moved = refusal.value.at(3)
    assert isinstance(moved, MediaError)
    assert (moved.kind, moved.position, str(moved)) == ("empty", 3, "input 3: <0 bytes> is empty (0 bytes)")
