"""`GeminiEmbedding`: the core's `Embedder` in LlamaIndex's words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack

from llama_index.core.base.embeddings.base import Embedding
from llama_index.core.bridge.pydantic import BaseModel, Field, PrivateAttr, TypeAdapter, field_serializer
from llama_index.core.callbacks.base import CallbackManager
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.embeddings.gemini_embed.arguments import Official, embedder_options, understood
from llama_index.embeddings.gemini_embed.doors import QUERY, Doors

from gemini_embed import BatchLimits, ConfigurationError, Embedder, InputError, RateLimits, RetryPolicy
from gemini_embed.adapters import DEFAULT_MODEL, EmbedderOptions, hides_arguments, likely_media_tokens, to_config
from gemini_embed.content import ContentLike
from gemini_embed.tasks import Side

if TYPE_CHECKING:
    from gemini_embed import BatchRun

MAX_EMBED_BATCH_SIZE = 2048
"""LlamaIndex's own limit for `embed_batch_size`."""
_HOOKS = tuple(
    f"_{prefix}{name}"
    for prefix in ("", "a")
    for name in ("get_text_embedding", "get_text_embeddings", "get_query_embedding", "embed_texts")
)


class GeminiEmbedding(Doors):
    """Gemini embeddings of queries, texts and media, each conditioned for the task and its side.

    Takes the arguments of llama-index-embeddings-google-genai's GoogleGenAIEmbedding; what cannot be honoured raises
    and says why. Everything else goes to `gemini_embed.Embedder`, whose docstring has the details.

    Args:
        model_name: default "gemini-embedding-2"; `model=` is understood, with a warning.
        api_key: else `GOOGLE_API_KEY` or `GEMINI_API_KEY`. Never part of `to_dict`, a pickle or a repr: where the
            object is loaded again, the environment is asked.
        embedding_config: google-genai's `EmbedContentConfig` or a dict. `task_type` is a task; that it names a side
            does not matter, since the method decides the side.
        vertexai_config: a dict with `project`, `location`, `credentials`; given at all, it means Vertex AI.
        http_options: google-genai's `HttpOptions` or a dict (`timeout` in milliseconds).
        debug_config: refused where it would record or replay.
        embed_batch_size: inputs a request, at most the model's; default the model's. All batches of a call are in
            flight together, up to `concurrency`.
        retries: attempts of one request; or pass `retry=RetryPolicy(...)` for this and the next four.
        timeout: seconds for one attempt.
        retry_min_seconds: the first wait.
        retry_max_seconds: the longest wait.
        retry_exponential_base: the factor between waits.
        num_workers: LlamaIndex's name for `concurrency`.
        embeddings_cache: a KV store. Keys hold model, size, task and side, so vectors of different making never mix;
            media are not cached there (`cache=` keeps them).
        rate_limiter: asked before each batch, with a likely count of its tokens.
        options: `task` (or `task_type`), `dimensions`, `normalize`, `overflow`, `condition_media`, `concurrency`,
            `base_url`, `headers`, `retry`, `facts` and the other options of `Embedder`. Fixed once made. `headers`,
            `proxy`, `verify` and `credentials` may hold secrets, so `to_dict` leaves them out.

    Raises:
        ConfigurationError: arguments that cannot be honoured, or that contradict each other.
    """

    model_name: str = Field(default=DEFAULT_MODEL, frozen=True, description="The model.")
    num_workers: int | None = Field(default=None, frozen=True, description="Another name for concurrency.")
    embeddings_cache: Any = Field(default=None, exclude=True, description="A KV store that keeps vectors.")
    task: str = Field(default="search", frozen=True, description="What the vectors are for.")
    dimensions: int | None = Field(default=None, frozen=True, description="Length of the vectors; None: the model's.")
    normalize: bool | None = Field(default=None, frozen=True, description="Whether vectors are made unit length.")
    overflow: str = Field(default="warn", frozen=True, description="What to do about text that is too long.")
    condition_media: str = Field(default="query", frozen=True, description="Where text beside media gets a prefix.")
    vertexai: bool | None = Field(default=None, frozen=True, description="Vertex AI instead of the Developer API.")
    project: str | None = Field(default=None, frozen=True, description="Google Cloud project.")
    location: str | None = Field(default=None, frozen=True, description="Google Cloud location.")
    base_url: str | None = Field(default=None, frozen=True, description="Address of a proxy.")
    api_version: str | None = Field(default=None, frozen=True, description="Version of the API.")
    service: str | None = Field(default=None, frozen=True, description="Whose vectors these are, behind a proxy.")
    timeout_s: float | None = Field(default=None, frozen=True, description="Seconds for one attempt.")
    retry: RetryPolicy | None = Field(default=None, frozen=True, description="How often and how long to try.")
    concurrency: int | None = Field(default=None, frozen=True, description="Requests in flight.")
    rate_limits: RateLimits | str | None = Field(default=None, frozen=True, description="The project's quotas.")
    batch_limits: BatchLimits | None = Field(default=None, frozen=True, description="What batch jobs may be.")
    staging: str | None = Field(default=None, frozen=True, description="Cloud Storage for jobs of Vertex AI.")
    facts: dict[str, Any] | None = Field(default=None, frozen=True, description="Overrides of the model's facts.")
    cache: Any = Field(default=None, frozen=True, description="Where finished vectors are kept; dumps hold the path.")
    max_cost_usd: float | None = Field(default=None, frozen=True, description="What this object may spend in all.")
    root: Any = Field(default=None, frozen=True, description="The folder that files must be in.")
    allow_private_urls: bool | None = Field(default=None, frozen=True, description="Fetch from private addresses.")
    max_media_bytes: int | None = Field(default=None, frozen=True, description="The largest medium that is read.")
    keep_uploads: bool | None = Field(default=None, frozen=True, description="Whether files stay in the Files API.")

    _embedder: Embedder = PrivateAttr()

    @hides_arguments
    def __init__(
        self,
        model_name: str = DEFAULT_MODEL,
        api_key: Any = None,
        embedding_config: Any = None,
        vertexai_config: Mapping[str, Any] | None = None,
        http_options: Any = None,
        debug_config: Any = None,
        embed_batch_size: int | None = None,
        callback_manager: CallbackManager | None = None,
        retries: int | None = None,
        timeout: float | None = None,
        retry_min_seconds: float | None = None,
        retry_max_seconds: float | None = None,
        retry_exponential_base: float | None = None,
        *,
        num_workers: int | None = None,
        embeddings_cache: Any = None,
        rate_limiter: Any = None,
        **options: Unpack[EmbedderOptions],
    ) -> None:
        official = Official(
            embedding_config=embedding_config,
            vertexai_config=vertexai_config,
            http_options=http_options,
            debug_config=debug_config,
            retries=retries,
            timeout=timeout,
            retry_min_seconds=retry_min_seconds,
            retry_max_seconds=retry_max_seconds,
            retry_exponential_base=retry_exponential_base,
        )
        own = _fields_of_subclass(type(self), options)
        model_name, options = understood(model_name, _without(options, own))  # type: ignore[assignment]  # checked below
        wanted = embedder_options(official, options, num_workers)
        embedder = Embedder(model_name, api_key=api_key, **wanted)
        kept = {name: value for name, value in wanted.items() if name in type(self).model_fields}
        if embed_batch_size is None:
            embed_batch_size = min(embedder.facts.max_batch_items, MAX_EMBED_BATCH_SIZE)
        super().__init__(
            model_name=model_name,
            embed_batch_size=embed_batch_size,
            callback_manager=callback_manager or CallbackManager([]),
            num_workers=num_workers,
            embeddings_cache=embeddings_cache,
            rate_limiter=rate_limiter,
            **{**kept, "task": embedder.task, **own},
        )
        self._embedder = embedder

    @classmethod
    def class_name(cls) -> str:
        """Not "GeminiEmbedding", which is what the official class answers: an `IngestionCache` keys by this name, and
        the two classes' vectors must not meet in it."""
        return "gemini_embed.GeminiEmbedding"

    @property
    def embedder(self) -> Embedder:
        """The core's object, for a `MultimodalIndex` that shares this one's settings and connections."""
        return self._embedder

    @property
    def embedding_config(self) -> dict[str, Any] | None:
        """What the official class keeps under this name, of the options in use; None where all are the defaults."""
        return to_config(self._embedder.task, self.dimensions, self.overflow)

    def submit_batch(
        self, nodes: Iterable[BaseNode], *, name: str | None = None, max_cost_usd: float | None = None
    ) -> BatchRun:
        """Have nodes embedded by jobs of the Batch API, at half the price; needs `cache=`.

        What is embedded of a node is what an `IngestionPipeline` or an index embeds of it: its text with the metadata
        meant for embedding. Returns when the jobs are made; `.wait()` waits until the cache holds the vectors, hours
        perhaps. From then on pipelines and indexes find them there, and send nothing. For the other arguments see
        `gemini_embed.Batches.submit_documents`.
        """
        texts = _embedded_texts(nodes)
        return self._embedder.batches.submit_documents(texts, name=name, max_cost_usd=max_cost_usd)

    async def asubmit_batch(
        self, nodes: Iterable[BaseNode], *, name: str | None = None, max_cost_usd: float | None = None
    ) -> BatchRun:
        """`submit_batch`, awaited."""
        texts = _embedded_texts(nodes)
        return await self._embedder.batches.asubmit_documents(texts, name=name, max_cost_usd=max_cost_usd)

    def _cache_key(self, text: str, side: Side) -> str:
        # The task as well: a fingerprint is about documents, which search and question_answering condition alike.
        made = self._embedder.fingerprint
        by = "" if made.service is None else f"@{made.service}"  # Google's keys are as they always were
        maker = ""
        if self._overrides(*_HOOKS):  # what a subclass makes of a text is its own
            maker = f"{type(self).__module__}.{type(self).__qualname__}:"
        return f"{maker}{made.digest}{by}:{self.task}:{side}:{text}"

    def _media_tokens(self, part: Any) -> int:
        return likely_media_tokens(part, self._embedder.facts)

    def _embed_texts(self, texts: list[str], task_type: str | None = None) -> list[Embedding]:
        if task_type == QUERY:
            return self._get_content_embeddings(texts, "query")
        return self._embedder.embed_documents(texts, batch_size=self.embed_batch_size).tolist()

    async def _aembed_texts(self, texts: list[str], task_type: str | None = None) -> list[Embedding]:
        if task_type == QUERY:
            return await self._aget_content_embeddings(texts, "query")
        return (await self._embedder.aembed_documents(texts, batch_size=self.embed_batch_size)).tolist()

    def _get_content_embeddings(self, contents: list[ContentLike], side: Side) -> list[Embedding]:
        return self._embedder.embed(contents, side=side, batch_size=self.embed_batch_size).tolist()

    async def _aget_content_embeddings(self, contents: list[ContentLike], side: Side) -> list[Embedding]:
        return (await self._embedder.aembed(contents, side=side, batch_size=self.embed_batch_size)).tolist()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was given or has a default worth seeing."""
        args = super().__repr_args__()
        return ((name, value) for name, value in args if value is not None and name != "callback_manager")

    @field_serializer("facts")
    def _facts_as_json(self, facts: dict[str, Any] | None) -> Any:
        return TypeAdapter(dict[str, Any] | None).dump_python(facts, mode="json")

    @field_serializer("cache", "root")
    def _as_path(self, value: Any) -> str | None:
        return None if value is None else str(getattr(value, "path", value))

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """What is fixed here is fixed in the copy: to change it, make a new object."""
        self._refuse_fixed(update or ())
        return super().model_copy(update=update, deep=deep)

    if not TYPE_CHECKING:  # or any name could be assigned, as far as a type checker knows

        def __setattr__(self, name: str, value: Any) -> None:
            self._refuse_fixed([name])
            super().__setattr__(name, value)

    def _refuse_fixed(self, names: Iterable[str]) -> None:
        fields = type(self).model_fields
        fixed = sorted(name for name in names if name in fields and fields[name].frozen)
        if fixed:
            raise ConfigurationError(f"cannot change {', '.join(fixed)}, fixed once made: make a new GeminiEmbedding")

    def __getstate__(self) -> dict[str, Any]:
        """LlamaIndex leaves out what cannot be pickled, with a warning; the embedder is no such thing."""
        state = super().__getstate__()
        private = {**(state.get("__pydantic_private__") or {}), "_embedder": self._embedder}
        return {**state, "__pydantic_private__": private}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What was left out has its default again; the embedder looks for a key in the environment."""
        for name, field in type(self).model_fields.items():
            state["__dict__"].setdefault(name, field.get_default(call_default_factory=True))
        BaseModel.__setstate__(self, state)


def _fields_of_subclass(cls: type[GeminiEmbedding], given: Mapping[str, Any]) -> dict[str, Any]:
    """What is given for fields that a subclass adds, by name or alias."""
    added = {name: field for name, field in cls.model_fields.items() if name not in GeminiEmbedding.model_fields}
    names = {*added, *(field.alias for field in added.values() if field.alias)}
    return {name: value for name, value in given.items() if name in names}


def _without(given: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def _embedded_texts(nodes: Iterable[Any]) -> list[str]:
    """What a pipeline or an index embeds of nodes."""
    given = list(nodes)
    for position, node in enumerate(given):
        if not isinstance(node, BaseNode):
            raise InputError(
                f"submit_batch takes nodes, not {type(node).__name__}: TextNode(text=...), or texts by "
                "embedder.batches.submit_documents",
                position=position,
            )
    return [node.get_content(MetadataMode.EMBED) for node in given]
