"""A chat model that hears: it reads the tones that stand for speech in what it is sent, and writes down each sentence
with the second at which it is said."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gemini_embed_emulator import Emulator
    from gemini_embed_emulator.http import ReceivedRequest

CHAT = "gemini-2.5-flash"


def asked(server: Emulator) -> list[Any]:
    """The bodies of all questions, in order."""
    return [one.json for one in server.requests if one.action == "generateContent"]


def medium_of(question: Any) -> tuple[str, bytes]:
    """(MIME type, bytes) of what is asked about."""
    blob = question["contents"][0]["parts"][0]["inlineData"]
    name = "mimeType" if "mimeType" in blob else "mime_type"  # the API reads both spellings
    return blob[name], base64.urlsafe_b64decode(blob["data"].replace("+", "-").replace("/", "_"))


def heard(request: ReceivedRequest) -> str:
    """A transcript of a recording, as a model answers; a caption of everything else."""
    from gemini_embed_emulator.vectors.audio import read_samples
    from gemini_embed_emulator.vectors.tones import RATE_HZ, SECONDS_PER_LETTER, heard_text

    mime_type, data = medium_of(request.json)
    if not mime_type.startswith("audio/"):
        return f"A caption of {mime_type}."
    samples = read_samples(data, 180)
    silent = next((i for i, one in enumerate(samples.tolist()) if abs(one) > 0.05), 0) / RATE_HZ
    sentences, at = [], 0
    for said in heard_text(samples).split(". "):
        start_s = silent + at * SECONDS_PER_LETTER
        at += len(said) + 2
        end_s = min(silent + at * SECONDS_PER_LETTER, len(samples) / RATE_HZ)
        if said.strip():
            sentences.append({"start": _code(start_s), "end": _code(end_s), "text": f"{said.strip().rstrip('.')}."})
    return json.dumps(sentences)


def _code(seconds: float) -> str:
    return f"{int(seconds // 60):02d}:{seconds % 60:04.1f}"


@pytest.fixture
def hearing(emulator: Emulator) -> Callable[[], list[Any]]:
    """The emulator hears and describes; called, this gives what it was asked so far."""
    emulator.chat.rule = heard
    return lambda: asked(emulator)
