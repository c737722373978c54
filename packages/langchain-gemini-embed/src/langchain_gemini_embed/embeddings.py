"""`GeminiEmbeddings`: LangChain's vocabulary in front of `gemini_embed.Embedder`, which does the work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Unpack

from gemini_embed import ConfigurationError, Content, Embedder, Image, ModelFacts, RateLimits, RetryPolicy
from gemini_embed.adapters import KEY_VARIABLES, EmbedderOptions, hides_arguments, without_secret_headers
from langchain_core.embeddings import Embeddings
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, SecretStr, SkipValidation, field_serializer

from langchain_gemini_embed.options import SYNONYMS, Options, canonical, http_options
from langchain_gemini_embed.usage import ausage_reported, usage_reported

if TYPE_CHECKING:
    from langchain_gemini_embed.blocks import ContentInput


def _key_from_environment() -> SecretStr | None:
    return next((SecretStr(os.environ[name]) for name in KEY_VARIABLES if os.environ.get(name)), None)


class GeminiEmbeddings(BaseModel, Embeddings):
    """Gemini embeddings of any modality: one vector per input, queries told from documents.

        embeddings = GeminiEmbeddings()  # GEMINI_API_KEY
        embeddings = GeminiEmbeddings(model="gemini-embedding-001", output_dimensionality=768)
        embeddings = GeminiEmbeddings(vertexai=True, project="my-project")

    Takes the arguments of langchain-google-genai's `GoogleGenerativeAIEmbeddings`; what cannot be honoured is refused
    by name. The core's names `api_key`, `task`, `dimensions` and `headers` are understood beside the official ones.
    Fields are fixed once made: `model_copy(update={...})` gives another. Batches, retries, limits and prefixes are
    those of `gemini_embed.Embedder`, which `.embedder` gives, for arrays and token counts.

    Raises:
        gemini_embed.ConfigurationError: an argument that is unknown or cannot be honoured.
        pydantic.ValidationError: an argument of a wrong type.
        gemini_embed.GeminiEmbedError: from every call, see `gemini_embed.errors`; nothing is wrapped.
    """

    # Errors of pydantic would show the arguments, and with them the key.
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True, hide_input_in_errors=True)

    model: str = "gemini-embedding-2"
    """With or without `models/` or `publishers/google/models/`."""
    google_api_key: SecretStr | None = Field(default_factory=_key_from_environment, exclude=True, repr=False)
    """Else `GOOGLE_API_KEY` or `GEMINI_API_KEY`. Not in reprs, dumps and pickles; found again in the environment."""
    task_type: str | None = None
    """What the vectors are for: a `gemini_embed.Task` or one of the API's names; None is "search"."""
    output_dimensionality: int | None = None
    """Length of the vectors; None is the model's own."""
    normalize: bool | None = None
    """None: unit length where the service should but does not; True always, False never."""
    overflow: Literal["warn", "error", "truncate"] = "warn"
    """What to do about text that is too long."""
    condition_media: Literal["query", "both", "none"] = "query"
    """Where text beside media gets the task's prefix."""
    vertexai: bool | None = None
    """None: `GOOGLE_GENAI_USE_VERTEXAI` decides, else whether `project` or `credentials` is given."""
    project: str | None = None
    location: str | None = None
    """Of Vertex AI; else `GOOGLE_CLOUD_LOCATION`, else "global"."""
    credentials: Any = Field(default=None, exclude=True, repr=False)
    """`google.auth` credentials for Vertex AI; else Application Default Credentials. Not in dumps and pickles."""
    base_url: str | None = None
    api_version: str | None = None
    service: str | None = None
    """Whose vectors these are, where `base_url` is not Google's: "google" of a proxy that leads there."""
    additional_headers: dict[str, str] | None = Field(default=None, exclude=True, repr=False)
    """Sent with every request. Headers may hold secrets: not in reprs and dumps."""
    client_args: dict[str, Any] | None = Field(default=None, exclude=True, repr=False)
    """Of httpx's arguments `proxy`, `verify`, `timeout` (seconds) and `headers`. Not in reprs and dumps."""
    request_options: dict[str, Any] | None = None
    """`{"timeout": seconds}`."""
    timeout_s: float | None = None
    """Seconds for one attempt of one request; None is 60."""
    proxy: str | None = Field(default=None, exclude=True, repr=False)
    """Its URL; else the environment's. Not in reprs, dumps and pickles: it may hold a password."""
    verify: Any = Field(default=None, exclude=True, repr=False)
    """False, a CA file or an `ssl.SSLContext`. Not in dumps."""
    retry: Annotated[RetryPolicy | Mapping[str, Any] | None, SkipValidation] = None
    concurrency: int = 8
    """Requests in flight."""
    batch_size: int | None = None
    """Contents a request, at most the model's limit, which None stands for."""
    rate_limits: Annotated[RateLimits | str | None, SkipValidation] = None
    """The project's quotas for the model, or a tier's name; what is not told is learned from the service."""
    facts: Annotated[ModelFacts | Mapping[str, Any] | None, SkipValidation] = None
    """Overrides for what is known of the model."""
    cache: Any = None
    """Where finished vectors are kept: a file's path, or a `gemini_embed.VectorCache`. Dumps hold the path."""
    max_cost_usd: float | None = None
    """What this object may spend in all; beyond it calls raise `gemini_embed.BudgetError`."""
    root: Any = None
    """The folder that files must be in."""
    allow_private_urls: bool = False
    """Whether images may be fetched from private and loopback addresses."""
    max_media_bytes: int = 20 * 2**20
    keep_uploads: bool = False
    """Whether large media stay in the Files API for the 48 hours they live there, and are used again."""

    _embedder: Embedder = PrivateAttr()

    @hides_arguments
    def __init__(self, **options: Unpack[Options]) -> None:
        super().__init__(**canonical(options, type(self).model_fields))
        # Not in a validator: pydantic would wrap the core's errors.
        self._embedder = self._new_embedder()

    @property
    def embedder(self) -> Embedder:
        """The core's embedder behind this object: arrays, usage, `close()`, and what a `MultimodalIndex` is made of."""
        return self._embedder

    def embed_documents(
        self,
        texts: list[str],
        *,
        batch_size: int | None = None,
        task_type: str | None = None,
        titles: Sequence[str | None] | None = None,
        output_dimensionality: int | None = None,
    ) -> list[list[float]]:
        """One vector per text, in order. `titles[i]`, if any, goes with `texts[i]`."""
        with usage_reported():
            result = self._embedder.embed_documents(
                texts, titles, task=task_type, dimensions=output_dimensionality, batch_size=batch_size
            )
        return result.tolist()

    async def aembed_documents(
        self,
        texts: list[str],
        *,
        batch_size: int | None = None,
        task_type: str | None = None,
        titles: Sequence[str | None] | None = None,
        output_dimensionality: int | None = None,
    ) -> list[list[float]]:
        """`embed_documents`, awaited."""
        async with ausage_reported():
            result = await self._embedder.aembed_documents(
                texts, titles, task=task_type, dimensions=output_dimensionality, batch_size=batch_size
            )
        return result.tolist()

    def embed_query(
        self,
        text: str,
        *,
        task_type: str | None = None,
        title: None = None,
        output_dimensionality: int | None = None,
    ) -> list[float]:
        """The vector of a query. `title` is the official argument, and refused: only documents have titles."""
        _refuse_title(title)
        with usage_reported():
            result = self._embedder.embed_query(text, task=task_type, dimensions=output_dimensionality)
        (vector,) = result.tolist()
        return vector

    async def aembed_query(
        self,
        text: str,
        *,
        task_type: str | None = None,
        title: None = None,
        output_dimensionality: int | None = None,
    ) -> list[float]:
        """`embed_query`, awaited."""
        _refuse_title(title)
        async with ausage_reported():
            result = await self._embedder.aembed_query(text, task=task_type, dimensions=output_dimensionality)
        (vector,) = result.tolist()
        return vector

    def embed(
        self, contents: Sequence[ContentInput], *, side: Literal["query", "document"] = "document"
    ) -> list[list[float]]:
        """One vector per content: a str, a content block, an image, a message, or a list of these, read as one."""
        with usage_reported():
            result = self._embedder.embed(_contents_of(contents), side=side)
        return result.tolist()

    async def aembed(
        self, contents: Sequence[ContentInput], *, side: Literal["query", "document"] = "document"
    ) -> list[list[float]]:
        """`embed`, awaited."""
        async with ausage_reported():
            result = await self._embedder.aembed(_contents_of(contents), side=side)
        return result.tolist()

    def embed_image(self, uris: list[str]) -> list[list[float]]:
        """One vector per image, by path or URL: the method that vector stores such as Chroma look for."""
        return self.embed([Image(uri) for uri in uris])

    async def aembed_image(self, uris: list[str]) -> list[list[float]]:
        """`embed_image`, awaited."""
        return await self.aembed([Image(uri) for uri in uris])

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Another object with the same arguments but for `update`, which is checked; it has its own connections."""
        changed = canonical(update or {}, type(self).model_fields)
        return type(self)(**{name: getattr(self, name) for name in self.model_fields_set} | changed)

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.model_copy()  # field by field it would fail on an SSL context

    @field_serializer("cache", "root")
    def _as_path(self, value: Any) -> str | None:
        return None if value is None else str(getattr(value, "path", value))

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        fields = {**state["__dict__"], "google_api_key": None, "credentials": None}
        fields["additional_headers"] = self.additional_headers and without_secret_headers(self.additional_headers)
        # These are in the embedder, which leaves their secrets behind too.
        fields |= {"client_args": None, "proxy": None}
        return {**state, "__dict__": fields}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        self.__dict__["google_api_key"] = _key_from_environment()

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was given, the defaults left out."""
        return ((name, value) for name, value in super().__repr_args__() if name in self.model_fields_set)

    def _new_embedder(self) -> Embedder:
        given = {option: getattr(self, SYNONYMS.get(option, option)) for option in EmbedderOptions.__annotations__}
        given["task"] = given["task"] or None  # "" is how a variable of the environment says nothing
        http = http_options(
            {name: given.pop(name) for name in ("headers", "proxy", "verify", "timeout_s")},
            client_args=self.client_args,
            request_options=self.request_options,
        )
        return Embedder(
            self.model,
            # A key from the environment is the core's to find: a project may come before it.
            api_key=self.google_api_key if "google_api_key" in self.model_fields_set else None,
            batch_size=self.batch_size,
            **{option: value for option, value in (given | http).items() if value is not None},
        )


def _contents_of(contents: Sequence[ContentInput]) -> list[Content]:
    # langchain_core.documents takes a tenth of the time of a cold start, and texts do not need it
    from langchain_gemini_embed.blocks import contents_of

    return contents_of(contents)


def _refuse_title(title: object) -> None:
    if title is not None:
        raise ConfigurationError("a query has no title: embed_documents([text], titles=[title]) embeds a document")
