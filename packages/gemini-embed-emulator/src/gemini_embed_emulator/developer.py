"""The Gemini Developer API: models, embedContent, batchEmbedContents, countTokens."""

from __future__ import annotations

from typing import Any

from . import errors, models, schema, tokens
from .embedding import Prepared, prepare, read_parts, usage
from .reply import Reply
from .settings import Settings
from .vectors import Blob, VectorMaker

MAX_BATCH = 100
IMAGE_TYPES = frozenset({"image/png", "image/jpeg"})


class DeveloperApi:
    """Answers calls under /v1 and /v1beta; raises ApiError for what the service refuses."""

    def __init__(self, settings: Settings, vectors: VectorMaker) -> None:
        self._settings = settings
        self._vectors = vectors

    def list_models(self, query: dict[str, str]) -> Reply:
        """A page of models: `pageSize` (50) of them from `pageToken` on."""
        served = [m for m in models.MODELS.values() if models.on_developer(m.name, retired=self._serves_retired)]
        start, size = _whole(query, "pageToken", 0), _whole(query, "pageSize", 50) or 50
        page: dict[str, Any] = {"models": [models.resource(model) for model in served[start : start + size]]}
        if start + size < len(served):
            page["nextPageToken"] = str(start + size)
        return Reply(page)

    def get_model(self, name: str, version: str) -> Reply:
        """One model."""
        return Reply(models.resource(self._model(name, version, "getModel")))

    def embed_content(self, name: str, version: str, body: Any) -> Reply:
        """One vector."""
        request = schema.read(schema.EMBED_CONTENT, body)
        model = self._model(name, version, "embedContent")
        if request.get("model", f"models/{name}") not in (name, f"models/{name}"):
            raise errors.ApiError(400, f"The model in the request must match the model in the path: models/{name}.")
        one = prepare(model, request, image_types=IMAGE_TYPES)
        return self._reply(model, [one], {"embedding": {"values": self._values(model, one)}})

    def batch_embed_contents(self, name: str, version: str, body: Any) -> Reply:
        """A vector for each of up to 100 requests; one bad request fails all."""
        requests = schema.read(schema.BATCH_EMBED_CONTENTS, body).get("requests", [])
        model = self._model(name, version, "embedContent")
        _check_batch(requests, name)
        items = [prepare(model, request, image_types=IMAGE_TYPES) for request in requests]
        return self._reply(model, items, {"embeddings": [{"values": self._values(model, item)} for item in items]})

    def count_tokens(self, name: str, version: str, body: Any) -> Reply:
        """The tokens of `contents`; a role is one more, as recorded."""
        request = schema.read(schema.COUNT_TOKENS, body)
        if name.startswith("gemini-") and not name.startswith("gemini-embedding"):
            return Reply(_generation_tokens(request))
        model = self._model(name, version, "countTokens")
        counted = request.get("contents", [])
        total = {"TEXT": 0}
        for content in counted:
            total["TEXT"] += 1
            for part in read_parts(model, content, IMAGE_TYPES):
                key, number = ("IMAGE", tokens.IMAGE_TOKENS) if isinstance(part, Blob) else ("TEXT", tokens.count(part))
                total[key] = total.get(key, 0) + number
        details = [{"modality": key, "tokenCount": number} for key, number in total.items()]
        return Reply({"totalTokens": sum(total.values()), "promptTokensDetails": details})

    @property
    def _serves_retired(self) -> bool:
        return self._settings.retired == "serve"

    def _model(self, name: str, version: str, method: str) -> models.Model:
        model = models.on_developer(name, retired=self._serves_retired)
        if model is None:
            raise errors.model_not_found(name, version, method)
        return model

    def _values(self, model: models.Model, prepared: Prepared) -> Any:
        return self._vectors.vector(model, prepared.item, prepared.dimensions)

    def _reply(self, model: models.Model, items: list[Prepared], payload: dict[str, Any]) -> Reply:
        if model.multimodal and self._settings.usage:
            payload["usageMetadata"] = usage((item.tokens for item in items), "promptTokenDetails")
        return Reply(payload, model.name, len(items), sum(sum(item.tokens.values()) for item in items))


def _check_batch(requests: list[dict[str, Any]], name: str) -> None:
    if not requests:
        raise errors.ApiError(400, "* BatchEmbedContentsRequest.requests: requests is not specified\n")
    if len(requests) > MAX_BATCH:
        raise errors.ApiError(
            400, f"* BatchEmbedContentsRequest.requests: at most {MAX_BATCH} requests can be in one batch\n"
        )
    for position, request in enumerate(requests):
        where = f"* BatchEmbedContentsRequest.requests[{position}].model: "
        if not request.get("model"):
            raise errors.ApiError(400, f"{where}model is not specified\n")
        if request["model"] != f"models/{name}":
            raise errors.ApiError(400, f"{where}must match the model of the batch, models/{name}\n")


def _generation_tokens(request: dict[str, Any]) -> dict[str, Any]:
    """Counts for a text-generating model, with the parts and role apart, as recorded in 2025."""
    contents = [
        {"partTokens": [tokens.count(part.get("text", "")) for part in content.get("parts", [])], "roleTokens": 1}
        for content in request.get("contents", [])
    ]
    total = sum(sum(content["partTokens"]) + content["roleTokens"] for content in contents)
    return {
        "totalTokens": total,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}],
        "contentTokens": contents,
        "systemInstructionsTokens": {},
    }


def _whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name) or query.get("page_token" if name == "pageToken" else "page_size") or str(default)
    if not text.isdigit():
        raise errors.ApiError(400, f"Invalid value at '{name}': {text}")
    return int(text)
