"""What a chat model answers, read. A reply that says nothing, or in another form than asked for, is told, no error."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gemini_embed.describing.description import Description, Sentence
from gemini_embed.describing.prompts import Kind
from gemini_embed.result import Usage

_GOOD_ENDS = ("STOP", "FINISH_REASON_UNSPECIFIED", "")
_SLACK_S = 1.0
"""Clocks of models are coarse: a sentence may end so much after the recording."""
_TIME = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5}(?:\.\d{1,6})?)s?")


def description_of(reply: Mapping[str, Any], kind: Kind, seconds: float) -> Description:
    """What a reply, a plain mapping with names in snake_case, says of a window so many seconds long."""
    feedback = reply.get("prompt_feedback") or {}
    if blocked := feedback.get("block_reason"):
        return Description(problem=f"the model was not let read it: {blocked}")
    candidates = reply.get("candidates") or []
    if not candidates:
        return Description(problem="the model's reply has no candidates")
    end = str(candidates[0].get("finish_reason") or "")
    parts = (candidates[0].get("content") or {}).get("parts") or []
    text = "".join(part.get("text") or "" for part in parts if not part.get("thought")).strip()
    if end not in _GOOD_ENDS:
        kept = text if kind != "transcript" and end == "MAX_TOKENS" else ""
        return Description(kept, problem=f"the model's reply ended early: {end}")
    if kind != "transcript":
        return Description(text)
    return _transcript(text, seconds)


def usage_of(reply: Mapping[str, Any]) -> Usage | None:
    """What the service counted; None where it does not tell."""
    told = reply.get("usage_metadata") or {}
    if told.get("prompt_token_count") is None:
        return None
    details = told.get("prompt_tokens_details") or []
    written = sum(told.get(name) or 0 for name in ("candidates_token_count", "thoughts_token_count"))
    by_modality = {str(one.get("modality")): int(one.get("token_count") or 0) for one in details}
    return Usage(int(told["prompt_token_count"]), by_modality, requests=1, output_tokens=written)


def seconds_of(code: object) -> float | None:
    """Seconds of a time code: "75.5", "1:15.5", "00:01:15"; None for what is none."""
    if isinstance(code, int | float) and not isinstance(code, bool):
        return float(code) if math.isfinite(code) and code >= 0 else None
    found = _TIME.fullmatch(code.strip()) if isinstance(code, str) else None
    if found is None:
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + seconds


def _transcript(text: str, seconds: float) -> Description:
    try:
        told = json.loads(text or "[]")
    except ValueError:
        return Description(problem=f"the model's reply is no JSON: {text[:60]!r}")
    if not isinstance(told, Sequence) or not all(isinstance(one, Mapping) for one in told):
        return Description(problem=f"the model's reply is no list of sentences: {text[:60]!r}")
    words = [" ".join(str(one.get("text") or "").split()) for one in told]
    sentences = [_sentence(one, said, seconds) for one, said in zip(told, words, strict=True) if said]
    bad = sentences.count(None)
    return Description(
        " ".join(filter(None, words)),
        tuple(one for one in sentences if one is not None),
        f"{bad} of {len(sentences)} sentences have no time code that can be true" if bad else None,
    )


def _sentence(told: Mapping[str, Any], said: str, seconds: float) -> Sentence | None:
    start_s, end_s = seconds_of(told.get("start")), seconds_of(told.get("end"))
    if start_s is None or end_s is None or not start_s <= end_s <= seconds + _SLACK_S or start_s >= seconds:
        return None
    return Sentence(start_s, min(end_s, seconds), said)
