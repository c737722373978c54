"""Cutting real media: what is in each window is what was at that place, as a file of its own within the limits."""

from __future__ import annotations

import io
import wave
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_media import drawn, film, pdf, recoded, wav
from gemini_embed import ConfigurationError
from gemini_embed.models import facts_for
from gemini_embed.tokens import likely_tokens
from gemini_embed.windows import Cutting, Window, probe, slices, text_windows, windows
from gemini_embed.windows.packets import cut_packets
from gemini_embed.windows.spans import Span
from PIL import Image

FACTS = facts_for("gemini-embedding-2", "developer")
RED, GREEN, BLUE = (Image.new("RGB", (64, 48), colour) for colour in ("red", "lime", "blue"))
SCENES = ((RED, 30), (GREEN, 30), (BLUE, 17))
NOTES = ((300.0, 5.0), (700.0, 5.0), (1500.0, 4.0))


def cut(source: Any, **cutting: Any) -> list[Window]:
    return list(windows(source, FACTS, Cutting(**cutting)))


def places(found: list[Window]) -> list[tuple[float | None, float | None]]:
    return [(window.start_s, window.end_s) for window in found]


def colours(data: bytes) -> list[tuple[float, str]]:
    """(second, colour) of each frame."""
    import av

    with av.open(io.BytesIO(data), "r") as container:
        frames = [
            (frame.time or 0.0, frame.to_ndarray(format="rgb24").mean(axis=(0, 1)))
            for frame in container.decode(video=0)
        ]
    return [(at, ("red", "green", "blue")[int(np.argmax(mean))]) for at, mean in frames]


def note_at(data: bytes, second: float) -> float:
    """The loudest frequency in the tenth of a second from `second` on, in Hz."""
    import av

    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler(format="flt", layout="mono", rate=8000)
        pieces = [piece for frame in container.decode(audio=0) for piece in resampler.resample(frame)]
        samples = np.concatenate([piece.to_ndarray()[0] for piece in pieces])
    part = samples[round(second * 8000) :][:800]
    return float(np.fft.rfftfreq(800, 1 / 8000)[np.abs(np.fft.rfft(part)).argmax()])


def shown_at(second: float) -> str:
    return "red" if second < 30 else "green" if second < 60 else "blue"


FILMS: dict[str, dict[str, Any]] = {
    "keyframes every 2 s": {},
    "keyframes every 10 s": {"keyframe_every_s": 10},
    "mov": {"container": "mov"},
    "matroska": {"container": "matroska"},
    "transport stream": {"container": "mpegts"},
    "with sound": {"sound": wav((440, 77), rate=16_000)},
}


@cache
def film_of(name: str) -> bytes:
    """The scenes in a form of `FILMS`: encoded when a test asks, not wherever this file is collected."""
    return film(*SCENES, **FILMS[name])


@cache
def few_keyframes() -> bytes:
    return film((RED, 125), keyframe_every_s=200)


@pytest.mark.parametrize("name", FILMS)
def test_a_film_is_cut_where_it_says(name: str) -> None:
    found = cut(film_of(name))
    step = 30 if "10 s" in name else 32
    assert places(found) == [(0, step), (step, 2 * step), (2 * step, pytest.approx(77, abs=0.2))]
    for window in found:
        inside = probe(window.data, "video")
        assert (window.mime_type, inside.codec) == ("video/mp4", "h264")
        assert inside.duration_s == pytest.approx(window.end_s - window.start_s, abs=0.01)  # type: ignore[operator]  # set
        frames = colours(window.data)
        assert len(frames) == pytest.approx(8 * (inside.duration_s or 0), abs=2)
        assert {colour == shown_at(at + (window.start_s or 0) + 0.01) for at, colour in frames} == {True}


def test_an_overlap_repeats_what_came_before() -> None:
    found = cut(film_of("keyframes every 2 s"), overlap_s=5)
    assert places(found) == [(0, 32), (26, 58), (52, 77)]
    for window in found:
        frames = colours(window.data)
        assert len(frames) == 8 * ((window.end_s or 0) - (window.start_s or 0))
        assert {colour == shown_at(at + (window.start_s or 0) + 0.01) for at, colour in frames} == {True}


@pytest.mark.parametrize(
    ("cutting", "step_s"),
    [
        pytest.param({"video_s": 0.4}, 0.5, id="less than a frame is a frame"),
        pytest.param({"video_s": 20.4, "overlap_s": 20.1}, 0.5, id="each with a frame of its own"),
        pytest.param({"video_s": 20.4, "overlap_s": 5.1}, 15, id="else at the frame before"),
    ],
)
def test_a_film_with_few_keyframes_is_cut_between_frames(cutting: dict[str, Any], step_s: float) -> None:
    found = slices(few_keyframes(), FACTS, Cutting(**cutting))
    starts = [one.start_s or 0.0 for one in found.excerpts]
    assert {after - before for before, after in pairwise(starts)} == {step_s}
    first = next(found.windows())
    length_s = max(int(cutting["video_s"] * 2) / 2, 0.5)
    assert (first.end_s, probe(first.data, "video").duration_s) == (length_s, length_s)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        pytest.param([(0, 4), (4, 7)], [[0, 2, 1], [4, 6, 5]], id="a frame shown before its keyframe is left out"),
        pytest.param([(0, 7)], [[0, 2, 1, 4, 3, 6, 5]], id="but not within a window"),
        pytest.param([(0, 7), (4, 7)], [[0, 2, 1, 4, 3, 6, 5], [4, 6, 5]], id="an overlap uses packets twice"),
    ],
)
def test_packets_are_sorted_by_when_they_are_shown(
    spans: list[tuple[float, float]], expected: list[list[float]]
) -> None:
    """An open group of pictures, in decoding order: the frame of second 3 comes after the keyframe of second 4."""
    import av

    packets = []
    for second in (0, 2, 1, 4, 3, 6, 5):
        packet = av.Packet(b"picture")
        packet.pts, packet.time_base, packet.is_keyframe = second, Fraction(1), second in (0, 4)
        packets.append(packet)
    found = list(cut_packets(packets, [Span(*span) for span in spans]))
    assert [[packet.pts for packet in window] for window in found] == expected
    assert len({id(packet) for window in found for packet in window}) == sum(map(len, expected))


def test_a_film_without_keyframes_is_encoded_again_within_the_limit() -> None:
    scenes = ((RED, 60), (GREEN, 60), (BLUE, 20))
    source = film(*scenes, keyframe_every_s=1000)
    for overlap_s, expected in (
        (0, [(0, 32), (32, 64), (64, 96), (96, 140)]),
        (2, [(0, 32), (30, 62), (60, 92), (90, 140)]),
    ):
        found = list(windows(source, FACTS, Cutting(video_s=32, overlap_s=overlap_s)))
        assert places(found)[:3] == expected[:3]
        for window in found:
            assert probe(window.data).duration_s <= (window.end_s or 0) - (window.start_s or 0) + 0.5  # type: ignore[operator]  # set
            for at, colour in colours(window.data):
                second = at + (window.start_s or 0)
                assert colour == ("red" if second < 60 else "green" if second < 120 else "blue")


def test_never_beyond_the_limit() -> None:
    source = film((RED, 70), (GREEN, 71), keyframe_every_s=1000)
    assert [probe(window.data).duration_s for window in cut(source, video_s=120)] == [120.0, 21.0]
    mp3 = recoded(wav((440, 200), rate=16_000), "mp3", "libmp3lame")
    durations = [probe(window.data).duration_s or 0 for window in cut(mp3, audio_s=180)]
    assert len(durations) == 2
    assert 179 < durations[0] <= 180


def test_a_short_mp4_and_a_short_mp3_stay_as_they_are() -> None:
    short = film((RED, 3), sound=wav((440, 3), rate=16_000))
    song = recoded(wav((440, 3)), "mp3", "libmp3lame")
    assert [window.data for window in cut(short)] == [short]
    assert [(window.data, window.mime_type) for window in cut(song)] == [(song, "audio/mpeg")]
    assert [window.data for window in cut(wav((440, 3)))] == [wav((440, 3))]


@pytest.mark.parametrize(
    ("container", "codec"),
    [("mov", "libx264"), ("matroska", "libx264"), ("webm", "libvpx-vp9"), ("avi", "libx264")],
)
def test_other_containers_become_mp4_without_encoding(container: str, codec: str) -> None:
    source = film((RED, 2), (GREEN, 2), container=container, codec=codec)
    (window,) = cut(source)
    before, after = probe(source), probe(window.data)
    assert (window.mime_type, after.codec) == ("video/mp4", before.codec)
    assert [colour for _, colour in colours(window.data)] == ["red"] * 16 + ["green"] * 16


@pytest.mark.parametrize(
    ("container", "codec"),
    [
        pytest.param("avi", "mpeg4", id="MPEG-4 part 2"),
        pytest.param("mp4", "mpeg4", id="in MP4"),
        pytest.param("webm", "libvpx", id="VP8"),
        pytest.param("asf", "wmv2", id="WMV"),
    ],
)
def test_a_codec_that_the_service_does_not_read_is_encoded_again(container: str, codec: str) -> None:
    for seconds, count in ((2, 1), (4, 2)):
        found = cut(film((RED, seconds), (GREEN, seconds), container=container, codec=codec), video_s=4)
        assert [probe(window.data).codec for window in found] == ["h264"] * count
        shown = [colour for window in found for _, colour in colours(window.data)]
        assert shown == ["red"] * 2 * seconds + ["green"] * 2 * seconds


@pytest.mark.parametrize("keyframe_every_s", [1, 8, 1000])
def test_a_window_is_no_longer_than_asked_but_for_a_frame(keyframe_every_s: int) -> None:
    source = film((RED, 12), (GREEN, 9), keyframe_every_s=keyframe_every_s)
    found = cut(source, video_s=5)
    assert [window.start_s for window in found] == [0, 5, 10, 15, 20]
    for window in found:
        assert (probe(window.data).duration_s or 0) <= 5 + 1 / 8


RECORDINGS = {
    "wav": (None, "audio/wav"),
    "stereo": (None, "audio/wav"),
    "floats": (("wav", "pcm_f32le"), "audio/wav"),
    "mp3": (("mp3", "libmp3lame"), "audio/mpeg"),
    "m4a": (("ipod", "aac"), "audio/wav"),
    "flac": (("flac", "flac"), "audio/wav"),
    "ogg": (("ogg", "libopus"), "audio/wav"),
    "aac": (("adts", "aac"), "audio/wav"),
    "aiff": (("aiff", "pcm_s16be"), "audio/wav"),
}
"""(container, codec) of each, and what its windows are."""


@cache
def recording_of(name: str) -> bytes:
    """The notes in a form of `RECORDINGS`, made when a test asks."""
    form, _ = RECORDINGS[name]
    sound = wav(*NOTES, rate=44_100 if name == "mp3" else 8000, channels=2 if name == "stereo" else 1)
    return recoded(sound, *form) if form else sound


@pytest.mark.parametrize("overlap_s", [0.0, 1.0])
@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_is_cut_where_it_says(name: str, overlap_s: float) -> None:
    source, mime_type = recording_of(name), RECORDINGS[name][1]
    found = cut(source, audio_s=6, overlap_s=overlap_s)
    starts = [0, 6 - overlap_s, 12 - 2 * overlap_s]
    assert [window.start_s for window in found] == starts
    assert found[-1].end_s == pytest.approx(14, abs=0.3)
    for window in found:
        inside = probe(window.data, "audio")
        start, end = window.start_s or 0.0, window.end_s or 0.0
        assert (window.mime_type, inside.mime_type) == (mime_type, mime_type)
        assert inside.duration_s == pytest.approx(end - start, abs=0.1)
        for at in (0.5, end - start - 0.5):
            hz = next(hz for hz, until in ((300, 5), (700, 10), (1500, 99)) if start + at < until)
            assert note_at(window.data, at) == pytest.approx(hz, abs=20)


def test_the_samples_of_a_wav_are_kept() -> None:
    noise = np.random.default_rng(0).integers(-9999, 9999, 8000 * 3, dtype="<i2").tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(8000)
        recording.writeframes(noise)
    pieces = []
    for window in cut(file.getvalue(), audio_s=1):
        with wave.open(io.BytesIO(window.data)) as piece:
            pieces.append(piece.readframes(99_999))
    assert b"".join(pieces) == noise


def test_pages_keep_their_text_and_their_numbers() -> None:
    texts = [f"Page {number} says {word}" for number, word in enumerate(("alpha", "beta", "gamma", "delta", "eps"), 1)]
    one = cut(pdf(*texts))
    assert [(window.text, window.page_start, window.page_end) for window in one] == [
        (text, number, number) for number, text in enumerate(texts, 1)
    ]
    assert [probe(window.data, "pdf").pages for window in one] == [1] * 5
    assert [cut(window.data)[0].text for window in one] == texts
    several = cut(pdf(*texts), pdf_pages=3, overlap_pages=1)
    assert [(window.page_start, window.page_end) for window in several] == [(1, 3), (3, 5)]
    assert several[1].text == "\n\n".join(texts[2:])


def test_an_image_is_one_window(tmp_path: Path) -> None:
    drawn("red circle").save(tmp_path / "circle.bin", "PNG")
    (window,) = cut(tmp_path / "circle.bin")
    assert (window.mime_type, window.data) == ("image/png", (tmp_path / "circle.bin").read_bytes())


def test_sources_of_all_kinds_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.mov").write_bytes(film_of("mov"))
    with (tmp_path / "a.mov").open("rb") as file:
        file.seek(100)
        by_file = cut(file)
        assert not file.closed
    assert cut(film_of("mov")) == cut(tmp_path / "a.mov") == cut(str(tmp_path / "a.mov")) == by_file


def test_windows_come_one_by_one() -> None:
    stream = windows(pdf(*"abc"), FACTS)
    assert next(stream).text == "a"
    assert next(stream).text == "b"
    del stream  # given up half-way: what it held open is closed, and PDFium free for others
    assert len(cut(pdf(*"abc"))) == 3


@pytest.mark.parametrize(
    ("cutting", "message"),
    [
        ({"video_s": 0}, "video_s=0 must be above 0"),
        ({"audio_s": 10, "overlap_s": 10}, "overlap_s=10 at least 0 and below it"),
        ({"pdf_pages": 2.5}, "whole numbers of pages"),
        ({"pdf_pages": 7}, r"pdf_pages=7 is more than gemini-embedding-2 takes \(6\)"),
        ({"video_s": 121}, r"more than gemini-embedding-2 takes \(120\)"),
        ({"audio_s": 181}, r"more than gemini-embedding-2 takes \(180\)"),
        ({"text_tokens": 9000}, r"more than gemini-embedding-2 takes \(8192\)"),
    ],
)
def test_what_cannot_be_asked_for(cutting: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        windows(pdf("x"), FACTS, Cutting(**cutting))


TEXTS = [
    pytest.param("One. Two! Three?", 2, ["One.", "Two!", "Three?"], id="a sentence each"),
    pytest.param("One. Two! Three?", 4, ["One. Two!", "Three?"], id="as many as fit"),
    pytest.param('He said "no." Then he left.', 5, ['He said "no."', "Then he left."], id="closing quotes"),
    pytest.param("A title\n\nA first paragraph\nof two lines", 8, ["A title", "A first paragraph\nof two lines"],
                 id="a blank line ends a sentence"),
    pytest.param("one two three four five six", 4, ["one two three", "four five", "six"], id="words of a long one"),
    pytest.param("今日は晴れ。明日は雨。", 5, ["今日は晴れ。", "明日は雨。"], id="without spaces"),
    pytest.param("x" * 40, 5, ["x" * 16, "x" * 16, "x" * 8], id="a word without end"),
    pytest.param("  \n ", 5, [], id="nothing"),
    pytest.param("# A\n\nOne.\n\n## B\n\n### C\nTwo. Three.", 6, ["# A\n\nOne.", "## B\n\n### C\nTwo.", "Three."],
                 id="headings stay with what follows"),
    pytest.param("One.\n\n# B", 2, ["One.", "# B"], id="a heading of nothing"),
    pytest.param("Version 2.5 costs 3.50 euros.", 100, ["Version 2.5 costs 3.50 euros."], id="points in numbers"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tokens", "expected"), TEXTS)
def test_a_text_is_cut_at_sentences(text: str, tokens: int, expected: list[str]) -> None:
    found = list(text_windows(text, tokens=tokens))
    assert [window.text for window in found] == expected
    assert [text[window.char_start : window.char_end] for window in found] == expected


def test_a_long_text_overlaps_by_whole_sentences_and_loses_nothing() -> None:
    text = " ".join(f"Sentence number {n} is about topic {n % 7}." for n in range(300))
    found = list(text_windows(text, tokens=100, overlap=20))
    assert all(likely_tokens(window.text) <= 100 for window in found)
    for before, after in pairwise(found):
        assert (before.char_start or 0) < (after.char_start or 0) < (before.char_end or 0) < (after.char_end or 0)
        assert after.text.startswith("Sentence number")
    assert (found[0].char_start, found[-1].char_end) == (0, len(text))
