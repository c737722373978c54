"""What `verify` found of a target, and whether it may take the source's place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gemini_embed.hits import Hits
from gemini_embed.migrating.report import counted

NEIGHBOURS = 10
MAX_SUSPECTS = 0.01
"""The share of a sample that may be suspect, unless told otherwise: texts that differ in a date only look so too."""
_NAMED = 20


@dataclass(frozen=True)
class Verification:
    """What `verify` found; true where the target may take the source's place.

    Attributes:
        source, target: records by modality.
        sources: how many sources they are of, in the one and the other.
        missing: ids of the source's that are not in the target, though they could be.
        left_out: those that cannot be embedded anew, by reason.
        extra: records of the target that are not the source's, such as those added since.
        different: ids of the target's whose text or metadata are not those of the source.
        damaged: ids of the target's whose vectors are of no length, not finite or not of the length they should have.
        self_retrieval: share of the sampled texts that find their own record first, asked as queries; None: no texts.
        overlap: of the 10 neighbours of a sampled record in the source, the share that are its neighbours in the target
            too. Two models differ, so 1.0 is not to be expected; 0.4 to 0.8 is common.
        suspects: ids of the target's that their own text does not find among 10, and whose neighbours are not those of
            the source either.
        max_suspects: the share of the sample that may be so, and the whole passes.
        answers: what the target finds for the `queries`.
        norms: the least and the greatest length of a vector in the target.
    """

    source: Mapping[str, int]
    target: Mapping[str, int]
    sources: tuple[int, int]
    missing: tuple[str, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    extra: int = 0
    different: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    self_retrieval: float | None = None
    overlap: float | None = None
    sampled: int = 0
    suspects: tuple[str, ...] = ()
    max_suspects: float = MAX_SUSPECTS
    answers: Mapping[str, Hits] = field(default_factory=dict)
    norms: tuple[float, float] | None = None
    dimensions: int = 0

    @property
    def passed(self) -> bool:
        """Whether nothing is missing, different or damaged, not too much suspect, and there is something at all."""
        wrong = self.missing or self.different or self.damaged or self._too_many_suspects
        return not wrong and sum(self.target.values()) > 0

    @property
    def _too_many_suspects(self) -> bool:
        return len(self.suspects) > self.sampled * self.max_suspects

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        return "\n".join(f"{name:14} {value}" for name, value in self._lines())

    def __repr__(self) -> str:
        return f"<Verification: {'passed' if self.passed else 'FAILED'}, {sum(self.target.values()):,} records>"

    def _lines(self) -> Iterator[tuple[str, str]]:
        although = f", with {len(self.suspects):,} suspect" if self.passed and self.suspects else ""
        yield "verified", f"passed{although}" if self.passed else "FAILED"
        yield "source", f"{counted(self.source)}; {self.sources[0]:,} sources"
        yield "target", f"{counted(self.target)}; {self.sources[1]:,} sources"
        if self.left_out:
            yield "left out", counted(self.left_out)
        if self.extra:
            yield "more", f"{self.extra:,} in the target only"
        for name in ("missing", "different", "damaged", "suspects"):
            ids: tuple[str, ...] = getattr(self, name)
            if ids:
                yield name, f"{len(ids):,}: {', '.join(ids[:_NAMED])}{', …' if len(ids) > _NAMED else ''}"
        if self.suspects:
            share, most = len(self.suspects) / self.sampled, f"{self.max_suspects:.3g}"
            judged = f"more than max_suspects={most}" if self._too_many_suspects else f"max_suspects={most} lets pass"
            alike = "look at them: texts that differ in a date only are found so, and so are vectors of another text"
            yield "", f"{share:.1%} of the sample, {judged}; {alike}"
        if self.sampled:
            found = "no texts" if self.self_retrieval is None else f"{self.self_retrieval:.2f}"
            shared = "" if self.overlap is None else f", overlap@{NEIGHBOURS} {self.overlap:.2f}"
            yield (
                "sample",
                f"{self.sampled:,} of {sum(self.target.values()):,} records: self-retrieval@1 {found}{shared}",
            )
        if self.norms is not None:
            yield "vectors", f"{self.dimensions} numbers, lengths {self.norms[0]:.4g} to {self.norms[1]:.4g}"
        for query, hits in self.answers.items():
            yield "query", f"{query!r}: {hits[0] if hits else 'nothing'}"
