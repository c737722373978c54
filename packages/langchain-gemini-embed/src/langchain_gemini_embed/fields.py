"""The fields of `GeminiEmbeddings`, and that they stay as they are."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from gemini_embed import BatchLimits, ConfigurationError, ModelFacts, RateLimits, RetryPolicy
from gemini_embed.adapters import KEY_VARIABLES
from pydantic import BaseModel, ConfigDict, Field, SecretStr, SkipValidation, field_serializer

from langchain_gemini_embed.fixed import Final


def key_from_environment() -> SecretStr | None:
    """The key of the environment, as the core finds it."""
    return next((SecretStr(os.environ[name]) for name in KEY_VARIABLES if os.environ.get(name)), None)


class Fields(BaseModel):
    """What the constructor takes, under the official class's names and ours. Dumps hold no secret.

    A subclass's own fields may be assigned; these may not, since the embedder behind them was made of them.
    """

    # Errors of pydantic would show the arguments, and with them the key.
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)

    model: Final[str] = "gemini-embedding-2"
    """With or without `models/` or `publishers/google/models/`."""
    google_api_key: Final[SecretStr | None] = Field(default_factory=key_from_environment, exclude=True, repr=False)
    """Else `GOOGLE_API_KEY` or `GEMINI_API_KEY`. Not in reprs, dumps and pickles; found again in the environment."""
    task_type: Final[str | None] = None
    """What the vectors are for: a `gemini_embed.Task` or one of the API's names; None is "search"."""
    output_dimensionality: Final[int | None] = None
    """Length of the vectors; None is the model's own."""
    normalize: Final[bool | None] = None
    """None: unit length where the service should but does not; True always, False never."""
    overflow: Final[Literal["warn", "error", "truncate"]] = "warn"
    """What to do about text that is too long."""
    condition_media: Final[Literal["query", "both", "none"]] = "query"
    """Where text beside media gets the task's prefix."""
    vertexai: Final[bool | None] = None
    """None: `GOOGLE_GENAI_USE_VERTEXAI` decides, else whether `project` or `credentials` is given."""
    project: Final[str | None] = None
    """Of Google Cloud, for Vertex AI."""
    location: Final[str | None] = None
    """Of Vertex AI; else `GOOGLE_CLOUD_LOCATION`, else "global"."""
    credentials: Final[Any] = Field(default=None, exclude=True, repr=False)
    """`google.auth` credentials for Vertex AI; else Application Default Credentials. Not in dumps and pickles."""
    base_url: Final[str | None] = None
    """Of a proxy, a private endpoint or the emulator."""
    api_version: Final[str | None] = None
    """v1beta (Developer API) and v1beta1 (Vertex AI) unless told otherwise."""
    service: Final[str | None] = None
    """Whose vectors these are, where `base_url` is not Google's: "google" of a proxy that leads there."""
    additional_headers: Final[dict[str, str] | None] = Field(default=None, exclude=True, repr=False)
    """Sent with every request. Headers may hold secrets: not in reprs and dumps."""
    client_args: Final[dict[str, Any] | None] = Field(default=None, exclude=True, repr=False)
    """Of httpx's arguments `proxy`, `verify`, `timeout` (seconds) and `headers`. Not in reprs and dumps."""
    request_options: Final[dict[str, Any] | None] = None
    """`{"timeout": seconds}`."""
    timeout_s: Final[float | None] = None
    """Seconds for one attempt of one request; None is 60."""
    proxy: Final[str | None] = Field(default=None, exclude=True, repr=False)
    """Its URL; else the environment's. Not in reprs, dumps and pickles: it may hold a password."""
    verify: Final[Any] = Field(default=None, exclude=True, repr=False)
    """False, a CA file or an `ssl.SSLContext`. Not in dumps."""
    retry: Final[Annotated[RetryPolicy | Mapping[str, Any] | None, SkipValidation]] = None
    """A `gemini_embed.RetryPolicy`, or a mapping of its fields."""
    concurrency: Final[int] = 16
    """Requests in flight."""
    batch_size: Final[int | None] = None
    """Contents a request, at most the model's limit, which None stands for."""
    rate_limits: Final[Annotated[RateLimits | str | None, SkipValidation]] = None
    """The project's quotas for the model, or a tier's name; what is not told is learned from the service."""
    batch_limits: Final[Annotated[BatchLimits | Mapping[str, Any] | None, SkipValidation]] = None
    """What batch jobs may be, as `gemini_embed.BatchLimits` or a mapping of its fields."""
    staging: Final[str | None] = None
    """Where batch jobs of Vertex AI put their files: gs://bucket/prefix."""
    facts: Final[Annotated[ModelFacts | Mapping[str, Any] | None, SkipValidation]] = None
    """Overrides for what is known of the model."""
    cache: Final[Any] = None
    """Where finished vectors are kept: a file's path, or a `gemini_embed.VectorCache`. Dumps hold the path."""
    max_cost_usd: Final[float | None] = None
    """What this object may spend in all; beyond it calls raise `gemini_embed.BudgetError`."""
    root: Final[Any] = None
    """The folder that files must be in."""
    allow_private_urls: Final[bool] = False
    """Whether images may be fetched from private and loopback addresses."""
    max_media_bytes: Final[int] = 20 * 2**20
    """The largest medium that is read from a file or fetched: 20 MiB."""
    keep_uploads: Final[bool] = False
    """Whether large media stay in the Files API for the 48 hours they live there, and are used again."""

    @field_serializer("cache", "root")
    def _as_path(self, value: Any) -> str | None:
        return None if value is None else str(getattr(value, "path", value))

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """What was given, the defaults left out."""
        return ((name, value) for name, value in super().__repr_args__() if name in self.model_fields_set)

    if not TYPE_CHECKING:  # or any name could be assigned, as far as a type checker knows

        def __setattr__(self, name: str, value: Any) -> None:
            if name in Fields.model_fields:
                del value  # it may be a key, and error reporters show the locals of a frame
                raise ConfigurationError(
                    f"{name} is fixed: model_copy(update={{{name!r}: ...}}) gives another object with another {name}"
                )
            super().__setattr__(name, value)

    def __hash__(self) -> int:
        return hash((type(self), self.model, self.task_type, self.output_dimensionality))

    @property
    def client(self) -> Any:
        """Of the official class; here there is none.

        Raises:
            AttributeError: always; it says what there is instead.
        """
        raise AttributeError("no google-genai client here: .embedder sends the requests, and gives arrays and usage")
