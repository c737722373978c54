"""The public recordings of real traffic, read one way whatever tool recorded them."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

EMBEDDING_METHODS = ("embedContent", "batchEmbedContents", "predict")
FOLDER = Path(os.environ.get("GEMINI_EMBED_RECORDINGS") or "no-recordings")


@dataclass(frozen=True)
class Exchange:
    """One recorded request and its reply, both as JSON."""

    name: str
    url: str
    request: Any
    status: int
    reply: Any

    @property
    def path(self) -> str:
        """Path of the address, version included."""
        return urlsplit(self.url).path

    @property
    def method(self) -> str:
        """Such as "predict"."""
        return self.path.rpartition(":")[2]

    @property
    def model(self) -> str:
        """Bare name."""
        return self.path.rpartition("models/")[2].partition(":")[0]


def embedding_exchanges() -> list[Exchange]:
    """Every recorded call that embeds; empty where there are no recordings."""
    paths = sorted(p for p in FOLDER.glob("*/*") if any(f":{m}" in p.read_text() for m in EMBEDDING_METHODS))
    found = [exchange for path in paths for exchange in _exchanges(path)]
    return [exchange for exchange in found if exchange.method in EMBEDDING_METHODS]


def _exchanges(path: Path) -> Iterator[Exchange]:
    if path.suffix == ".json":
        for i, item in enumerate(json.loads(path.read_text())["interactions"]):
            request, response = item["request"], item["response"]
            url = f"https://{request['serverAddress']}{request['url']}"
            (sent,), (reply,) = request["bodySegments"], response["bodySegments"]
            yield Exchange(f"{path.stem}-{i}", url, sent, response["statusCode"], reply)
        return
    cassette = yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  # safe ones
    for i, item in enumerate(cassette.get("interactions", ())):
        request, response = item["request"], item["response"]
        yield Exchange(
            f"{path.stem}-{i}", request["uri"], body_of(request), response["status"]["code"], body_of(response)
        )


def body_of(message: dict[str, Any]) -> Any:
    """The JSON of a recorded message, None where it is something else."""
    if "parsed_body" in message:
        return message["parsed_body"]
    raw = message["body"]["string"] if isinstance(message["body"], dict) else message["body"]
    if isinstance(raw, bytes) and raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    try:
        return json.loads(raw or "null")
    except ValueError:
        return None
