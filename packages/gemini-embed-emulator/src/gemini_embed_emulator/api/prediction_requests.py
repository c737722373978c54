"""What a call asks that creates a batch job on Vertex AI: which model, where; of which lines; where the answers go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, overload

from gemini_embed_emulator import models
from gemini_embed_emulator.batches import BadLineError, JsonLines
from gemini_embed_emulator.errors import ApiError, publisher_model_not_found

from . import schema
from .objects import ObjectStore

LOCATIONS: Mapping[str, frozenset[str]] = {
    "gemini-embedding-001": frozenset(
        {"us-central1", "us-east1", "us-east4", "us-west1", "us-west4", "europe-west1", "europe-west4"}
    ),
    "gemini-embedding-2": frozenset({"global", "us", "eu"}),
}
MAX_ROWS = 1_000_000
MAX_BYTES = 10**9
_LONGEST_NAME = 128
_CONFIG: schema.Spec = {"instancesFormat": "string", "gcsSource": {"uris": ["string"]}, "bigquerySource": "any"}
_CREATE: schema.Spec = {
    "displayName": "string",
    "model": "string",
    "inputConfig": _CONFIG,
    "outputConfig": {
        "predictionsFormat": "string",
        "gcsDestination": {"outputUriPrefix": "string"},
        "bigqueryDestination": "any",
    },
    "labels": "any",
}


class Asked(NamedTuple):
    """A job that may be made."""

    told: dict[str, Any]
    model: models.Model
    sources: list[str]
    destination: str


def read_create(parent: str, body: Any) -> Asked:
    """The request below `parent`, `projects/p/locations/l`, or ApiError."""
    told = schema.read(_CREATE, body)
    if not 1 <= len(told.get("displayName", "")) <= _LONGEST_NAME:
        raise ApiError(400, f"The display name must have 1 to {_LONGEST_NAME} characters.")
    model = _model(told.get("model", ""), parent)
    sources = _sources(told.get("inputConfig", {}))
    return Asked(told, model, sources, _destination(told.get("outputConfig", {})).rstrip("/"))


class Files(Sequence[Any]):
    """The lines of all files of a job, one after the other. One that is not there fails the job, not its creation."""

    def __init__(self, objects: ObjectStore, uris: Sequence[str]) -> None:
        found = [objects.opened(uri) for uri in uris]
        missing = [uri for uri, data in zip(uris, found, strict=True) if data is None]
        self._files = [JsonLines(data) for data in found if data is not None]
        self.n_bytes = sum(file.n_bytes for file in self._files)
        self._problem = f"{missing[0]} was not found" if missing else ""
        if self.n_bytes > MAX_BYTES or sum(map(len, self._files)) > MAX_ROWS:
            self._problem = f"a job takes {MAX_ROWS} rows and {MAX_BYTES} bytes"

    def __len__(self) -> int:
        return sum(map(len, self._files)) or int(bool(self._problem))

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> list[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if self._problem:
            raise BadLineError(self._problem)
        for file in self._files:
            if index < len(file):
                return file[index]
            index -= len(file)
        raise IndexError(index)


def _model(told: str, parent: str) -> models.Model:
    """The model of a resource name, where it has batch jobs in this location."""
    name = told.rpartition("publishers/google/models/")[2]
    model = models.on_vertex(name)
    if model is None or "publishers/google/models/" not in told:
        raise publisher_model_not_found(told)
    if model.name not in LOCATIONS:
        raise ApiError(501, f"The emulator has batch jobs of {' and '.join(LOCATIONS)} only.")
    location = parent.rpartition("/")[2]
    if location not in LOCATIONS[model.name]:
        raise publisher_model_not_found(f"{parent}/publishers/google/models/{name}")
    return model


def _sources(told: Mapping[str, Any]) -> list[str]:
    uris: list[str] = told.get("gcsSource", {}).get("uris", [])
    if told.get("instancesFormat") != "jsonl" or not uris or not all(uri.startswith("gs://") for uri in uris):
        raise ApiError(
            400, "inputConfig: embeddings are made of JSON lines in Cloud Storage: instancesFormat jsonl, gcsSource."
        )
    return uris


def _destination(told: Mapping[str, Any]) -> str:
    prefix = str(told.get("gcsDestination", {}).get("outputUriPrefix", ""))
    if told.get("predictionsFormat") != "jsonl" or not prefix.startswith("gs://"):
        raise ApiError(
            400, "outputConfig: embeddings are written as JSON lines: predictionsFormat jsonl, gcsDestination."
        )
    return prefix
