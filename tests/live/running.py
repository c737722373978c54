"""Probes and comparisons one after another, within a price limit."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from . import congruence, job_probes, jobs, limits, options, refusals, vertex
from .asking import Service, UndecidedError
from .congruence import Case
from .facts import Backend, Probe, Verdict

_cheap_first = sorted(limits.PROBES, key=lambda probe: probe.usd)
PROBES: Sequence[Probe] = [
    *options.PROBES,
    *vertex.PROBES,
    *_cheap_first,
    *job_probes.PROBES,
    *refusals.PROBES,
]
"""In the order they are asked: jobs run while the others are, and what is dear comes late."""
EQUAL = "The emulator answers as the service does."


@dataclass
class Row:
    """What came of one probe or comparison."""

    name: str
    fact: str
    assumed: str
    sends: str
    verdict: Verdict
    seen: str
    usd: float
    requests: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Purse:
    """What may be spent: each thing that is asked takes its bound out, whatever it costs in the end."""

    limit_usd: float
    spent_usd: float = 0.0

    def take(self, usd: float) -> bool:
        """Whether there is so much left; then it is taken."""
        if self.spent_usd + usd > self.limit_usd:
            return False
        self.spent_usd += usd
        return True


Told = Callable[[Row], None]


def bound_usd(cases: Sequence[Case], probes: Sequence[Probe]) -> float:
    """What all of these can cost together."""
    return sum(one.usd for one in cases) + sum(one.usd for one in probes)


def asked(
    services: Mapping[Backend, Service | str], purse: Purse, told: Told, probes: Sequence[Probe] = PROBES
) -> None:
    """Tell a row for each probe. In the place of a service: why there is none."""
    developer = services["developer"]
    of_jobs = [one for one in probes if one in job_probes.PROBES]
    paid = bool(of_jobs) and isinstance(developer, Service) and purse.take(sum(one.usd for one in of_jobs))
    try:
        if paid and isinstance(developer, Service):
            developer.forget()
            jobs.begin(developer)
        for probe in probes:
            told(_row(probe, services[probe.backend], purse, paid=paid and probe in of_jobs))
    finally:
        if isinstance(developer, Service):
            for left in jobs.end(developer):
                told(Row("left-behind", f"All that was made is deleted: {left}", "", "", "not decidable", left, 0.0))


def side_by_side(
    services: Mapping[Backend, Service | str],
    emulators: Mapping[Backend, Service],
    cases: Sequence[Case],
    purse: Purse,
    told: Told,
) -> None:
    """Tell a row for each request that is sent to both."""
    for case in cases:
        row = Row(case.name, EQUAL, "gemini_embed_emulator", f"POST {case.path}", "not asked", "", case.usd)
        service = services[case.backend]
        row.seen = service if isinstance(service, str) else _too_dear(case.usd, purse)
        started = time.monotonic()
        if isinstance(service, Service) and not row.seen:
            try:
                found = congruence.compared(case, service, emulators[case.backend])
                row.verdict, row.seen = ("refuted", "; ".join(found[:5])) if found else ("confirmed", "equal")
            except UndecidedError as error:
                row.verdict, row.seen = "not decidable", str(error)
        row.seconds = time.monotonic() - started
        told(row)


def _row(probe: Probe, service: Service | str, purse: Purse, *, paid: bool) -> Row:
    row = Row(probe.name, probe.fact, probe.assumed, probe.sends, "not asked", "", probe.usd)
    if isinstance(service, str):
        row.seen = service
        return row
    if not paid and (dear := _too_dear(probe.usd, purse)):
        row.seen = dear
        return row
    service.forget()
    started = time.monotonic()
    try:
        row.verdict, row.seen = probe.decide(service)
    except UndecidedError as error:
        row.verdict, row.seen = "not decidable", str(error)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        row.verdict, row.seen = "not decidable", f"a reply of another shape: {type(error).__name__}: {error}"
    row.requests = list(service.sent) or list(jobs.of(service).begun)
    row.seconds = time.monotonic() - started
    return row


def _too_dear(usd: float, purse: Purse) -> str:
    if purse.take(usd):
        return ""
    return f"it may cost ${usd:.4f}, and ${purse.limit_usd - purse.spent_usd:.4f} of the limit are left"
