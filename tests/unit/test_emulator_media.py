"""The emulator's eyes and ears: what it makes of sound, film and PDF, what it counts, what it refuses."""

from __future__ import annotations

import base64
import io
import ssl
import sys
from typing import Any

import httpx
import numpy as np
import pytest
from fix_media import drawn, film, pdf, recoded, red_square, wav
from gemini_embed_emulator import Emulator, tone_speech
from gemini_embed_emulator.vectors.audio import read_samples
from gemini_embed_emulator.vectors.tones import heard_text

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
VERTEX = "/v1/projects/p/locations/global/publishers/google/models/gemini-embedding-2:embedContent"
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates
FACTS = ("The red circle is kept in drawer seven", "The blue square costs forty euros", "Bread rises because of yeast")


def post(server: Emulator, part: Any, path: str = ONE, **more: Any) -> httpx.Response:
    parts = part if isinstance(part, list) else [part]
    body = {"content": {"parts": [{"text": p} if isinstance(p, str) else p for p in parts]}, **more}
    headers = {"authorization": "Bearer t"} if path == VERTEX else {"x-goog-api-key": "k"}
    return httpx.post(server.base_url + path, json=body, headers=headers, verify=NO_TLS)


def inline(mime_type: str, data: bytes) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime_type, "data": base64.b64encode(data).decode()}}


def vector(server: Emulator, *parts: Any) -> np.ndarray[Any, Any]:
    reply = post(server, list(parts)).json()
    return np.array(reply["embedding"]["values"])


def png(what: str) -> bytes:
    file = io.BytesIO()
    drawn(what).save(file, "PNG")
    return file.getvalue()


AUDIO = {fact: inline("audio/wav", tone_speech(fact)) for fact in FACTS}
PDFS = {fact: inline("application/pdf", pdf(fact)) for fact in FACTS}
PICTURES = ("red circle", "blue square", "green circle")


@pytest.mark.parametrize("made", [AUDIO, PDFS], ids=["spoken in tones", "printed in a PDF"])
def test_a_fact_is_found_by_a_question_and_by_its_twin_in_the_other_medium(
    emulator: Emulator, made: dict[str, Any]
) -> None:
    kept = {fact: vector(emulator, part) for fact, part in made.items()}
    for question, fact in zip(
        ("where is the circle?", "price of the square", "why does bread rise"), FACTS, strict=True
    ):
        asked = vector(emulator, f"task: search result | query: {question}")
        assert max(kept, key=lambda name: float(asked @ kept[name])) == fact
        other = vector(emulator, (PDFS if made is AUDIO else AUDIO)[fact])
        assert max(kept, key=lambda name: float(other @ kept[name])) == fact


def test_a_film_shows_what_its_frames_show(emulator: Emulator) -> None:
    films = {what: vector(emulator, inline("video/mp4", film((drawn(what), 2)))) for what in PICTURES}
    for what in PICTURES:
        for query in (f"task: search result | query: a video of a {what}", inline("image/png", png(what))):
            asked = vector(emulator, query)
            assert max(films, key=lambda name: float(asked @ films[name])) == what


def test_a_page_without_words_is_what_it_looks_like(emulator: Emulator) -> None:
    pages = [vector(emulator, inline("application/pdf", pdf("", drawings=[d]))) for d in (red_square(), "")]
    asked = vector(emulator, "task: search result | query: a red square")
    assert asked @ pages[0] > asked @ pages[1] + 0.1


@pytest.mark.parametrize(
    ("query", "expected"),
    [("a low tone", 0), ("a high tone", 1), ("silence", 2), ("noise", 3)],
)
def test_sounds_have_names(emulator: Emulator, query: str, expected: int) -> None:
    hiss = np.random.default_rng(0).uniform(-0.3, 0.3, 16_000)
    noise = wav((0, 1), rate=16_000)[:44] + (hiss * 32767).astype("<i2").tobytes()
    sounds = [wav((120, 1)), wav((3000, 1)), wav((0, 1)), noise]
    asked = vector(emulator, f"task: search result | query: {query}")
    scores = [float(asked @ vector(emulator, inline("audio/wav", sound))) for sound in sounds]
    assert int(np.argmax(scores)) == expected


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("ipod", "aac"), ("ogg", "libopus")])
def test_tones_survive_compression(container: str, codec: str) -> None:
    text = "Grün ist die 7. Farbe: hello, hello!"
    assert heard_text(read_samples(recoded(tone_speech(text), container, codec), 60)) == text


def test_tones_survive_a_cut_but_for_the_letter_it_falls_into() -> None:
    samples = read_samples(tone_speech("abcdefgh"), 60)
    assert heard_text(samples[round(0.12 * 2.6 * 16_000) :]) == "defgh"
    assert heard_text(read_samples(wav((440, 1), (880, 1)), 60)) == ""


COUNTS = [
    pytest.param(inline("audio/wav", wav((440, 2))), "AUDIO", 50, id="25 a second of audio"),
    pytest.param(inline("video/mp4", film((drawn("red circle"), 3))), "VIDEO", 3 * 66, id="66 a frame, one a second"),
    pytest.param(inline("video/mp4", film((drawn("red circle"), 40))), "VIDEO", 32 * 66, id="32 frames at most"),
    pytest.param(inline("application/pdf", pdf("two words", "one")), "DOCUMENT", 2 * 258 + 3, id="258 a page and text"),
    pytest.param(
        {**inline("video/mp4", film((drawn("red circle"), 4))), "videoMetadata": {"startOffset": "1s", "fps": 2}},
        "VIDEO", 6 * 66, id="an excerpt at two frames a second",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("part", "modality", "tokens"), COUNTS)
def test_media_cost_tokens(emulator: Emulator, part: Any, modality: str, tokens: int) -> None:
    usage = post(emulator, ["and", part]).json()["usageMetadata"]
    details = [{"modality": modality, "tokenCount": tokens}, {"modality": "TEXT", "tokenCount": 1}]
    assert usage == {"promptTokenCount": tokens + 1, "promptTokenDetails": details}


def test_vertex_looks_at_up_to_120_frames(emulator: Emulator) -> None:
    reply = post(emulator, inline("video/mp4", film((drawn("red circle"), 40))), VERTEX).json()
    assert reply["usageMetadata"]["promptTokensDetails"] == [{"modality": "VIDEO", "tokenCount": 40 * 66}]


MP4 = film((drawn("red circle"), 1))
SHORT, LONG = wav((440, 1)), wav((440, 181))
REFUSED = [
    pytest.param([inline("audio/wav", LONG)], "audio exceeds the limit of 180 seconds", id="audio of 181 s"),
    pytest.param([inline("video/mp4", film((drawn("red circle"), 121)))], "video exceeds the limit of 120 seconds",
                 id="video of 121 s"),
    pytest.param([inline("application/pdf", pdf(*"1234567"))], "document exceeds the limit of 6 pages", id="7 pages"),
    pytest.param([inline("application/pdf", pdf("x"))] * 2, "At most 1 document", id="two PDFs"),
    pytest.param([inline("application/pdf", pdf("x", encrypted=True))], "Provided document is not valid",
                 id="encrypted"),
    pytest.param([inline("application/pdf", b"%PDF-1.4 and no more")], "Provided document is not valid", id="no PDF"),
    pytest.param([inline("video/mp4", MP4[: len(MP4) // 3])], "Provided video is not valid", id="truncated video"),
    pytest.param([inline("audio/wav", SHORT[:30])], "Provided audio is not valid", id="truncated audio"),
    pytest.param([inline("application/zip", b"PK")], "Unsupported MIME type: application/zip", id="zip"),
    pytest.param([{**inline("video/mp4", MP4), "videoMetadata": {"startOffset": "soon"}}], "'video_metadata'",
                 id="no duration"),
    pytest.param([{"fileData": {"fileUri": "gs://bucket/a.mp4", "mimeType": "video/mp4"}}],
                 "Invalid or unsupported file uri: gs://bucket/a.mp4", id="Cloud Storage"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "message"), REFUSED)
def test_what_is_refused(emulator: Emulator, parts: list[Any], message: str) -> None:
    reply = post(emulator, parts)
    assert reply.status_code == 400
    assert message in reply.json()["error"]["message"]


def test_vertex_takes_one_recording_a_content(emulator: Emulator) -> None:
    two = [inline("audio/wav", SHORT)] * 2
    assert "At most 1 audio" in post(emulator, two, VERTEX).json()["error"]["message"]
    assert post(emulator, two).status_code == 200


@pytest.mark.parametrize(
    ("mime_type", "data"),
    [("video/wav", MP4), ("audio/x-wav", SHORT), ("audio/mpeg", SHORT), ("video/mp4", b"\0" * 99)],
)
def test_media_under_a_wrong_label_are_answered_without_values(emulator: Emulator, mime_type: str, data: bytes) -> None:
    for path in (ONE, VERTEX):
        reply = post(emulator, inline(mime_type, data), path)
        assert reply.status_code == 200
        assert reply.json()["embedding"] == {}


def test_the_audio_track_of_a_video_is_not_heard(emulator: Emulator) -> None:
    reply = post(emulator, inline("video/mp4", MP4), VERTEX, embedContentConfig={"audioTrackExtraction": True})
    assert reply.status_code == 501


def test_a_gap_between_modalities(emulator: Emulator) -> None:
    def scores() -> tuple[float, float, float]:
        texts = [vector(emulator, text) for text in (FACTS[0], FACTS[2])]
        recordings = [vector(emulator, AUDIO[fact]) for fact in (FACTS[0], FACTS[2])]
        return texts[0] @ texts[1], texts[0] @ recordings[0], texts[0] @ recordings[1]

    unrelated, matched, mismatched = scores()
    assert matched > 0.7 > 0.3 > unrelated
    emulator.modality_gap = 1.0
    unrelated, matched, mismatched = scores()
    assert unrelated > matched > mismatched + 0.2


def test_without_its_extra_the_emulator_says_so(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, part in (
        ("av", AUDIO[FACTS[0]]),
        ("pypdfium2", PDFS[FACTS[0]]),
        ("PIL", inline("image/png", png("red circle"))),
    ):
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, name, None)
            reply = post(emulator, part)
        assert reply.status_code == 501
        assert 'pip install "gemini-embed-emulator[media]"' in reply.json()["error"]["message"]
