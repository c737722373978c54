"""What is too large for a call goes through the Files API: uploaded once, waited for, deleted."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fix_emulator import KEY
from fix_media import drawn, film, wav
from gemini_embed import ApiError, Audio, Embedder, InputError, MediaError, Video
from gemini_embed_emulator import Emulator, Fault, tone_speech

SMALL = {"max_media_bytes": 20_000}
SPEECH = tone_speech("the red key opens the shed")
SHORT = wav((440, 0.5))


def sent_parts(emulator: Emulator) -> list[list[dict[str, Any]]]:
    calls = [request.json for request in emulator.requests if request.action == "batchEmbedContents"]
    return [item["content"]["parts"] for call in calls for item in call["requests"]]


def steps(emulator: Emulator) -> list[str]:
    """What was asked of the Files API, in order."""
    return [
        f"{request.method} {request.headers.get('x-goog-upload-command', '')}".strip()
        for request in emulator.requests
        if "/files" in request.path
    ]


def test_a_large_recording_is_embedded_like_a_small_one(
    make_embedder: Callable[..., Embedder], emulator: Emulator
) -> None:
    inline = make_embedder().embed([Audio(SPEECH)]).values
    emulator.requests.clear()
    found = make_embedder(facts=SMALL).embed([Audio(SHORT), ["say", Audio(SPEECH)], Audio(SPEECH)])
    assert np.array_equal(found.values[2], inline[0])
    (short,), (text, speech), (again,) = sent_parts(emulator)
    assert "inlineData" in short
    assert text == {"text": "say"}
    assert speech == again
    assert speech["fileData"]["mimeType"] == "audio/wav"
    # Equal bytes go up once, and away when the vectors are there.
    assert steps(emulator) == ["POST start", "POST upload, finalize", "DELETE"]
    assert [request.action for request in emulator.requests][-1] == ""


def test_kept_files_are_used_again_while_they_live(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    embedder = make_embedder(facts=SMALL, keep_uploads=True)
    first = embedder.embed([Audio(SPEECH)])
    second = embedder.embed([["again", Audio(SPEECH)], Audio(SPEECH)])
    assert np.array_equal(first.values[0], second.values[1])
    assert steps(emulator) == ["POST start", "POST upload, finalize"], "uploaded once, and not deleted"

    emulator.requests.clear()
    emulator.file_lifetime_s = 60  # soon over
    shorter = make_embedder(facts=SMALL, keep_uploads=True)
    for _ in range(2):
        shorter.embed([Audio(SPEECH)])
    assert steps(emulator).count("POST start") == 2


def test_a_kept_file_that_is_gone_is_uploaded_anew(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    """By the next call: the service tells only that it may not be read."""
    embedder = make_embedder(facts=SMALL, keep_uploads=True)
    first = embedder.embed([Audio(SPEECH)])
    ((part,),) = sent_parts(emulator)
    name = part["fileData"]["fileUri"].rpartition("/")[2]
    gone = httpx.delete(f"{emulator.base_url}/v1beta/files/{name}", headers={"x-goog-api-key": KEY})
    assert gone.status_code == 200
    with pytest.raises(ApiError, match="File"):
        embedder.embed([Audio(SPEECH)])
    assert np.array_equal(embedder.embed([Audio(SPEECH)]).values, first.values)
    assert steps(emulator).count("POST start") == 2


def test_the_excerpt_of_a_large_film_stays(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    clip = film((drawn("red circle"), 8), keyframe_every_s=0.1)
    make_embedder(facts={"max_media_bytes": 5000}).embed([Video(clip, start_s=1, end_s=3)])
    ((part,),) = sent_parts(emulator)
    assert part["fileData"]["mimeType"] == "video/mp4"
    assert part["videoMetadata"] == {"startOffset": "1s", "endOffset": "3s"}


def test_the_file_is_waited_for(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    emulator.file_processing_s = 0.5
    make_embedder(facts=SMALL).embed([Audio(SPEECH)])
    asked = steps(emulator)
    assert asked.count("GET") >= 2
    assert asked[-1] == "DELETE"


def test_what_is_cached_is_not_uploaded(
    make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    embedder = make_embedder(facts=SMALL, cache=tmp_path / "cache.db")
    first = embedder.embed([Audio(SPEECH)])
    emulator.requests.clear()
    assert np.array_equal(embedder.embed([Audio(SPEECH)]).values, first.values)
    assert len(emulator.requests) == 0


def test_an_upload_that_is_refused_keeps_what_was_finished_and_shows_no_key(
    make_embedder: Callable[..., Embedder], emulator: Emulator
) -> None:
    emulator.faults.rule = lambda request: Fault.status(403) if request.path.startswith("/upload") else None
    with pytest.raises(ApiError) as refusal:
        make_embedder(facts=SMALL).embed([Audio(SPEECH)])
    assert (refusal.value.code, refusal.value.status) == (403, "PERMISSION_DENIED")
    shown = "".join(traceback.TracebackException.from_exception(refusal.value, capture_locals=True).format())
    assert KEY not in shown


def test_files_are_deleted_although_the_call_failed(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.status(403) if request.action else None
    with pytest.raises(ApiError):
        make_embedder(facts=SMALL).embed([Audio(SPEECH)])
    assert steps(emulator)[-1] == "DELETE"


def test_a_file_that_cannot_be_deleted_is_no_error(
    make_embedder: Callable[..., Embedder], emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    emulator.faults.rule = lambda request: Fault.status(403) if request.method == "DELETE" else None
    assert len(make_embedder(facts=SMALL).embed([Audio(SPEECH)])) == 1
    assert "expire after 48 hours" in caplog.text


def test_a_file_that_fails_is_named_by_its_position(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    def failed(payload: dict[str, Any]) -> None:
        payload["file"]["state"] = "FAILED"

    emulator.faults.rule = lambda request: (
        Fault(edit=failed) if request.headers.get("x-goog-upload-command") == "upload, finalize" else None
    )
    with pytest.raises(MediaError, match="input 1: the service could not process"):
        make_embedder(facts=SMALL).embed([Audio(SHORT), Audio(SPEECH)])
    skipped = make_embedder(facts=SMALL).embed([Audio(SHORT), Audio(SPEECH)], on_error="skip")
    assert [item.position for item in skipped.refused] == [1]


def test_vertex_has_no_files_api(capture: Any, fake_credentials: Any) -> None:
    options = {"base_url": capture.base_url, "verify": False, "facts": SMALL}
    with (
        Embedder(project="p", credentials=fake_credentials, **options) as embedder,
        pytest.raises(InputError, match=r"input 0: \d+ bytes as base64, more than one call .* gs://bucket/name"),
    ):
        embedder.embed([Audio(SPEECH)])
    assert capture.requests == []
