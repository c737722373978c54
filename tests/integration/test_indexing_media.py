"""Media as folders hold them: recordings in containers of video, codecs that must be encoded again, sound, frames."""

from __future__ import annotations

import base64
import io
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from fix_media import drawn, film, png, recoded, wav
from gemini_embed import Audio, ConfigurationError, Cutting, EdgeStore, Embedder, MediaError, MultimodalIndex, Record
from gemini_embed.windows import probe
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
SOUND = wav((440, 3), (880, 3))
RED, GREEN, BLUE = (drawn(f"{colour} circle") for colour in ("red", "green", "blue"))


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    return tmp_path / "docs"


def records(index: MultimodalIndex) -> list[Record]:
    found = [one for batch in index.store.iterate(with_vectors=False) for one in batch.records]
    return sorted(found, key=lambda one: (one.uri or "", one.modality or "", one.window.start_s or 0))


def with_cover(recording: bytes) -> bytes:
    """An M4A with a picture of its album."""
    file = io.BytesIO()
    with av.open(io.BytesIO(recording), "r") as source, av.open(file, "w", format="mp4") as target:
        track = target.add_stream_from_template(source.streams.audio[0])
        cover: Any = target.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = *RED.size, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        target.mux(cover.encode(av.VideoFrame.from_ndarray(np.asarray(RED), format="rgb24")))
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = track
                target.mux(packet)
    return file.getvalue()


def without_doctype_end(webm: bytes) -> bytes:
    """As GStreamer writes it: the name of the type ends in a null byte, one of the header's filling."""
    return re.sub(rb"\x42\x82\x84webm", b"\x42\x82\x85webm\x00", webm, count=1).replace(
        b"\x1aE\xdf\xa3\x9f", b"\x1aE\xdf\xa3\xa0"
    )


RECORDINGS = {
    "book.m4b": recoded(SOUND, "mp4", "aac"),
    "phone.3gp": recoded(SOUND, "3gp", "aac"),
    "cover.m4a": with_cover(recoded(SOUND, "mp4", "aac")),
    "track.mka": recoded(SOUND, "matroska", "libopus"),
    "only.mov": recoded(SOUND, "mov", "aac"),
    "voice.webm": recoded(SOUND, "webm", "libopus"),
    "gst.webm": without_doctype_end(recoded(SOUND, "webm", "libopus")),
}


def test_recordings_in_containers_of_video(index: MultimodalIndex, docs: Path) -> None:
    for name, data in RECORDINGS.items():
        (docs / name).write_bytes(data)
    report = index.add(docs, cutting=Cutting(audio_s=3))
    assert report.skipped == ()
    told = [(Path(one.uri or "").name, one.modality, one.window.start_s) for one in records(index)]
    assert told == [(name, "audio", start_s) for name in sorted(RECORDINGS) for start_s in (0, 3)]
    assert index.sync(docs, cutting=Cutting(audio_s=3)).added == 0


def test_what_is_said_to_be_a_video_must_be_one(index: MultimodalIndex, docs: Path) -> None:
    from gemini_embed import Video

    (docs / "a.m4b").write_bytes(RECORDINGS["book.m4b"])
    with pytest.raises(MediaError, match=r"is audio/mp4, not video: pass Audio\(\.\.\.\)"):
        index.add([Video(docs / "a.m4b")])


@pytest.mark.parametrize(
    ("container", "codec", "kept"),
    [
        pytest.param("mp4", "libsvtav1", "av1", id="AV1, by whatever decodes it"),
        pytest.param("webm", "libvpx", "h264", id="VP8"),
        pytest.param("avi", "mpeg4", "h264", id="MPEG-4 part 2"),
        pytest.param("asf", "wmv2", "h264", id="WMV"),
    ],
)
def test_codecs(index: MultimodalIndex, docs: Path, emulator: Emulator, container: str, codec: str, kept: str) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this PyAV cannot write {codec}")
    data = film((RED, 2), container=container, codec=codec)
    (docs / "film").write_bytes(data)
    report = index.add(docs)
    assert (report.skipped, [one.modality for one in records(index)]) == ((), ["video"])
    (part,) = emulator.requests[-1].json["requests"][0]["content"]["parts"]
    sent = probe(base64.b64decode(part["inlineData"]["data"]))
    assert (sent.mime_type, sent.codec, sent.duration_s) == ("video/mp4", kept, 2)


TALK = film((RED, 4), (GREEN, 4), sound=wav((440, 4), (880, 4)))


def test_the_sound_of_a_video(index: MultimodalIndex, docs: Path) -> None:
    """Windows of its own under the same source; a hit's clip is that of the video, with its sound."""
    (docs / "talk.mp4").write_bytes(TALK)
    (docs / "silent.mp4").write_bytes(film((BLUE, 2)))
    cutting = Cutting(video_s=8, audio_s=4, video_sound=True)
    report = index.sync(docs, cutting=cutting)
    told = [(Path(one.uri or "").name, one.modality, one.window.start_s, one.window.end_s) for one in records(index)]
    assert report.skipped == ()
    assert [one[:3] for one in told] == [
        ("silent.mp4", "video", 0),
        ("talk.mp4", "audio", 0),
        ("talk.mp4", "audio", 4),
        ("talk.mp4", "video", 0),
    ]
    assert len({one.source for one in records(index)}) == 2
    (hit,) = index.search(Audio(wav((880, 4))), 1, filter={"modality": "audio"})
    assert hit.record.link().startswith(f"{docs}/talk.mp4#t=4,8")
    clip = probe(hit.clip().data or b"")
    assert clip.modality == "video"
    assert index.sync(docs, cutting=cutting).reused == 4
    assert index.sync(docs, cutting=Cutting(video_s=8)).replaced == 2


def test_the_sound_that_is_embedded(index: MultimodalIndex, docs: Path) -> None:
    """Equal to that of the track as a file of its own."""
    (docs / "talk.mp4").write_bytes(TALK)
    index.add(docs, cutting=Cutting(video_s=8, audio_s=4, video_sound=True))
    found = index.vectors({"modality": "audio"}).values
    assert found.shape == (2, 128)
    low, high = index.embedder.embed([Audio(wav((440, 4))), Audio(wav((880, 4)))]).values
    first, second = (index.vectors({"start_s": at, "modality": "audio"}).values[0] for at in (0, 4))
    assert np.dot(first, low) > np.dot(first, high)
    assert np.dot(second, high) > np.dot(second, low)


def animated(what: str) -> bytes:
    file = io.BytesIO()
    options: dict[str, Any] = {} if what == "TIFF" else {"duration": [500, 500, 1000], "loop": 0}
    first, *more = (picture.copy() for picture in (RED, GREEN, BLUE))  # saving leaves traces in them
    first.save(file, what, save_all=True, append_images=more, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("what", "anchors"),
    [
        pytest.param("GIF", ["t=0,0.5", "t=0.5,1", "t=1,2"], id="gif"),
        pytest.param("WEBP", ["t=0,0.5", "t=0.5,1", "t=1,2"], id="webp"),
        pytest.param("PNG", ["t=0,0.5", "t=0.5,1", "t=1,2"], id="apng"),
        pytest.param("TIFF", ["page=1", "page=2", "page=3"], id="tiff"),
    ],
)
def test_every_frame(index: MultimodalIndex, docs: Path, what: str, anchors: list[str]) -> None:
    (docs / "moving").write_bytes(animated(what))
    (docs / "still.png").write_bytes(png())
    first = index.add(docs)
    still = {one.id for one in records(index) if "still" in (one.uri or "")}
    assert first.added == 2
    report = index.sync(docs, cutting=Cutting(every_frame=True))
    assert (report.added, report.replaced, report.skipped) == (3, 1, ())
    found = [one for one in records(index) if "moving" in (one.uri or "")]
    assert sorted(one.link().partition("#")[2] for one in found) == anchors
    assert {one.id for one in records(index) if "still" in (one.uri or "")} == still
    for colour, picture in (("red", RED), ("green", GREEN), ("blue", BLUE)):
        hit = index.search(picture, 1, filter={"uri": str(docs / "moving")})[0]
        assert hit.record.link().endswith(anchors[("red", "green", "blue").index(colour)])
        shown = np.asarray(hit.image().convert("RGB"))[36, 48]
        assert int(np.argmax(shown)) == ("red", "green", "blue").index(colour)


def test_frames_are_bounded(index: MultimodalIndex, docs: Path) -> None:
    (docs / "moving.gif").write_bytes(animated("GIF"))
    (skipped,) = index.add(docs, cutting=Cutting(every_frame=True, max_windows=2)).skipped
    assert "max_windows=2" in skipped.reason


@pytest.mark.parametrize("name", ["video_sound", "every_frame"])
def test_what_is_no_switch(name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        Cutting(**{name: "yes"})  # type: ignore[arg-type]  # on purpose


def test_what_is_empty_on_purpose_is_not_told(index: MultimodalIndex, docs: Path) -> None:
    for name in ("__init__.py", "py.typed", "empty.md"):
        (docs / name).write_bytes(b"")
    (docs / "a.md").write_text("a text")
    assert [Path(one.source or "").name for one in index.add(docs).skipped] == ["empty.md"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names of files are text")
def test_a_name_that_is_no_text(index: MultimodalIndex, docs: Path) -> None:
    (docs / "a.md").write_text("a text")
    with open(os.path.join(os.fsencode(docs), b"caf\xe9.md"), "wb") as file:
        file.write(b"another")
    report = index.sync(docs)
    assert report.added == 1
    (skipped,) = report.skipped
    assert "is not in UTF-8" in skipped.reason
    assert "convmv" in skipped.reason
    assert index.sync(docs).reused == 1
