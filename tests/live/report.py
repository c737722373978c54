"""What came out, in Markdown for people and in JSON. A key is in neither."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .facts import Verdict, usd
from .running import Row
from .unasked import UNASKED

_MARKS: dict[Verdict, str] = {
    "confirmed": "confirmed",
    "refuted": "**REFUTED**",
    "not decidable": "not decidable",
    "not asked": "not asked",
}
_MODALITIES = {"TEXT": "text", "IMAGE": "image", "DOCUMENT": "image", "AUDIO": "audio", "VIDEO": "video"}


@dataclass
class Report:
    """Of one run. `secrets`, and what is to stand in their places, are taken out of everything that is written."""

    when: str
    against: str
    is_real: bool
    limit_usd: float
    bound_usd: float
    facts: list[Row]
    congruence: list[Row]
    usage: dict[str, int]
    refusals: list[str] = field(default_factory=list)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def seen_usd(self) -> float:
        """What the replies told of tokens, at the standard price; without batch jobs and replies that tell none."""
        return sum(usd(**{_MODALITIES.get(name, "text"): count}) for name, count in self.usage.items())

    @property
    def is_good(self) -> bool:
        """Whether nothing was refuted, and nothing differs."""
        return not any(row.verdict == "refuted" for row in (*self.facts, *self.congruence))

    def json(self) -> str:
        """For programs."""
        told = {name: value for name, value in asdict(self).items() if name != "secrets"}
        unasked = [asdict(one) | {"verdict": "not decidable"} for one in UNASKED]
        return self.clean(json.dumps({**told, "seen_usd": self.seen_usd, "unasked": unasked}, indent=1) + "\n")

    def markdown(self) -> str:
        """For people, what was refuted first."""
        return self.clean("\n".join(self._lines()) + "\n")

    def write(self, folder: Path) -> list[Path]:
        """`report.md` and `report.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        written = {folder / "report.md": self.markdown(), folder / "report.json": self.json()}
        for path, text in written.items():
            path.write_text(text, "utf-8")
        return list(written)

    def summary(self) -> str:
        """One line."""
        facts, cases = (Counter(row.verdict for row in rows) for rows in (self.facts, self.congruence))
        told = ", ".join(f"{facts[name]} {name}" for name in _MARKS if facts[name])
        equal = f"{cases['confirmed']} of {len(self.congruence)} requests answered equally"
        return f"{len(self.facts)} facts: {told}. {equal}."

    def _lines(self) -> Iterable[str]:
        yield "# What the service says of what we assume"
        yield ""
        if not self.is_real:
            yield f"> **This was not the real service.** {self.against} stood in for it: what is confirmed here shows"
            yield "> that the probes run, and nothing about Google."
            yield ""
        yield f"{self.when}, against {self.against}. Price limit ${self.limit_usd:.2f}; what was asked could cost"
        yield f"${self.bound_usd:.4f} at most; the replies told of tokens for ${self.seen_usd:.4f}. {self.summary()}"
        yield ""
        yield "## Facts"
        yield ""
        yield "| fact | came out | seen | assumed in |"
        yield "|---|---|---|---|"
        order = list(_MARKS)
        for row in sorted(self.facts, key=lambda one: (one.verdict != "refuted", order.index(one.verdict))):
            yield f"| {row.fact} (`{row.name}`) | {_MARKS[row.verdict]} | {_cell(row.seen)} | `{row.assumed}` |"
        for one in UNASKED:
            yield f"| {one.fact} (`{one.name}`) | not decidable | {one.why} | `{one.assumed}` |"
        yield ""
        yield "## The emulator beside it"
        yield ""
        yield "| request | came out | |"
        yield "|---|---|---|"
        for row in sorted(self.congruence, key=lambda one: one.verdict == "confirmed"):
            came = {"confirmed": "equal", "refuted": "**DIFFERS**"}.get(row.verdict, row.verdict)
            yield f"| {row.name} | {came} | {'' if came == 'equal' else _cell(row.seen)} |"
        yield ""
        yield "## Refusals for a quota (429)"
        yield ""
        yield from (f"```json\n{body.strip()}\n```" for body in self.refusals[:3])
        yield f"{len(self.refusals) or 'none'}" if not self.refusals[:3] else f"{len(self.refusals)} in all"

    def clean(self, text: str) -> str:
        """Without the secrets."""
        for secret, name in self.secrets.items():
            text = text.replace(secret, name) if secret else text
        return text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")[:400]
