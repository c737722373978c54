"""What there is to know of a model on a backend, and which sizes of vectors it can have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from gemini_embed.errors import ConfigurationError

Backend = Literal["developer", "vertex"]
"""Which API: the Gemini Developer API or Vertex AI."""
GOOGLE, EMULATOR = "google", "emulator"
"""Names of services whose vectors are kept apart; any other goes by its address, or by what its user calls it."""

Endpoint = Literal["batchEmbedContents", "predict", "embedContent"]
"""The method of the API that a model is called by."""
Conditioning = Literal["prefix", "task_type", "none"]
Modality = Literal["text", "image", "audio", "video", "pdf"]
"""What a content, a record or a hit is of."""

TEXT_ONLY: frozenset[Modality] = frozenset({"text"})
ALL_MODALITIES: frozenset[Modality] = frozenset({"text", "image", "audio", "video", "pdf"})
"""What gemini-embedding-2 takes."""

DEVELOPER_IMAGES = frozenset({"image/png", "image/jpeg"})
VERTEX_IMAGES = DEVELOPER_IMAGES | {"image/webp", "image/bmp", "image/heic", "image/heif", "image/avif"}


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """Facts of one model on one backend. The defaults are the conservative ones that an unknown model gets."""

    name: str
    """Bare name, such as "gemini-embedding-2"."""
    backend: Backend
    """"developer" (Gemini Developer API) or "vertex" (Vertex AI)."""
    endpoint: Endpoint
    """Where it is asked: `predict` and `batchEmbedContents` take several contents, `embedContent` takes one."""
    conditioning: Conditioning = "task_type"
    """How it learns the task: official text prefixes, the `taskType` field, or not at all."""
    modalities: frozenset[Modality] = ALL_MODALITIES
    image_types: frozenset[str] = DEVELOPER_IMAGES
    """MIME types sent as they are; other images are converted to PNG first."""
    max_tokens: int | None = None
    """Tokens of one content; the service cuts what is longer, silently. None: not known."""
    default_dimensions: int | None = None
    """Size of a vector when none is asked for. None: not known before the first reply."""
    max_dimensions: int | None = None
    shortens: bool = True
    """Whether `outputDimensionality` may be sent."""
    shortened_unit_length: bool = False
    """Whether a vector shorter than `max_dimensions` comes back with unit length; if not it is renormalised here."""
    shortens_exactly: bool = False
    """Whether a shorter vector is the beginning of a longer one, at unit length where `shortened_unit_length`: then any
    smaller size can be made of a larger vector without a request."""
    usual_sizes: tuple[int, ...] = ()
    """Sizes that are usually asked for: those that a cache is searched for where it has not the size wanted."""
    max_batch_items: int = 100
    """Contents of one call."""
    max_batch_tokens: int | None = None
    """Tokens of one call over all its contents."""
    max_text_bytes: int = 4_000_000
    """Bytes of a call that holds only text. 4,194,304 were refused in 2025 (REP); this leaves room for the envelope."""
    max_media_bytes: int = 19_000_000
    """Bytes of a call with media, base64 included: the general inline limit is 20 MB or more (EMB)."""
    max_images: int = 6
    """Images of one content (EMB, VDOC)."""
    max_audio_s: float = 180.0
    """Seconds of one recording (EMB, VDOC)."""
    max_video_s: float = 120.0
    """Seconds of one video (EMB; VDOC: 120 frames, one a second)."""
    max_frames: int = 32
    """Frames of a video that are looked at (EMB; VDOC: 120)."""
    max_pages: int = 6
    """Pages of one PDF (EMB, VDOC)."""
    single: frozenset[Modality] = frozenset({"pdf"})
    """Of which modalities one content holds one part only (EMB; VDOC: audio, video and PDF)."""
    usd_per_million_tokens: Mapping[str, float] = field(default_factory=dict)
    """Price by modality, standard tier; empty when not known."""
    price_date: date | None = None
    """The day the price was last seen to be that (PRICE, or a copy of it)."""
    batch_price_factor: float = 0.5
    """What a token of a batch job costs of its usual price (PRICE)."""
    batch_enqueued_tokens: Mapping[str, int] = field(default_factory=dict)
    """Tokens that all jobs under way may have together, by tier; empty when not known: it is learned from refusals."""
    batch_locations: frozenset[str] | None = None
    """Vertex locations that have batch jobs of it (VBATCH), none where it has no such jobs; None: not known."""
    locations: frozenset[str] | None = None
    """Vertex locations it is known to be served at; None: not restricted as far as known."""
    retired: date | None = None
    """The day it was or will be shut down on this backend."""
    successor: str | None = None
    source: str = ""
    known: bool = True
    """False for a pair that has no row."""

    def __post_init__(self) -> None:
        for fact, options in (("endpoint", Endpoint), ("conditioning", Conditioning)):
            if getattr(self, fact) not in get_args(options):
                raise ConfigurationError(
                    f"facts: {fact}={getattr(self, fact)!r} is none of {', '.join(get_args(options))}"
                )
        if type(self.max_batch_items) is not int or self.max_batch_items < 1:
            raise ConfigurationError(f"facts: max_batch_items={self.max_batch_items!r} must be a positive whole number")

    def size(self, dimensions: int | None) -> int | None:
        """Length of the vectors when `dimensions` are asked for; None: not known before the first reply."""
        return dimensions or self.default_dimensions

    def sizes_above(self, dimensions: int) -> list[int]:
        """Larger sizes, of which a vector of `dimensions` can be made; the next larger first."""
        if not self.shortens_exactly:
            return []
        known = {*self.usual_sizes, self.default_dimensions or 0, self.max_dimensions or 0}
        return sorted(size for size in known if size > dimensions)

    def is_retired(self, today: date | None = None) -> bool:
        """Whether the shut-down date has come."""
        return self.retired is not None and self.retired <= (today or date.today())


def checked_dimensions(dimensions: int | None, facts: ModelFacts) -> int | None:
    """The size to ask for; None is the model's own. Raises ConfigurationError for one that it cannot have."""
    if dimensions is None:
        return None
    if type(dimensions) is not int or dimensions < 1:
        raise ConfigurationError(f"dimensions={dimensions!r} must be a positive whole number")
    if facts.max_dimensions is not None and dimensions > facts.max_dimensions:
        raise ConfigurationError(
            f"dimensions={dimensions}: {facts.name} has at most {facts.max_dimensions}; "
            "facts={'max_dimensions': ...} if it has grown"
        )
    if not facts.shortens:
        if dimensions != facts.default_dimensions:
            raise ConfigurationError(f"{facts.name} always returns {facts.default_dimensions} values")
        return None
    return dimensions
