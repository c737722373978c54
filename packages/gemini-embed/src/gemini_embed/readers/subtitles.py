"""Subtitles and transcripts with times, SRT and WebVTT: what is said, with its seconds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from gemini_embed.errors import MediaError
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.encoded import without_data
from gemini_embed.readers.encoding import may_be_text, text_of
from gemini_embed.readers.limits import MOST_BYTES, check_size
from gemini_embed.readers.passages import Passage
from gemini_embed.tokens import likely_tokens

LONGEST_S = 30.0
"""A passage is of no more seconds, but at least one cue."""
_TIME = r"(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_CUE = re.compile(rf"^[ \t]*{_TIME}[ \t]*-->[ \t]*{_TIME}[^\n]*$", re.MULTILINE)
_VOICE = re.compile(r"<v(?:\.[\w.-]+)?[ \t]+([^<>]{1,80})>")
_TAGS = re.compile(r"</?[A-Za-z0-9][^<>\n]{0,80}>|\{\\[^{}\n]{0,80}\}")
_NOTE = re.compile(r"^(?:NOTE|STYLE|REGION)\b.*?(?:\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)
_SENTENCE_END = re.compile(r"[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019)]*$")


@dataclass(frozen=True)
class _Cue:
    start_s: float
    end_s: float
    text: str


class SubtitleReader:
    """Reads SRT and WebVTT. Cues become one passage up to the end of a sentence, or some 30 seconds."""

    name = "subtitles"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage]:
        check_size(data, MOST_BYTES, name)
        text = text_of(data)
        cues = _cues(text.replace("\r\n", "\n").replace("\r", "\n")) if text is not None else []
        if not cues:
            raise MediaError(f"{name} holds no times such as 00:01:02,500 --> 00:01:04,000", "damaged")
        return _joined(cues, most_tokens)


def _cues(text: str) -> list[_Cue]:
    if text.startswith("WEBVTT"):  # SRT has no notes, but people who say so
        text = _NOTE.sub("\n", text)
    found = list(_CUE.finditer(text))
    cues = []
    for one, after in zip_longest(found, found[1:]):
        said = (
            text[one.end() : after.start() if after else len(text)].strip("\n").partition("\n\n")[0]
        )  # the rest is the name of the next
        said = html.unescape(_TAGS.sub("", _VOICE.sub(r"\1: ", said)))
        said = without_data(" ".join(said.split()))
        start_s, end_s = _seconds(one.groups()[:4]), _seconds(one.groups()[4:])
        if said and end_s >= start_s:
            cues.append(_Cue(start_s, end_s, said))
    return sorted(cues, key=lambda cue: cue.start_s)


def _seconds(told: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, thousandths = (one or "0" for one in told)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + int(thousandths.ljust(3, "0")) / 1000


def _joined(cues: list[_Cue], most_tokens: int) -> Iterator[Passage]:
    gathered: list[_Cue] = []
    tokens = 0
    for cue in cues:
        more = likely_tokens(cue.text)
        is_long = gathered and cue.end_s - gathered[0].start_s > LONGEST_S
        if gathered and (is_long or tokens + more > most_tokens):
            yield _passage(gathered)
            gathered, tokens = [], 0
        gathered.append(cue)
        tokens += more
        if cue.end_s - gathered[0].start_s > LONGEST_S / 2 and _SENTENCE_END.search(cue.text):
            yield _passage(gathered)
            gathered, tokens = [], 0
    if gathered:
        yield _passage(gathered)


def _passage(cues: list[_Cue]) -> Passage:
    texts = [cue.text for cue in cues]
    said = [
        one for one, before in zip(texts, ["", *texts], strict=False) if one != before
    ]  # rolled up, one comes twice
    place = Excerpt(start_s=cues[0].start_s, end_s=max(cue.end_s for cue in cues))
    return Passage(" ".join(said), place)
