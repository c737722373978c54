"""Everything about an emulator that can be set, in one place."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_MOST_GAP = 10.0


@dataclass(frozen=True)
class Quota:
    """What a project may use, per model; None is no limit.

    With `count_items` (the service's way) every item of a batch counts as one request. `minute_s` is the length of a
    "minute" in seconds: shorten it and a test need not wait.
    """

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    count_items: bool = True
    minute_s: float = 60.0
    enqueued_tokens: int | None = None
    """Tokens of all batch jobs that are not over, per model."""

    def __post_init__(self) -> None:
        """Raises ValueError for a limit below 1, and a minute that lasts no time."""
        limits = (self.requests_per_minute, self.tokens_per_minute, self.requests_per_day, self.enqueued_tokens)
        if any(limit is not None and limit < 1 for limit in limits):
            raise ValueError("A quota's limits are 1 or more; without one there is no limit.")
        if self.minute_s <= 0:
            raise ValueError(f"minute_s={self.minute_s}: a minute lasts more than 0 seconds.")


def check_settings(values: Mapping[str, Any]) -> None:
    """Raise ValueError for the first of these settings that is a number below 0, or too large."""
    for name, value in values.items():
        most = _MOST_GAP if name == "modality_gap" else math.inf
        if name != "seed" and isinstance(value, int | float) and not 0 <= value <= most:
            raise ValueError(f"{name}: {value} is not possible: 0 {f'to {most:g}' if most < math.inf else 'or more'}.")


@dataclass(kw_only=True, eq=False)
class Settings:
    """How the emulated service behaves. All of it may be changed while the emulator runs."""

    api_keys: Collection[str] | None = field(default=None, repr=False)
    """The keys that are accepted; None accepts any but `invalid_api_keys`."""
    invalid_api_keys: Collection[str] = ("invalid",)
    """Keys that are always refused."""
    retired: Literal["refuse", "serve"] = "refuse"
    """Whether models that the Developer API has shut down answer 404 or are served."""
    vertex_001_batch_limit: Literal[1, 250] = 250
    """Instances that gemini-embedding-001 takes in one Vertex :predict; Google's own pages disagree."""
    vertex_001_embed_content: bool = False
    """Whether text models answer :embedContent on Vertex. They did not in spring 2026; later reports differ."""
    usage: bool = True
    """Whether gemini-embedding-2 reports usageMetadata, which is optional on the wire."""
    pretty_print: Literal["accept", "refuse"] = "accept"
    """Whether the prettyPrint query parameter is honoured or answered with a 400 that names it."""
    compress: bool = True
    """Whether replies are gzipped for clients that accept it."""
    max_payload_bytes: int = 4 * 2**20
    """The largest request without inline data."""
    max_media_payload_bytes: int = 20 * 2**20
    """The largest request with inline data."""
    max_log_bytes: int = 2**29
    """About the most that the log of requests holds, bodies and all; the oldest make room."""
    max_file_bytes: int = 2 * 2**30
    """The largest upload. Uploads are kept in memory."""
    max_files_bytes: int = 20 * 2**30
    """The most that all uploads hold together."""
    file_processing_s: float = 0.0
    """Seconds until an uploaded file is ACTIVE."""
    file_lifetime_s: float = 48 * 3600
    """Seconds until an uploaded file is gone."""
    gcs: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What Cloud Storage holds at the start, by gs:// address, for Vertex and for its own calls."""
    gcs_buckets: Collection[str] | None = None
    """The buckets that there are; None makes a bucket of any name when it is first written to."""
    batch_s: float = 0.0
    """Seconds until a batch job has succeeded, half of them PENDING; 0: it has when it is first looked at."""
    batch_listed_after_s: float = 0.0
    """Seconds until a new batch job is in the list."""
    batch_empty_pages: int = 0
    """Pages at the beginning of the list of batch jobs that are empty, and have a next one."""
    batch_other_jobs: int = 0
    """Jobs of generateContent in the list, between those that are ours."""
    max_batch_jobs: int = 100
    """Batch jobs that are not over, of all models together."""
    modality_gap: float = 0.0
    """How far apart the modalities of gemini-embedding-2 lie: what all inputs of one share, beside the 1 of what they
    are about. At 1 unrelated texts score 0.5 and more, while a text and the video it describes score half as high as
    without a gap."""
    latency_s: float = 0.0
    """Seconds before every answer."""
    latency_jitter_s: float = 0.0
    """Up to so many seconds more, at random."""
    seed: int = 0
    """Of the jitter."""
    quota: Quota | None = None
    """Limits that lead to 429."""
    control: bool = True
    """Whether faults, quota, settings and the log can be reached over HTTP, below /__emulator__/."""
    cors: bool = False
    """Whether pages of any origin may call, as Google's service allows them to. They may control the emulator too."""
