"""generateContent, as scripted: the request is checked and counted, the words of the answer are the script's.

Tokens: a picture or a page 258, sound 32 a second (ai.google.dev/gemini-api/docs/tokens), texts as everywhere here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from gemini_embed_emulator import models, tokens
from gemini_embed_emulator.chat import Answer, ChatScript
from gemini_embed_emulator.http import ReceivedRequest

from . import schema
from .embedding import count_contents, usage
from .parts import Senses
from .reply import Reply

_EARS = models.MODELS["gemini-embedding-2"]
"""The row by which media are opened; what a chat model counts differs in sound only."""
_SOUND = 32 / 25
_IMAGES = frozenset({"image/webp", "image/heic", "image/heif"})


class Generation:
    """Chat models, of which nothing is known but what they are to say."""

    def __init__(self, script: ChatScript) -> None:
        self._script = script

    def generate(self, name: str, request: ReceivedRequest, body: Any, senses: Senses) -> Reply | None:
        """The scripted reply; None where none is scripted. Raises ApiError 400 for what no model reads."""
        read = schema.read(schema.GENERATE_CONTENT, body)
        answer = self._script.next(request) if models.generates(name) else None
        if answer is None:
            return None
        system = [read["systemInstruction"]] if "systemInstruction" in read else []
        limits = replace(senses.limits, image_types=senses.limits.image_types | _IMAGES)
        counts = count_contents(_EARS, [*read.get("contents", []), *system], replace(senses, limits=limits))
        if "AUDIO" in counts:
            counts["AUDIO"] = round(counts["AUDIO"] * _SOUND)
        return Reply(_payload(name, answer, counts))


def _payload(name: str, answer: Answer, counts: Counter[str]) -> dict[str, Any]:
    said = answer if isinstance(answer, str) else ""
    counted = usage([counts], "promptTokensDetails")
    written = tokens.count(said)
    counted |= {"candidatesTokenCount": written, "totalTokenCount": counted["promptTokenCount"] + written}
    besides = {"usageMetadata": counted, "modelVersion": name}
    if isinstance(answer, dict):
        return besides | answer
    content = {"role": "model", "parts": [{"text": said}]}
    return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], **besides}
