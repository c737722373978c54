"""The Gemini Developer API: models, embedContent, batchEmbedContents, countTokens."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from gemini_embed_emulator import errors, models, tokens
from gemini_embed_emulator.settings import Settings
from gemini_embed_emulator.vectors import Limits, VectorMaker

from . import schema
from .embedding import Prepared, billed, count_contents, prepare, row, usage
from .files import FileStore
from .paging import page_of
from .parts import Senses
from .reply import Reply

MAX_BATCH = 100
_PAGE_SIZE = 50
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")  # a key or a path given for a name was reported to be refused
LIMITS = Limits(image_types=frozenset({"image/png", "image/jpeg"}))


class DeveloperApi:
    """Answers calls under /v1 and /v1beta; raises ApiError for what the service refuses."""

    def __init__(self, settings: Settings, vectors: VectorMaker, files: FileStore) -> None:
        self._settings = settings
        self._vectors = vectors
        self.senses = Senses(LIMITS, files.opened)

    def list_models(self, query: dict[str, str]) -> Reply:
        """A page of models: `pageSize` of them from `pageToken` on."""
        served = [m for m in models.MODELS.values() if models.on_developer(m.name, retired=self._serves_retired)]
        return Reply(page_of([_resource(model) for model in served], query, "models", _PAGE_SIZE))

    def get_model(self, name: str, version: str) -> Reply:
        """One model."""
        return Reply(_resource(self.model(name, version, "getModel", "GetModelRequest.name")))

    def embed_content(self, name: str, version: str, body: Any) -> Reply:
        """One vector."""
        request = schema.read(schema.EMBED_CONTENT, body)
        model = self.model(name, version, "embedContent", "EmbedContentRequest.model")
        if request.get("model", f"models/{name}") not in (name, f"models/{name}"):
            raise errors.ApiError(
                400, f"* EmbedContentRequest.model: must match the model in the path, models/{name}\n"
            )
        reply = self._embed(model, [request])
        payload = dict(reply.payload or {})
        (only,) = payload.pop("embeddings")
        return replace(reply, payload={"embedding": only, **payload})

    def batch_embed_contents(self, name: str, version: str, body: Any) -> Reply:
        """A vector for each of up to 100 requests; one bad request fails all."""
        batch = schema.read(schema.BATCH_EMBED_CONTENTS, body)
        requests = batch.get("requests", [])
        # As recorded, the 404 of a batch speaks of embedContent.
        model = self.model(name, version, "embedContent", "BatchEmbedContentsRequest.model")
        _check_batch(requests, name)
        if batch.get("model", f"models/{name}") != f"models/{name}":
            message = f"* BatchEmbedContentsRequest.model: must match the model in the path, models/{name}\n"
            raise errors.ApiError(400, message)
        return self._embed(model, requests)

    def count_tokens(self, name: str, version: str, body: Any) -> Reply:
        """The tokens of `contents`, or of those of a `generateContentRequest`; the role of each is one more."""
        request = schema.read(schema.COUNT_TOKENS, body)
        if "contents" in request and "generateContentRequest" in request:
            raise errors.ApiError(400, "contents and generateContentRequest are mutually exclusive.")
        request = request.get("generateContentRequest", request)
        contents = [*request.get("contents", []), *([system] if (system := request.get("systemInstruction")) else [])]
        if models.generates(name):
            return Reply(_generation_tokens(contents))
        model = self.model(name, version, "countTokens", "CountTokensRequest.model")
        counts = count_contents(model, contents, self.senses)
        counts["TEXT"] += len(contents)
        counted = usage([counts], "promptTokensDetails")
        return Reply(
            {"totalTokens": counted["promptTokenCount"], "promptTokensDetails": counted["promptTokensDetails"]}
        )

    @property
    def _serves_retired(self) -> bool:
        return self._settings.retired == "serve"

    def model(self, name: str, version: str, method: str, field: str) -> models.Model:
        """The model that a call names. Raises ApiError for what is none, or does not do this."""
        if not _MODEL_NAME.fullmatch(name):
            raise errors.ApiError(400, f"* {field}: unexpected model name format\n")
        model = models.on_developer(name, retired=self._serves_retired)
        if model is None or (method == "asyncBatchEmbedContent" and method not in model.methods):
            raise errors.model_not_found(name, version, method)
        return model

    def _embed(self, model: models.Model, requests: list[dict[str, Any]]) -> Reply:
        items = [prepare(model, request, senses=self.senses) for request in requests]
        rows = [self.row(model, item) for item in items]
        payload: dict[str, Any] = {"embeddings": rows}
        if model.multimodal and self._settings.usage:
            payload["usageMetadata"] = usage((item.tokens for item in items), "promptTokenDetails")
        return billed(payload, model, items)

    def row(self, model: models.Model, one: Prepared) -> dict[str, Any]:
        """The vector as replies hold it."""
        return row(self._vectors, model, one, self._settings.modality_gap)


def _resource(model: models.Model) -> dict[str, object]:
    """The Developer API's Model object, keys and values as ListModels gave them in June 2026."""
    kind = "multimodal content" if model.multimodal else "a text"
    return {
        "name": f"models/{model.name}",
        "version": model.version,
        "displayName": model.display_name,
        "description": f"Obtain a distributed representation of {kind}.",
        "inputTokenLimit": model.max_tokens,
        "outputTokenLimit": 1,
        "supportedGenerationMethods": list(model.methods),
    }


def _check_batch(requests: list[dict[str, Any]], name: str) -> None:
    if not requests:
        raise errors.ApiError(400, "* BatchEmbedContentsRequest.requests: requests is not specified\n")
    if len(requests) > MAX_BATCH:
        message = f"* BatchEmbedContentsRequest.requests: at most {MAX_BATCH} requests can be in one batch\n"
        raise errors.ApiError(400, message)
    wrong = []
    for position, request in enumerate(requests):
        where = f"* BatchEmbedContentsRequest.requests[{position}].model: "
        if not request.get("model"):
            wrong.append(f"{where}model is not specified\n")
        elif not request["model"].startswith("models/"):
            wrong.append(f"{where}unexpected model name format\n")
        elif request["model"] != f"models/{name}":
            wrong.append(f"{where}must match the model of the batch, models/{name}\n")
    if wrong:
        raise errors.ApiError(400, "".join(wrong))


def _generation_tokens(contents: list[dict[str, Any]]) -> dict[str, Any]:
    """Counts for a text-generating model, with parts and role apart, as recorded in 2025."""
    counted = [
        {"partTokens": [tokens.count(part.get("text", "")) for part in content.get("parts", [])], "roleTokens": 1}
        for content in contents
    ]
    total = sum(tokens.count(part.get("text", "")) for content in contents for part in content.get("parts", []))
    total += len(contents)
    return {
        "totalTokens": total,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}],
        "contentTokens": counted,
        "systemInstructionsTokens": {},
    }
