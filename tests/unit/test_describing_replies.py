"""What chat models answer, read: time codes, and everything that is no transcript."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gemini_embed import Description, InputError, Sentence
from gemini_embed.describing.replies import description_of, seconds_of

SPOKEN = (Sentence(0.5, 2.0, "Hello."), Sentence(62.0, 70.0, "Good bye."))


def answered(text: str, end: str = "STOP", **parts: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"parts": [{"text": text, **parts}]}, "finish_reason": end}]}


def test_a_transcript_has_sentences_at_their_seconds() -> None:
    told = [
        {"start": "00:00.5", "end": "00:02", "text": " Hello.\n"},
        {"start": "01:02", "end": "01:10.6", "text": "Good bye."},
        {"start": "01:02", "end": "01:03", "text": ""},
    ]
    assert description_of(answered(json.dumps(told)), "transcript", 70.0) == Description("Hello. Good bye.", SPOKEN)
    assert description_of(answered("[]"), "transcript", 70.0) == Description()
    assert description_of(answered("A key."), "caption", 0.0) == Description("A key.")
    assert description_of(answered("hm", thought=True), "caption", 0.0) == Description()


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        pytest.param({"candidates": []}, "the model's reply has no candidates", id="no-candidates"),
        pytest.param(
            {"prompt_feedback": {"block_reason": "SAFETY"}}, "the model was not let read it: SAFETY", id="blocked"
        ),
        pytest.param(
            {"candidates": [{"finish_reason": "SAFETY"}]}, "the model's reply ended early: SAFETY", id="safety"
        ),
        pytest.param(answered("[{", "MAX_TOKENS"), "the model's reply ended early: MAX_TOKENS", id="cut-off"),
        pytest.param(answered("Sorry."), "the model's reply is no JSON: 'Sorry.'", id="no-json"),
        pytest.param(answered('{"a": 1}'), "the model's reply is no list of sentences: '{\"a\": 1}'", id="no-list"),
        pytest.param(answered("[1]"), "the model's reply is no list of sentences: '[1]'", id="no-objects"),
    ],
)
def test_what_is_no_transcript_is_told(reply: dict[str, Any], problem: str) -> None:
    assert description_of(reply, "transcript", 60.0) == Description(problem=problem)


@pytest.mark.parametrize(
    ("start", "end"),
    [("59:00", "59:01"), ("0:02", "0:01"), ("soon", "0:01"), (None, "0:01"), ("0:01", "9:00"), ("-1", "1"), (True, 2)],
)
def test_a_sentence_at_no_possible_second_keeps_its_words_only(start: Any, end: Any) -> None:
    said = description_of(answered(json.dumps([{"start": start, "end": end, "text": "Lost."}])), "transcript", 60.0)
    assert (said.text, said.sentences) == ("Lost.", ())
    assert said.problem == "1 of 1 sentences have no time code that can be true"


@pytest.mark.parametrize(
    ("code", "seconds"),
    [
        ("75.5", 75.5), ("1:15.5", 75.5), ("00:01:15", 75.0), ("12s", 12.0), (3, 3.0), (0.25, 0.25),
        ("", None), ("1:2:3:4", None), ("NaN", None), (float("nan"), None), (None, None), ("1,5", None),
    ],
)  # fmt: skip
def test_time_codes(code: object, seconds: float | None) -> None:
    assert seconds_of(code) == seconds


def test_segments_of_transcribers() -> None:
    """Mappings, as whisper gives, or objects, as faster-whisper does."""

    class Segment:
        start, end, text = 62.0, 70.0, " Good bye."

    segments = [{"start": 0.5, "end": 2, "text": " Hello."}, Segment(), {"start": 1, "end": 2, "text": " "}]
    assert Description.of_segments(segments).sentences == SPOKEN
    with pytest.raises(InputError, match="a segment needs start and end in seconds"):
        Description.of_segments([{"text": "when?"}])
