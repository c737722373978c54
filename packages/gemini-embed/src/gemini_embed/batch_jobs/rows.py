"""One job as the ledger has it, and its columns in the table."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemini_embed.batch_jobs.names import KEY_BYTES
from gemini_embed.wire.batch_jobs import JobState

RowState = Literal["intended", "created", "collected", "lost"]
UNDER_WAY: frozenset[RowState] = frozenset({"intended", "created"})

COLUMNS = (
    "display_name, run, part, service, model, state, name, input_ref, is_sent, keys, checks, likely, usd, attempt, "
    "refs, note, outcome, created_at, size"
)
LIGHT = COLUMNS.replace("keys, checks", "x'', x''")
"""The same without what is large: no keys, and no vectors."""
MARKS = ",".join("?" * len(COLUMNS.split(",")))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a job: the state it ended in, how many vectors, what they were counted at (None: nobody told) and
    what they cost, in USD; and whether its files and its record are to stay at the service."""

    state: JobState
    vectors: int = 0
    tokens: int | None = None
    usd: float = 0.0
    kept: bool = False


@dataclass(frozen=True, kw_only=True)
class JobRow:
    """One job, as the ledger has it.

    Attributes:
        service: whose it is: backend and service, as keys of the cache have it. model: bare name.
        name: what the service calls it; None until it is known to be created.
        input_ref: its input file; None until that is uploaded.
        is_sent: whether a request to create it may have been sent, and was not refused; False again once nothing of it
            is left at the service. A job that is created and was not sent is another ledger's, which takes it away.
        keys: of its lines.
        checks: vectors of some of its lines, had online, as served: what its answers are compared with.
        likely: tokens by modality, a likely count. usd: their price in a batch.
        attempt: how often its lines were in a job before, and failed.
        refs: uploaded media that its lines need.
        note: why it is lost, or what came of it. outcome: the same in numbers, once it is collected.
        created_at: of this row, or of the request that creates its job, in seconds since 1970.
        size: numbers of a vector; None where nobody knows, as of a job that only a list has told of, or that an earlier
            version of the library has written.
    """

    display_name: str
    run: str
    part: int
    service: str
    model: str
    state: RowState = "intended"
    name: str | None = None
    input_ref: str | None = None
    is_sent: bool = False
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    checks: Mapping[bytes, NDArray[np.float32]] = field(default_factory=dict, repr=False)
    likely: Mapping[str, int] = field(default_factory=dict)
    usd: float = 0.0
    attempt: int = 0
    refs: tuple[str, ...] = ()
    note: str = ""
    outcome: Outcome | None = None
    created_at: float = field(default_factory=time.time)
    size: int | None = None

    @property
    def items(self) -> int:
        """Lines of the job."""
        return len(self.keys)

    @property
    def tokens(self) -> int:
        """Likely tokens of the job."""
        return sum(self.likely.values())

    def may_have(self, size: int | None) -> bool:
        """Whether its vectors may be of this size; None is any."""
        return size is None or self.size in (None, size)

    @property
    def is_under_way(self) -> bool:
        """Whether its keys are taken."""
        return self.state in UNDER_WAY

    @property
    def is_foreign(self) -> bool:
        """Whether another ledger has created it, and is to take it away: it is neither cancelled nor deleted, unless
        somebody says so."""
        return self.state == "created" and not self.is_sent

    def is_younger(self, seconds: float) -> bool:
        """Whether it was created less than so many seconds ago: the service may not show it yet. Clocks may differ."""
        return abs(time.time() - self.created_at) <= seconds

    @property
    def is_left(self) -> bool:
        """Whether the service has something of a job that is over: files, or its record."""
        return not self.is_under_way and bool(self.input_ref or self.refs or (self.name and self.is_sent))


def values_of(row: JobRow) -> tuple[object, ...]:
    """What the columns hold for a row."""
    return (
        row.display_name, row.run, row.part, row.service, row.model, row.state, row.name, row.input_ref,
        int(row.is_sent), b"".join(row.keys), _packed(row.checks), json.dumps(dict(row.likely)), row.usd, row.attempt,
        json.dumps(row.refs), row.note, told_outcome(row.outcome), row.created_at, row.size,
    )  # fmt: skip


def told_outcome(outcome: Outcome | None) -> str:
    """An outcome as its column holds it."""
    return json.dumps(asdict(outcome)) if outcome else ""


def row_of(values: Sequence[object]) -> JobRow:
    """The row of what the columns hold."""
    told = dict(zip(COLUMNS.split(", "), values, strict=True))
    told |= {"is_sent": bool(told["is_sent"]), "likely": json.loads(str(told["likely"]))}
    keys, checks = told["keys"], told["checks"]
    assert isinstance(keys, bytes) and isinstance(checks, bytes)  # noqa: S101, PT018  # blobs; tells the type checker
    told |= {"refs": tuple(json.loads(str(told["refs"]))), "checks": _unpacked(checks)}
    told["outcome"] = Outcome(**json.loads(str(told["outcome"]))) if told["outcome"] else None
    told["keys"] = tuple(keys[start : start + KEY_BYTES] for start in range(0, len(keys), KEY_BYTES))
    return JobRow(**told)  # type: ignore[arg-type]  # columns as they were written


def _packed(checks: Mapping[bytes, NDArray[np.float32]]) -> bytes:
    """How many, then each key with its vector, all of one length."""
    if not checks:
        return b""
    return len(checks).to_bytes(4, "big") + b"".join(
        key + vector.astype("<f4", copy=False).tobytes() for key, vector in checks.items()
    )


def _unpacked(blob: bytes) -> dict[bytes, NDArray[np.float32]]:
    if not blob:
        return {}
    count, held = int.from_bytes(blob[:4], "big"), blob[4:]
    size = len(held) // count
    pieces = (held[start : start + size] for start in range(0, len(held), size))
    return {piece[:KEY_BYTES]: np.frombuffer(piece[KEY_BYTES:], dtype="<f4") for piece in pieces}
