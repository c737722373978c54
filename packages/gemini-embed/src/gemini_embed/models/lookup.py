"""The facts that hold for a model: its row of the table, or careful ones, with the caller's overrides.

Facts age faster than releases: `Embedder(facts={"max_batch_items": 250})` overrides any of them, and a pair that
has no row is sent with conservative facts, so that the service decides.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import date
from typing import Any

from gemini_embed.checks import checked_name
from gemini_embed.errors import ConfigurationError
from gemini_embed.models.facts import Backend, Endpoint, ModelFacts
from gemini_embed.models.table import MODELS


def bare_name(model: str) -> str:
    """The model's own name: without `models/`, `publishers/google/models/` or a full Vertex resource path."""
    return model.strip().rsplit("models/", 1)[-1]


def facts_for(model: str, backend: Backend, override: ModelFacts | Mapping[str, Any] | None = None) -> ModelFacts:
    """The facts that hold for `model` on `backend`: its row, else conservative ones, then the caller's overrides.

    Raises:
        ConfigurationError: an override names a fact that does not exist.
    """
    name = bare_name(str(model or ""))
    if not name:
        raise ConfigurationError(f"model={model!r} must be a model's name, such as 'gemini-embedding-2'")
    checked_name("model", name)
    if isinstance(override, ModelFacts):
        return dataclasses.replace(override, name=name, backend=backend)
    row = MODELS.get((name.partition("@")[0], backend))  # Vertex knows versions: text-embedding-005@001
    found = dataclasses.replace(row, name=name) if row else _unknown(name, backend)
    if not override:
        return found
    known = {f.name for f in dataclasses.fields(ModelFacts)}
    if wrong := sorted(set(override) - known):
        raise ConfigurationError(f"facts= names {', '.join(wrong)}; a model's facts are {', '.join(sorted(known))}")
    return dataclasses.replace(found, **{fact: _from_json(fact, value) for fact, value in override.items()})


def _from_json(fact: str, value: Any) -> Any:
    """Overrides may come from a configuration file, where sets are lists and dates are text."""
    if fact in ("modalities", "image_types", "locations", "batch_locations", "single") and value is not None:
        return frozenset(value)
    if fact == "usual_sizes":
        return tuple(value)
    return date.fromisoformat(value) if fact in ("retired", "price_date") and isinstance(value, str) else value


def _unknown(name: str, backend: Backend) -> ModelFacts:
    """Facts for a pair without a row: what the model is elsewhere, and the most careful way to call it here."""
    other: Backend = "vertex" if backend == "developer" else "developer"
    elsewhere = MODELS.get((name, other))
    kept: dict[str, Any] = {}
    if elsewhere:
        of_the_backend = {"name", "backend", "endpoint", "image_types", "max_batch_items", "max_batch_tokens",
                          "max_frames", "single", "batch_locations",
                          "locations", "retired", "successor", "source", "known"}  # fmt: skip
        kept = {f.name: getattr(elsewhere, f.name) for f in dataclasses.fields(elsewhere)}
        kept = {k: v for k, v in kept.items() if k not in of_the_backend}
    if backend == "developer":
        return ModelFacts(name=name, backend=backend, endpoint="batchEmbedContents", known=False, **kept)
    # The SDK routes by the same rule: what is called gemini goes to :embedContent.
    endpoint: Endpoint = "embedContent" if "gemini" in name else "predict"
    return ModelFacts(name=name, backend=backend, endpoint=endpoint, max_batch_items=1, known=False, **kept)
