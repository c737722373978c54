"""Ray Data: a dataset embedded, or indexed, by a pool of actors (`pip install "gemini-embed[ray]"`).

The work is `gemini_embed.scale`'s; here is what Ray needs to be told: blocks small enough for all actors to have some,
a pool of them, and a named actor that shares the quota.
"""

from __future__ import annotations

import hashlib
import pickle
import secrets
import time
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Unpack

from gemini_embed.checks import positive_number, whole
from gemini_embed.errors import ConfigurationError, GeminiEmbedError, missing_extra
from gemini_embed.quota import QuotaShares, RateLimits
from gemini_embed.result import OnError
from gemini_embed.scale import ContentColumns, EmbedStage, IndexStage, ScaleReport
from gemini_embed.scale.index_stage import REPORTED
from gemini_embed.scale.jobs import RowOptions, index_rows
from gemini_embed.scale.sharing import Share
from gemini_embed.scale.tables import Table

try:
    import ray as _ray
    import ray.data as _data
    from ray.exceptions import RayActorError
except ImportError as error:
    raise missing_extra("ray", "ray") from error

if TYPE_CHECKING:
    from ray.data import Dataset

    from gemini_embed.embedder import Embedder
    from gemini_embed.index import MultimodalIndex

NAMESPACE = "gemini_embed"
"""Of the actors that share quotas, so that all jobs of a cluster find them."""
_TOLD_S = 30.0
_AGAIN = "again-"


def index_dataset(
    ds: Dataset,
    index: MultimodalIndex,
    *,
    workers: int = 4,
    limits: RateLimits | str | None = None,
    batch_size: int = 500,
    num_cpus: float = 0.25,
    **options: Unpack[RowOptions],
) -> ScaleReport:
    """Add the rows of a dataset to an index, on `workers` actors; runs at once, and returns when all is written.

    Each batch is embedded and written in one step, so nothing that was paid is lost: when an actor dies Ray starts it
    again and repeats its batch, whose records are found in the store where they were written. After a failure, or the
    death of the driver, the same call goes on. Only small reports leave the actors. `options` are those of
    `IndexStage`: `content`, `source`, `metadata`, `title`, `on_error`, and `replace`; with `replace=False` what is
    outdated is removed at the end (`index.tidy`).

    Args:
        index: over a store that all actors reach, a server's. No key travels with it: actors look for theirs in the
            environment they run in (Ray's `runtime_env`; on one machine, that of who started Ray).
        workers: actors.
        limits: of the project for the model, shared by those at work, those of other jobs too; None: the embedder's
            `rate_limits`, and where it has none every actor learns what it is refused.
        batch_size: rows embedded and written together; the most that is billed again when an actor is killed.
        num_cpus: of each actor. Embedding waits for the service most of the time.

    Raises:
        StoreError: an embedded store, before anything runs; a store that is away for longer than it is waited for.
        QuotaUsedUpError: for today; it says until when.
    """

    def run(stage: IndexStage) -> ScaleReport:
        known, rows = ds.schema(fetch_if_missing=False), ds
        if known is not None:  # what is not read need not be moved, nor come from the disk
            rows = ds.select_columns([name for name in stage.columns.wanted(known.names) if name in known.names])
        done = _mapped(rows, _Indexing, stage, workers, batch_size, num_cpus)
        reports = _Reports(done.iter_batches(batch_size=None, batch_format="pyarrow", prefetch_batches=0))
        report = ScaleReport.of(reports)
        report.workers_lost = len(reports.started_again)
        return report

    return index_rows(index, _share(index.embedder, limits, workers), run, **options)


def embed_dataset(
    ds: Dataset,
    embedder: Embedder,
    *,
    content: ContentColumns = "text",
    vector: str = "vector",
    title: str | None = None,
    workers: int = 4,
    limits: RateLimits | str | None = None,
    batch_size: int = 256,
    num_cpus: float = 0.25,
    on_error: OnError = "skip",
) -> Dataset:
    """The dataset with a column of vectors, and one of errors (`EmbedStage`); lazily, as Ray's own operations.

    What Ray loses before it has written is paid again, a block at a time: give the embedder a `cache=` on each machine,
    or index in one step (`index_dataset`). Errors of the stage come in Ray's, as their cause. Rows may come in another
    order, as always with Ray.
    """
    share = _share(embedder, limits, workers)
    stage = EmbedStage(embedder, content=content, title=title, vector=vector, on_error=on_error, share=share)
    return _mapped(ds, _Embedding, stage, workers, batch_size, num_cpus)


class RayBroker:
    """A `gemini_embed.scale.Broker` in a named actor, which all workers of all jobs of the cluster find.

    It takes no CPU, and ends with who made it, as a driver does that has called `start`; who is at work then makes
    another.

    Args:
        limits: of the project for the model, as `RateLimits` or a tier's name; those of who makes the actor hold.
        name: of the quota.
        workers: see `FileBroker`.
        beat_s: seconds, see `FileBroker`.
    """

    def __init__(self, limits: RateLimits | str, *, name: str = "quota", workers: int = 1, beat_s: float = 1.0) -> None:
        told = RateLimits.of(limits)
        if told is None:
            raise ConfigurationError("limits=None: a quota that is not known cannot be shared; workers learn it alone")
        self.limits, self.name = told, name
        self.workers, self.beat_s = whole("workers", workers) or 1, positive_number("beat_s", beat_s)
        self._actor: Any = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_actor": None}

    def start(self) -> None:
        """Make the actor now, where nobody has: one that a worker makes goes with that worker."""
        options = {"name": self.name, "namespace": NAMESPACE, "get_if_exists": True, "num_cpus": 0, "max_restarts": -1}
        self._actor = _ray.remote(_Shares).options(**options).remote(self.limits, self.workers, self.beat_s)

    def beat(self, worker: str, refusals: int) -> RateLimits:
        """See `Broker.beat`."""
        found: RateLimits = self._told("beat", worker, refusals)
        return found

    def leave(self, worker: str) -> None:
        """See `Broker.leave`."""
        self._told("leave", worker)

    def at_work(self) -> int:
        """How many workers are."""
        return int(self._told("at_work"))

    def _told(self, method: str, *arguments: Any) -> Any:
        if self._actor is None:
            self.start()
        try:
            return _ray.get(getattr(self._actor, method).remote(*arguments), timeout=_TOLD_S)
        except RayActorError:  # who made it has ended
            self.start()
            return _ray.get(getattr(self._actor, method).remote(*arguments), timeout=_TOLD_S)


class _Shares:
    """What the named actor holds."""

    def __init__(self, limits: RateLimits, workers: int, beat_s: float) -> None:
        self._shares = QuotaShares(limits, workers, beat_s)

    def beat(self, worker: str, refusals: int) -> RateLimits:
        return self._shares.beat(worker, refusals, time.monotonic())

    def leave(self, worker: str) -> None:
        self._shares.leave(worker)

    def at_work(self) -> int:
        return self._shares.at_work(time.monotonic())


class _Embedding:
    """A stage in an actor: Ray makes an actor of a class, and a task of each batch of anything else."""

    def __init__(self, stage: EmbedStage | IndexStage) -> None:
        self._stage = stage

    def __call__(self, batch: Any) -> Any:
        return self._stage(batch)


class _Indexing(_Embedding):
    """Says beside each report which worker made it, and whether that one had a predecessor; an error is a report too:
    of what a worker raises, Ray hands on the text alone."""

    def __init__(self, stage: IndexStage) -> None:
        super().__init__(stage)
        again = _ray.get_runtime_context().was_current_actor_reconstructed
        self._worker = f"{_AGAIN if again else ''}{secrets.token_hex(4)}"

    def __call__(self, batch: Any) -> Any:
        import pyarrow as pa

        error = None
        try:
            report = super().__call__(batch)
        except GeminiEmbedError as failed:
            failed.completed = None  # it is in the store, and may be large
            nothing = {name: [None if kind is str else kind()] for name, kind in REPORTED.items()}
            error, report = pickle.dumps(failed), Table.of(batch).made(nothing, REPORTED)
        rows = report.num_rows
        report = report.append_column("worker", pa.array([self._worker] * rows, pa.string()))
        return report.append_column("error", pa.array([error] * rows, pa.binary()))


class _Reports:
    """Reports on their way, and which workers were started again: one that did no batch is not seen."""

    def __init__(self, reports: Iterable[Any]) -> None:
        self._reports = reports
        self.started_again: set[str] = set()

    def __iter__(self) -> Iterator[Any]:
        for report in self._reports:
            for worker, error in {*zip(report["worker"].to_pylist(), report["error"].to_pylist(), strict=True)}:
                if error is not None:
                    raise pickle.loads(error)  # noqa: S301 - our own worker made it
                if worker.startswith(_AGAIN):
                    self.started_again.add(worker)
            yield report


def _mapped(ds: Dataset, worker: type, stage: Any, workers: int, batch_size: int, num_cpus: float) -> Dataset:
    """By blocks of a batch each, made as rows come: small files end up in one block, and one worker would do it all."""
    size = whole("batch_size", batch_size) or 1
    return ds.repartition(target_num_rows_per_block=size).map_batches(
        worker,
        fn_constructor_args=(stage,),
        batch_size=size,
        batch_format="pyarrow",
        compute=_data.ActorPoolStrategy(size=whole("workers", workers)),
        num_cpus=positive_number("num_cpus", num_cpus),
    )


def _share(embedder: Embedder, limits: RateLimits | str | None, workers: int) -> Share:
    told = RateLimits.of(limits) or embedder.rate_limits
    if told is None:
        return 1.0
    quota = hashlib.sha256(repr((embedder.model, embedder.backend, told)).encode()).hexdigest()[:16]
    broker = RayBroker(told, name=f"quota-{quota}", workers=workers)
    broker.start()
    return broker
