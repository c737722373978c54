"""The emulator's generateContent: what is scripted is answered, and what is asked is checked and counted."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from fix_media import wav
from gemini_embed_emulator import Emulator

MODEL = "/v1beta/models/gemini-2.5-flash:generateContent"
VERTEX = "/v1beta1/projects/p/locations/global/publishers/google/models/gemini-2.5-flash:generateContent"


def ask(server: Emulator, parts: list[Mapping[str, Any]], path: str = MODEL) -> httpx.Response:
    headers = {"authorization": "Bearer t"} if "projects" in path else {"x-goog-api-key": "k"}
    body = {"contents": [{"role": "user", "parts": parts}]}
    return httpx.post(f"{server.base_url}{path}", json=body, headers=headers, verify=False)  # noqa: S501 - plain http


@pytest.mark.parametrize("path", [MODEL, VERTEX], ids=["developer", "vertex"])
def test_what_is_scripted_is_said_and_counted(emulator: Emulator, path: str) -> None:
    emulator.chat.push("It beeps.")
    sound = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(wav((440, 2))).decode()}}
    assert ask(emulator, [sound, {"text": "What is it?"}], path).json() == {
        "candidates": [
            {"content": {"role": "model", "parts": [{"text": "It beeps."}]}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {
            "promptTokenCount": 68,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 64}, {"modality": "TEXT", "tokenCount": 4}],
            "candidatesTokenCount": 3,
            "totalTokenCount": 71,
        },
        "modelVersion": "gemini-2.5-flash",
    }


def test_the_rule_answers_after_the_queue_and_a_whole_reply_is_sent_as_it_is(emulator: Emulator) -> None:
    emulator.chat.push({"promptFeedback": {"blockReason": "SAFETY"}})
    emulator.chat.rule = lambda request: f"asked {request.json['contents'][0]['parts'][0]['text']}"
    blocked, said = ask(emulator, [{"text": "one"}]).json(), ask(emulator, [{"text": "two"}]).json()
    assert (blocked["promptFeedback"], "candidates" in blocked) == ({"blockReason": "SAFETY"}, False)
    assert said["candidates"][0]["content"]["parts"] == [{"text": "asked two"}]
    emulator.chat.clear()
    assert ask(emulator, [{"text": "three"}]).status_code == 501


def test_what_no_model_reads_is_refused(emulator: Emulator) -> None:
    emulator.chat.push("never said")
    noise = {"inlineData": {"mimeType": "audio/wav", "data": base64.b64encode(b"RIFF....WAVE").decode()}}
    refused = ask(emulator, [noise])
    assert (refused.status_code, refused.json()["error"]["message"]) == (400, "Provided audio is not valid")
