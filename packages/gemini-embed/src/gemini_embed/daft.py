"""Daft: a data frame indexed, and `embed_text` and `embed_image` by an `Embedder` (`pip install "gemini-embed[daft]"`).

The work is `gemini_embed.scale`'s and the embedder's; here is what Daft needs to be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Unpack

from gemini_embed.checks import whole
from gemini_embed.content import Image
from gemini_embed.errors import ConfigurationError, missing_extra
from gemini_embed.scale import IndexStage, ScaleReport
from gemini_embed.scale.index_stage import REPORTED
from gemini_embed.scale.jobs import RowOptions, index_rows
from gemini_embed.scale.sharing import Share

try:
    import daft as _daft
    from daft.ai.protocols import ImageEmbedderDescriptor, TextEmbedderDescriptor
    from daft.ai.provider import Provider
    from daft.ai.typing import EmbeddingDimensions, UDFOptions
except ImportError as error:
    raise missing_extra("daft", "daft") from error

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder
    from gemini_embed.index import MultimodalIndex


def index_dataframe(
    df: Any,
    index: MultimodalIndex,
    *,
    workers: int = 1,
    share: Share | None = None,
    batch_size: int = 500,
    **options: Unpack[RowOptions],
) -> ScaleReport:
    """Add the rows of a data frame to an index; runs at once, and returns when all is written.

    Each batch is embedded and written in one step, so a run that was killed goes on when it is started again. `options`
    are those of `IndexStage`: `content`, `source`, `metadata`, `title`, `on_error`, and `replace`; with `replace=False`
    what is outdated is removed at the end (`index.tidy`).

    Args:
        index: in this process (one worker on Daft's own runner) over any store that pickles, else over a server's.
        workers: more than one are processes, or actors on Ray, each with an index of its own.
        share: of the quota; None: all of it for one worker, an equal part for each of several.
        batch_size: rows embedded and written together; the most that is billed again when a worker is killed.

    Raises:
        StoreError: an embedded store, before anything runs.
    """
    workers = whole("workers", workers) or 1
    if share is None:
        share = 1 / workers if index.embedder.rate_limits is not None else 1.0

    def run(stage: IndexStage) -> ScaleReport:
        names = stage.columns.wanted(df.column_names)
        each = _daft.method.batch(
            method=_Indexing.each, return_dtype=_reported(), batch_size=whole("batch_size", batch_size)
        )
        made = type("_Indexing", (_Indexing,), {"each": each})
        indexing = _daft.cls(made, max_concurrency=workers, use_process=workers > 1)
        rows = df.select(indexing(stage, names).each(*(_daft.col(name) for name in names)).alias("report"))
        return ScaleReport.of(_reports(rows))

    return index_rows(index, share, run, **options)


def _reported() -> Any:
    """The type of a report."""
    of = _daft.DataType
    kinds = {str: of.string(), int: of.int64(), float: of.float64(), bool: of.bool()}
    return of.struct({name: kinds[kind] for name, kind in REPORTED.items()})


def _reports(rows: Any) -> Iterator[Any]:
    for partition in rows.to_arrow_iter():
        yield {name: partition.column("report").field(name).to_pylist() for name in REPORTED}


class _Indexing:
    """A stage as a class of Daft's."""

    def __init__(self, stage: IndexStage, names: list[str]) -> None:
        self._stage, self._names = stage, names

    def each(self, *columns: Any) -> Any:
        """A batch, as Series; a struct for each row comes back."""
        batch = {name: column.to_pylist() for name, column in zip(self._names, columns, strict=True)}
        report = self._stage(batch)
        return [
            dict(zip(REPORTED, values, strict=True))
            for values in zip(*(report[name].tolist() for name in REPORTED), strict=True)
        ]


class GeminiProvider(Provider):  # type: ignore[misc]  # daft is not installed where types are checked
    """Daft's `embed_text` and `embed_image` by an embedder: its model, size, conditioning, quotas, retries and cache.

        daft.attach_provider(GeminiProvider(embedder))
        df.with_column("vector", embed_text(daft.col("text"), provider="gemini-embed"))

    The embedder pickles without its key: workers of a cluster look for it in their environment.

    Args:
        embedder: an `Embedder`.
        side: "document" or "query": how texts are conditioned.
    """

    def __init__(self, embedder: Embedder, *, side: str = "document", name: str = "gemini-embed") -> None:
        self._embedder, self._side, self._name = embedder, side, name

    @property
    def name(self) -> str:
        """As `provider=` calls it."""
        return self._name

    def get_text_embedder(
        self, model: str | None = None, dimensions: int | None = None, **options: Any
    ) -> TextEmbedderDescriptor:
        """For `embed_text`; `options` are Daft's (`batch_size`, `on_error`)."""
        return _Texts(*self._checked(model, dimensions), self._side, self._name, options)

    def get_image_embedder(self, model: str | None = None, **options: Any) -> ImageEmbedderDescriptor:
        """For `embed_image`."""
        return _Images(*self._checked(model, None), self._side, self._name, options)

    def _checked(self, model: str | None, dimensions: int | None) -> tuple[Embedder, int]:
        embedder = self._embedder
        if model is not None and model.removeprefix("models/") != embedder.model:
            raise ConfigurationError(f"model={model!r}: this provider's embedder has {embedder.model!r}")
        size = embedder.fingerprint.dimensions
        if dimensions is not None and dimensions != size:
            raise ConfigurationError(f"dimensions={dimensions}: this provider's embedder makes {size}")
        return embedder, size


class _Described:
    """What Daft asks of a descriptor."""

    def __init__(self, embedder: Embedder, size: int, side: str, provider: str, options: dict[str, Any]) -> None:
        self._embedder, self._size, self._side, self._provider = embedder, size, side, provider
        self._options = {"batch_size": 250, **options}

    def get_provider(self) -> str:
        return self._provider

    def get_model(self) -> str:
        return self._embedder.model

    def get_options(self) -> dict[str, Any]:
        return dict(self._options)

    def get_dimensions(self) -> EmbeddingDimensions:
        return EmbeddingDimensions(size=self._size, dtype=_daft.DataType.float32())

    def get_udf_options(self) -> UDFOptions:
        told = {
            name: value for name, value in self._options.items() if name in ("batch_size", "on_error", "concurrency")
        }
        return UDFOptions(max_retries=0, **told)  # the embedder tries again by itself

    def is_async(self) -> bool:
        return True

    def instantiate(self) -> _Embedding:
        return _Embedding(self._embedder, self._side)


class _Texts(_Described, TextEmbedderDescriptor):  # type: ignore[misc]  # daft is not installed where types are checked
    """For `embed_text`."""


class _Images(_Described, ImageEmbedderDescriptor):  # type: ignore[misc]  # daft is not installed where types are checked
    """For `embed_image`."""


class _Embedding:
    """What works in a worker."""

    def __init__(self, embedder: Embedder, side: Any) -> None:
        self._embedder, self._side = embedder, side

    async def embed_text(self, text: list[str]) -> list[Any]:
        return list((await self._embedder.aembed(text, side=self._side)).values)

    async def embed_image(self, images: list[Any]) -> list[Any]:
        from PIL import Image as Pictures

        contents = [Image(Pictures.fromarray(image)) for image in images]
        return list((await self._embedder.aembed(contents, side=self._side)).values)
