"""One job: what it was asked for, how far it is, and its answers, whose vectors are made when they are asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from gemini_embed_emulator.http import encode

from .answers import SHUFFLED_ABOVE, arranged
from .lines import Line, LineError, ReadLine, Survey
from .plan import Entry
from .states import Course, State

_AT_ONCE = 50
"""Lines of a result that are made together: some 80 kB at 128 values, 2 MB at 3072."""

Form = Callable[[Line, dict[str, Any] | LineError], dict[str, Any]]
"""A line of a result: that whose key it has, and the response or the error."""


@dataclass(eq=False)
class Job:
    """A batch job; times are seconds of the service's clock."""

    id: str
    model: str
    """Its name without a path."""
    display_name: str
    rows: Sequence[Any]
    """What it was given, as JSON."""
    read: ReadLine = field(repr=False)
    course: Course
    survey: Survey = field(repr=False)
    by_file: bool
    """Whether it was given a file, and gives one back."""
    n_bytes: int
    """What it was given, about; kept until the answers are gone."""
    priority: int = 0
    failure: LineError | None = None
    """Why it fails, whatever was planned."""
    settled: bool = False
    """Whether it is over, and on the bill."""
    input_name: str = ""
    """The file that it was given."""
    extra: dict[str, Any] = field(default_factory=dict)
    """What the API that made it wants to remember."""
    _counts: tuple[int, int, int] | None = field(default=None, repr=False)

    @cached_property
    def items(self) -> int:
        """Its lines or requests."""
        return len(self.rows)

    @cached_property
    def tokens(self) -> int:
        """Tokens of all of them."""
        return sum(self.survey.tokens)

    def state(self, now: float) -> State:
        """What it is at this time."""
        return self.course.state(now)

    def answered(self, now: float) -> int:
        """How many lines, from the first on, it has answered: all when it has succeeded, a part when it ended early."""
        state = self.state(now)
        if state == "SUCCEEDED":
            return self.items
        return int(self.items * self.course.plan.partial) if self.course.is_over(now) else 0

    def error(self, now: float) -> LineError | None:
        """Why it has not succeeded; None while it may, and when it has."""
        state = self.state(now)
        if state == "FAILED":
            return self.failure or LineError(self.course.plan.code, self.course.plan.message)
        if state == "CANCELLED":
            return LineError(1, "The operation was cancelled.")
        return LineError(4, "The batch has expired.") if state == "EXPIRED" else None

    def entries(self, now: float) -> list[Entry]:
        """Its answers, in the order in which they come back."""
        plan, count = self.course.plan, self.answered(now)
        shuffle = not self.by_file and count > SHUFFLED_ABOVE if plan.shuffle is None else plan.shuffle
        return arranged(plan, count, self.survey.errors, shuffle=shuffle)

    def counts(self, now: float) -> tuple[int, int, int]:
        """Requests that succeeded, failed, and are pending. Those that a result leaves out count as answered."""
        if not self.course.is_over(now):
            return 0, 0, self.items
        if self._counts is None:
            answered = self.answered(now)
            failed = len({entry.key for entry in self.entries(now) if entry.error is not None})
            self._counts = answered - failed, failed, 0
        return self._counts

    def billable(self, now: float) -> list[int]:
        """The lines, by their position, whose vectors are among the answers."""
        return sorted({entry.answer for entry in self.entries(now) if entry.error is None})

    def responses(self, now: float, form: Form) -> Iterator[dict[str, Any]]:
        """Its answers, each made when it is come to."""
        rows = self.rows
        for entry in self.entries(now):
            yield self._response(rows, entry, form)

    def _response(self, rows: Sequence[Any], entry: Entry, form: Form) -> dict[str, Any]:
        line = self._read(rows, entry.key)
        told = line if entry.answer == entry.key else self._read(rows, entry.answer)
        error = entry.error or told.error
        if error is None and told.answer is not None:
            response = form(line, told.answer())
        else:
            response = form(line, error or LineError(13, "An internal error has occurred."))
        if edit := self.course.plan.edit:
            edit(response)
        return response

    def _read(self, rows: Sequence[Any], position: int) -> Line:
        return self.survey.kept.get(position) or self.read(rows[position])

    def n_pieces(self, now: float) -> int:
        """How many `pieces` there are, about."""
        return -(-self.answered(now) // _AT_ONCE)

    def pieces(self, now: float, form: Form, part: slice = slice(None)) -> Iterator[bytes]:
        """The result file, some lines at a time; `part` of its lines where it is cut into several files."""
        entries, rows = self.entries(now)[part], self.rows  # which may be forgotten while they are read
        kept = self.course.plan.kept
        whole = int(len(entries) * kept)
        for start in range(0, whole, _AT_ONCE):
            yield b"".join(self._line(rows, entry, form) for entry in entries[start : min(start + _AT_ONCE, whole)])
        if whole < len(entries):
            line = self._line(rows, entries[whole], form)
            yield line[: len(line) // 2]

    def _line(self, rows: Sequence[Any], entry: Entry, form: Form) -> bytes:
        return encode(self._response(rows, entry, form), pretty=False) + b"\n"

    def copied(self) -> Job:
        """The same, whose answers can be had after this one has forgotten them."""
        return replace(self, survey=replace(self.survey, kept={**self.survey.kept}))

    def forget(self) -> None:
        """Let go of what it was given, and with it of the answers; the record stays."""
        _ = self.items, self.tokens
        self.rows, self.n_bytes = (), 0
        self.survey.kept.clear()


def size_of(rows: Sequence[Any]) -> int:
    """Bytes of what a job is given, about."""
    known = getattr(rows, "n_bytes", None)
    return known if isinstance(known, int) else len(json.dumps(rows, default=str))
