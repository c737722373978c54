"""Vertex's catalogue: the publisher's models, one or all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gemini_embed_emulator import models

from .paging import page_of
from .reply import Reply
from .vertex import Target

_PAGE_SIZE = 100


def get_model(target: Target) -> Reply:
    """One PublisherModel. Raises ApiError 404 for a model that Vertex does not have."""
    return Reply(_resource(target.model()))


def list_models(query: Mapping[str, str]) -> Reply:
    """A page of them: `pageSize` from `pageToken` on."""
    served = [_resource(model) for model in models.MODELS.values() if model.vertex]
    return Reply(page_of(served, query, "publisherModels", _PAGE_SIZE))


def _resource(model: models.Model) -> dict[str, Any]:
    """The fields that the API's reference lists; a published template has the project and place to fill in."""
    name = f"publishers/google/models/{model.name}"
    return {
        "name": name,
        "versionId": "default",
        "openSourceCategory": "PROPRIETARY",
        "launchStage": "PUBLIC_PREVIEW" if model.name.endswith("-preview") else "GA",
        "publisherModelTemplate": f"projects/{{project}}/locations/{{location}}/{name}",
    }
