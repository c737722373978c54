"""What came of one job, as whoever waits for it is told, and as the ledger keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gemini_embed.batch_jobs.rows import JobRow, Outcome
from gemini_embed.result import Usage
from gemini_embed.wire.batch_answers import LineError
from gemini_embed.wire.batch_jobs import JobReport


@dataclass(frozen=True)
class Collected:
    """What came of one job."""

    row: JobRow
    report: JobReport
    vectors: int = 0
    usage: Usage = field(default_factory=Usage)
    usd: float = 0.0
    refused: Mapping[bytes, LineError] = field(default_factory=dict)
    again: Mapping[bytes, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def failure(self) -> str:
        """Why the job as a whole brought nothing or not all; "" when it did what it could."""
        if self.report.state == "succeeded" and self.report.error is None:
            return ""
        reason = self.report.error.message if self.report.error else ""
        return f"{self.report.state}{': ' if reason else ''}{reason}"

    @property
    def note(self) -> str:
        """What the ledger keeps of it, without a word of the contents."""
        brought = [f"{self.vectors:,} of {self.row.items or self.vectors:,} vectors"]
        brought += [f"{len(self.refused):,} refused"] if self.refused else []
        brought += [f"{len(self.again):,} without an answer to be used"] if self.again else []
        return f"{self.row.name}: {self.failure or self.report.state} ({', '.join(brought)})"

    @property
    def outcome(self) -> Outcome:
        """The same in numbers."""
        return Outcome(state=self.report.state, vectors=self.vectors, tokens=self.usage.prompt_tokens, usd=self.usd)
