"""What was said of a window: words, and sentences with their seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gemini_embed.errors import InputError


@dataclass(frozen=True, slots=True)
class Sentence:
    """What is said, and when: seconds from the beginning of the window."""

    start_s: float
    end_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Description:
    """What a `describe=` says of a window where a str is not enough.

    Attributes:
        text: `page_content` of the window's record.
        sentences: each becomes a record of modality "text" of its own, found by its words and by its meaning, whose
            link and clip are its seconds of the medium.
        problem: why there are no words, or not all of them, told in `AddReport.undescribed`; the record is written.
    """

    text: str = ""
    sentences: Sequence[Sentence] = ()
    problem: str | None = None

    @classmethod
    def of_segments(cls, segments: Iterable[Any]) -> Description:
        """Of what transcribers give: objects or mappings with `start` and `end`, in seconds, and `text`, as those of
        whisper, faster-whisper and WhisperX.

        Raises:
            InputError: a segment without them.
        """
        sentences = [_sentence(one) for one in segments]
        return cls(" ".join(one.text for one in sentences), tuple(one for one in sentences if one.text))


def _sentence(segment: Any) -> Sentence:
    def told(name: str) -> Any:
        return segment.get(name) if isinstance(segment, dict) else getattr(segment, name, None)

    try:
        start_s, end_s, text = float(told("start")), float(told("end")), str(told("text")).strip()
    except (TypeError, ValueError):
        start_s, end_s, text = math.nan, math.nan, ""
    if not 0 <= start_s <= end_s < math.inf:
        raise InputError(f"a segment needs start and end in seconds, and text: {segment!r}")
    return Sentence(start_s, end_s, text)
