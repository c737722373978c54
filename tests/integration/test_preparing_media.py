"""Audio, video and PDF as parts: what is sent for them, what is refused before anything is, what they cost."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_capture import CaptureServer
from fix_media import drawn, film, pdf, recoded, wav
from gemini_embed import (
    Audio,
    Content,
    EdgeStore,
    Embedder,
    Image,
    InputError,
    MediaError,
    MultimodalIndex,
    Pdf,
    Text,
    Video,
)
from gemini_embed.windows import probe
from gemini_embed_emulator import Emulator, tone_speech

RED = drawn("red circle")
SOUND, FILM, PAGE = wav((440, 2)), film((RED, 2)), pdf("The red circle is on page one")
MP3 = recoded(SOUND, "mp3", "libmp3lame")
UPLOADED = "https://generativelanguage.googleapis.com/v1beta/files/abc-123"


@pytest.fixture
def embedder(capture: CaptureServer) -> Any:
    with Embedder(api_key="k", base_url=capture.base_url, verify=False, task="raw", allow_private_urls=True) as made:
        yield made


@pytest.fixture
def on_vertex(capture: CaptureServer, fake_credentials: Any) -> Any:
    with Embedder(project="p", credentials=fake_credentials, base_url=capture.base_url, verify=False) as made:
        yield made


def sent(capture: CaptureServer) -> list[list[dict[str, Any]]]:
    """The parts of every content that was sent."""
    return [c["content"]["parts"] for r in capture.requests for c in r.json.get("requests", [r.json])]


def blob(part: dict[str, Any]) -> tuple[str, bytes]:
    return part["inlineData"]["mimeType"], base64.b64decode(part["inlineData"]["data"], validate=True)


def data_uri(data: bytes, mime_type: str) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode()}"


AS_THEY_ARE = [
    pytest.param(Audio, SOUND, "audio/wav", id="wav"),
    pytest.param(Audio, MP3, "audio/mpeg", id="mp3"),
    pytest.param(Video, FILM, "video/mp4", id="mp4"),
    pytest.param(Pdf, PAGE, "application/pdf", id="pdf"),
]


@pytest.mark.parametrize(("kind", "data", "mime_type"), AS_THEY_ARE)
def test_the_very_bytes_are_sent_from_wherever_they_are(
    kind: Any, data: bytes, mime_type: str, embedder: Embedder, capture: CaptureServer, tmp_path: Path
) -> None:
    path = tmp_path / "named.wrong"
    path.write_bytes(data)
    sources = [data, path, str(path), io.BytesIO(data), data_uri(data, "audio/x-wav")]
    embedder.embed([kind(source, mime_type="text/html") for source in sources] + [["beside text", kind(path)]])
    assert [blob(parts[-1]) for parts in sent(capture)] == [(mime_type, data)] * len(sent(capture))
    assert sent(capture)[-1][0] == {"text": "beside text"}


@pytest.mark.parametrize(
    ("part", "mime_type", "codec"),
    [
        pytest.param(Audio(recoded(SOUND, "flac", "flac")), "audio/wav", "pcm_s16le", id="flac"),
        pytest.param(Audio(recoded(SOUND, "ipod", "aac")), "audio/wav", "pcm_s16le", id="m4a"),
        pytest.param(Video(film((RED, 2), container="mov")), "video/mp4", "h264", id="mov"),
        pytest.param(Video(film((RED, 2), container="matroska")), "video/mp4", "h264", id="mkv"),
    ],
)
def test_what_the_service_does_not_take_is_converted(
    part: Any, mime_type: str, codec: str, embedder: Embedder, capture: CaptureServer
) -> None:
    embedder.embed([part])
    ((only,),) = sent(capture)
    found, data = blob(only)
    assert found == mime_type
    inside = probe(data)
    assert (inside.mime_type, inside.codec) == (mime_type, codec)
    assert inside.duration_s == pytest.approx(2, abs=0.15)  # AAC is padded


LONG = wav((440, 181))
REFUSED: list[Any] = [
    pytest.param(Audio(LONG), "too_long", r"has 181 seconds, and gemini-embedding-2 takes 180", id="181 s of audio"),
    pytest.param(Video(film((RED, 121))), "too_long", r"has 121 seconds, .* takes 120", id="121 s of video"),
    pytest.param(Pdf(pdf(*"1234567")), "too_long", r"has 7 pages, .* takes 6", id="7 pages"),
    pytest.param(Pdf(pdf("x", encrypted=True)), "encrypted", "qpdf --decrypt", id="encrypted"),
    pytest.param(Audio(FILM), "mismatch", "video/mp4 with video, not audio", id="a film as audio"),
    pytest.param(Image(SOUND), "mismatch", r"is audio/wav, not an image: pass Audio\(\.\.\.\)", id="sound as an image"),
    pytest.param(Video(b""), "empty", "0 bytes", id="nothing"),
    pytest.param(Audio(SOUND[:9000]), "truncated", "is cut short", id="half a recording"),
    pytest.param(Audio("gs://bucket/a.mp3"), "unsupported", "read by Vertex AI only", id="gs on the Developer API"),
    pytest.param(Audio(UPLOADED), "unknown", "pass mime_type=", id="an upload of unknown kind"),
    pytest.param(Audio(UPLOADED, mime_type="video/mp4"), "mismatch", "which is no audio", id="another kind"),
]


@pytest.mark.parametrize(("part", "kind", "said"), REFUSED)
def test_what_cannot_be_embedded_is_refused_with_its_position_before_any_request(
    part: Any, kind: str, said: str, embedder: Embedder, capture: CaptureServer
) -> None:
    with pytest.raises(MediaError, match=said) as refusal:
        embedder.embed([Content("good"), part])
    assert (refusal.value.position, refusal.value.kind) == (1, kind)
    assert capture.requests == []


def test_a_video_may_be_longer_than_the_stretch_that_is_looked_at(embedder: Embedder, capture: CaptureServer) -> None:
    whole = film((RED, 130))
    embedder.embed([Video(whole, start_s=10, end_s=100.5, fps=0.5)])
    ((only,),) = sent(capture)
    assert only["videoMetadata"] == {"startOffset": "10s", "endOffset": "100.5s", "fps": 0.5}
    assert blob(only) == ("video/mp4", whole)


@pytest.mark.parametrize("excerpt", [{"start_s": -1}, {"start_s": 5, "end_s": 5}, {"fps": 0}])
def test_an_excerpt_of_nothing(excerpt: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="leave nothing to look at"):
        Video(FILM, **excerpt)


def test_how_many_of_a_kind(embedder: Embedder, on_vertex: Embedder, capture: CaptureServer) -> None:
    with pytest.raises(InputError, match="2 pdf parts in one content; gemini-embedding-2 takes 1"):
        embedder.embed([[Pdf(PAGE), Pdf(PAGE)]])
    with pytest.raises(InputError, match="2 audio parts"):
        on_vertex.embed([[Audio(SOUND), Audio(SOUND)]])
    embedder.embed([[Audio(SOUND), Audio(SOUND)]])
    assert len(capture.requests) == 1


def test_vertex_reads_cloud_storage_and_no_uploads(on_vertex: Embedder, capture: CaptureServer) -> None:
    on_vertex.embed([Image("gs://bucket/a%20b.png"), Video("gs://bucket/film", mime_type="video/mp4")])
    uris = [part["fileData"] for (part,) in sent(capture)]
    assert sorted(uris, key=str) == [
        {"mimeType": "image/png", "fileUri": "gs://bucket/a%20b.png"},
        {"mimeType": "video/mp4", "fileUri": "gs://bucket/film"},
    ]
    with pytest.raises(MediaError, match="belongs to the Developer API"):
        on_vertex.embed([Video(UPLOADED, mime_type="video/mp4")])


def test_google_genais_parts_and_files(embedder: Embedder, capture: CaptureServer) -> None:
    from google.genai import types

    page_part = types.Part.from_bytes(data=PAGE, mime_type="application/pdf")
    excerpt = types.VideoMetadata(start_offset="1s", end_offset="1.5s", fps=4)
    embedder.embed(
        [
            types.Part.from_bytes(data=SOUND, mime_type="audio/x-wav"),
            types.Part(inline_data=types.Blob(data=FILM, mime_type="video/mp4"), video_metadata=excerpt),
            types.Content(parts=[types.Part(text="see"), page_part]),
            types.Part.from_uri(file_uri=UPLOADED, mime_type="audio/mpeg"),
            types.File(name="files/abc-123", uri=UPLOADED, mime_type="application/pdf"),
        ]
    )
    (sound,), (clip,), (text, page), (part,), (file,) = sent(capture)
    assert (blob(sound), blob(clip), text, blob(page)) == (
        ("audio/wav", SOUND), ("video/mp4", FILM), {"text": "see"}, ("application/pdf", PAGE),
    )  # fmt: skip
    assert clip["videoMetadata"] == {"startOffset": "1s", "endOffset": "1.5s", "fps": 4.0}
    assert part == {"fileData": {"mimeType": "audio/mpeg", "fileUri": UPLOADED}}
    assert file == {"fileData": {"mimeType": "application/pdf", "fileUri": UPLOADED}}
    with pytest.raises(InputError, match="'application/zip'"):
        embedder.embed([types.Part.from_bytes(data=b"PK", mime_type="application/zip")])


def test_a_url_is_looked_into_once_it_is_here(embedder: Embedder, capture: CaptureServer, media_server: Any) -> None:
    embedder.embed([Audio(media_server("talk", SOUND)), Pdf(media_server("page", PAGE))])
    assert [blob(part) for (part,) in sent(capture)] == [("audio/wav", SOUND), ("application/pdf", PAGE)]
    for data, kind in ((LONG, "too_long"), (b"<html>Log in", "unknown")):
        with pytest.raises(MediaError) as refusal:
            embedder.embed([Content("good"), Audio(media_server("bad", data))])
        assert (refusal.value.position, refusal.value.kind) == (1, kind)


@pytest.fixture
def media_server() -> Any:
    from fix_capture import Answer

    files: dict[str, bytes] = {}
    server = CaptureServer(lambda request: Answer(files[request.path[1:]]))

    def at(name: str, data: bytes) -> str:
        files[name] = data
        return f"{server.base_url}/{name}"

    yield at
    server.stop()


def test_text_audio_video_and_pdf_meet_in_one_space(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    embedder = make_embedder()
    facts = ["the red circle", "the blue square", "the green square"]
    shown: dict[str, list[Any]] = {
        "audio": [Audio(tone_speech(fact)) for fact in facts],
        "pdf": [Pdf(pdf(fact)) for fact in facts],
        "video": [Video(film((drawn(fact[4:]), 2))) for fact in facts],
    }
    queries = embedder.embed(facts, side="query").values
    for parts in shown.values():
        found = embedder.embed(parts)
        assert (queries @ found.values.T).argmax(axis=1).tolist() == [0, 1, 2]
    mixed = embedder.embed([Content(Text("what is this?"), *[shown["video"][0]]), [Image(RED), shown["pdf"][1]]])
    assert np.isfinite(mixed.values).all()


def test_the_estimate_is_what_the_emulator_counts(make_embedder: Callable[..., Embedder]) -> None:
    embedder = make_embedder(task="raw")
    films = [Video(film((RED, 5))), Video(film((RED, 50))), Video(film((RED, 9)), start_s=2, fps=2)]
    inputs = [Audio(wav((440, 7))), *films, Pdf(pdf("", "", "")), Image(RED)]
    estimate = embedder.estimate(inputs)
    usage = embedder.embed(inputs).usage
    assert usage.by_modality == {"AUDIO": 175, "VIDEO": (5 + 32 + 14) * 66, "DOCUMENT": 3 * 258, "IMAGE": 258}
    assert estimate.by_modality == {"audio": 175, "video": (5 + 32 + 14) * 66, "pdf": 3 * 258, "image": 258}


def test_media_are_kept_in_the_cache_by_their_bytes(
    make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(SOUND)
    embedder = make_embedder(cache=tmp_path / "cache.db")
    first = embedder.embed([Audio(path), Pdf(PAGE)])
    again = embedder.embed([Audio(SOUND), Pdf(io.BytesIO(PAGE))])
    assert np.array_equal(first.values, again.values)
    assert (emulator.requests.items_billed, again.usage.cached) == (2, 2)


def test_without_the_extra_the_error_says_how_to_get_it(
    embedder: Embedder, capture: CaptureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    from gemini_embed import MissingExtraError

    for name, part in (("av", Audio(SOUND)), ("pypdfium2", Pdf(PAGE))):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(MissingExtraError, match=r'pip install "gemini-embed\[media\]"'):
            embedder.embed([part])
    assert capture.requests == []


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modality of each medium that is looked into, in order."""
    from gemini_embed.media import probing

    found: list[str] = []

    def counted(look: Any) -> Any:
        def counting(file: Any, kind: Any, name: str) -> Any:
            found.append(kind.modality)
            return look(file, kind, name)

        return counting

    for modality, look in dict(probing._LOOK).items():
        monkeypatch.setitem(probing._LOOK, modality, counted(look))
    return found


@pytest.mark.parametrize(("kind", "data", "mime_type"), AS_THEY_ARE)
def test_a_medium_is_looked_into_once(
    kind: Any, data: bytes, mime_type: str, embedder: Embedder, capture: CaptureServer, tmp_path: Path, looks: list[str]
) -> None:
    """Before anything is sent; not again when it is, from memory and from a file."""
    path = tmp_path / "medium"
    path.write_bytes(data)
    embedder.embed([kind(data), kind(path)])
    assert looks == [kind.modality] * 2
    assert [blob(part) for (part,) in sent(capture)] == [(mime_type, data)] * 2


def test_a_file_that_changes_meanwhile_is_looked_into_again(
    embedder: Embedder, capture: CaptureServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: list[str]
) -> None:
    """Longer by now than the model takes: that is told, as it would have been at once."""
    from gemini_embed.preparing import loading

    path, read = tmp_path / "sound.wav", loading._local_bytes
    path.write_bytes(SOUND)

    def read_what_is_longer_now(part: Any, policy: Any) -> bytes:
        path.write_bytes(wav((440, 200)))
        return read(part, policy)

    monkeypatch.setattr(loading, "_local_bytes", read_what_is_longer_now)
    with pytest.raises(MediaError, match="has 200 seconds, and gemini-embedding-2 takes 180"):
        embedder.embed([Audio(path)])
    assert looks == ["audio", "audio"]
    assert capture.requests == []


def test_windows_that_were_cut_are_not_looked_into(
    make_embedder: Callable[..., Embedder], tmp_path: Path, looks: list[str]
) -> None:
    """The source is, once; and its windows cost what the emulator counts."""
    (tmp_path / "sound.wav").write_bytes(wav((440, 130)))
    (tmp_path / "film.mp4").write_bytes(film((RED, 40), (drawn("blue square"), 40)))
    (tmp_path / "pages.pdf").write_bytes(pdf("one", "two", "three"))
    (tmp_path / "speech.flac").write_bytes(recoded(wav((330, 70)), "flac", "flac"))
    with make_embedder(dimensions=64) as embedder, MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
        report = index.add(str(tmp_path))
    assert report.added > 7
    assert sorted(looks) == ["audio", "audio", "pdf", "video"]
    likely = {"audio": report.estimate.by_modality["audio"], "video": report.estimate.by_modality["video"]}
    told = {"audio": report.usage.by_modality["AUDIO"], "video": report.usage.by_modality["VIDEO"]}
    assert likely == told
