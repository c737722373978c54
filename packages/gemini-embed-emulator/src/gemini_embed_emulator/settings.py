"""Everything about an emulator that can be set, in one place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from .quota import Quota


@dataclass(frozen=True)
class Settings:
    """How the emulated service behaves. The documentation of each is at `Emulator`."""

    api_keys: Collection[str] | None = None
    invalid_api_keys: Collection[str] = ("invalid",)
    retired: Literal["refuse", "serve"] = "refuse"
    vertex_001_batch_limit: Literal[1, 250] = 250
    vertex_001_embed_content: bool = False
    usage: bool = True
    pretty_print: Literal["accept", "refuse"] = "accept"
    max_payload_bytes: int = 4 * 2**20
    max_media_payload_bytes: int = 20 * 2**20
    latency_s: float = 0.0
    latency_jitter_s: float = 0.0
    quota: Quota | None = None
    compress: bool = True
    seed: int = 0
