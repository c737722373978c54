"""Vertex AI: predict for the text models, embedContent for gemini-embedding-2, countTokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import errors, models, schema, tokens
from .embedding import prepare, too_long, usage
from .reply import Reply
from .settings import Settings
from .vectors import VectorMaker

MAX_INSTANCES = 250
MAX_PREDICT_TOKENS = 20_000
EMBED_CONTENT_LOCATIONS = frozenset({"global", "us", "eu"})
IMAGE_TYPES = frozenset(f"image/{kind}" for kind in ("png", "jpeg", "webp", "bmp", "heic", "heif", "avif"))
_DOCS = "https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings"


@dataclass(frozen=True)
class Target:
    """The model a call names: by project and location, or on the short path of express mode (both empty)."""

    name: str
    project: str = ""
    location: str = ""

    @property
    def resource(self) -> str:
        """The model's name as error messages spell it."""
        model = f"publishers/google/models/{self.name}"
        return f"projects/{self.project}/locations/{self.location}/{model}" if self.project else model


class VertexApi:
    """Answers calls under /v1 and /v1beta1; raises ApiError for what the service refuses."""

    def __init__(self, settings: Settings, vectors: VectorMaker) -> None:
        self._settings = settings
        self._vectors = vectors

    def predict(self, target: Target, body: Any) -> Reply:
        """A vector for each instance, with its statistics."""
        model = _model(target)
        if model.multimodal:
            message = f"Publisher Model {target.resource} does not support the predict API; use embedContent."
            raise errors.ApiError(400, message, status="FAILED_PRECONDITION")
        request = schema.read(schema.PREDICT, body)
        instances = schema.read([schema.INSTANCE], request.get("instances", []), "instances")
        parameters = schema.read(schema.PARAMETERS, request.get("parameters", {}), "parameters")
        self._check_count(model, len(instances))
        items = [prepare(model, _as_request(one, parameters), image_types=frozenset(), default_task="RETRIEVAL_QUERY") for one in instances]
        total = sum(tokens.count(one["content"]) for one in instances)
        if total > MAX_PREDICT_TOKENS:
            raise too_long(total, MAX_PREDICT_TOKENS)
        predictions = [
            {
                "embeddings": {
                    "values": self._vectors.vector(model, item.item, item.dimensions),
                    "statistics": {"truncated": item.truncated, "token_count": item.tokens.get("TEXT", 0)},
                }
            }
            for item in items
        ]
        characters = sum(len("".join(one["content"].split())) for one in instances)
        payload = {"predictions": predictions, "metadata": {"billableCharacterCount": characters}}
        return Reply(payload, model.name, len(items), sum(item.tokens.get("TEXT", 0) for item in items))

    def embed_content(self, target: Target, body: Any) -> Reply:
        """One vector for the one content."""
        model = _model(target)
        if not model.multimodal and not self._settings.vertex_001_embed_content:
            message = f"Publisher Model {target.resource} is not supported in the embedContent API."
            raise errors.ApiError(400, message)
        if target.location and target.location not in EMBED_CONTENT_LOCATIONS:
            raise errors.publisher_model_not_found(target.resource)
        if isinstance(body, dict) and "model" in body:
            message = "Invalid value (oneof), oneof field '_model' is already set. Cannot set 'model'"
            raise errors.ApiError(400, message)
        one = prepare(model, schema.read(schema.VERTEX_EMBED_CONTENT, body), image_types=IMAGE_TYPES)
        payload: dict[str, Any] = {
            "embedding": {"values": self._vectors.vector(model, one.item, one.dimensions)}
        }
        total = sum(one.tokens.values())
        if self._settings.usage:
            payload["usageMetadata"] = {**usage([one.tokens], "promptTokensDetails"), "totalTokenCount": total}
        if one.truncated:
            payload["truncated"] = True
        return Reply(payload, model.name, 1, total)

    def count_tokens(self, target: Target, body: Any) -> Reply:
        """Tokens and billable characters of contents, the system instruction, and instances."""
        request = schema.read(schema.COUNT_TOKENS, body)
        if not target.name.startswith("gemini-"):
            _model(target)
        contents = [*request.get("contents", []), request.get("systemInstruction", {})]
        texts = [part.get("text", "") for content in contents for part in content.get("parts", [])]
        instances = schema.read([schema.INSTANCE], request.get("instances", []), "instances")
        texts += [instance.get("content", "") for instance in instances]
        total = sum(map(tokens.count, texts))
        characters = sum(len("".join(text.split())) for text in texts)
        return Reply(
            {
                "totalTokens": total,
                "totalBillableCharacters": characters,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": total}],
            }
        )

    def _check_count(self, model: models.Model, found: int) -> None:
        limit = self._settings.vertex_001_batch_limit if model.name == "gemini-embedding-001" else MAX_INSTANCES
        if found > limit:
            allowed = "batchSize must be 1" if limit == 1 else f"batchSize must be at most {limit}"
            raise errors.ApiError(
                400,
                "Unable to submit request because it included too many instances. Reduce the number of instances and "
                f"try again. Learn more: {_DOCS}: Unable to submit request because {allowed} but the entered value "
                f"was {found}. Update the batchSize value and try again.",
            )
        if found == 0:
            raise errors.ApiError(400, "Unable to submit request because instances must be provided for text model prediction.")


def _model(target: Target) -> models.Model:
    model = models.on_vertex(target.name)
    if model is None:
        raise errors.publisher_model_not_found(target.resource)
    return model


def _as_request(instance: dict[str, Any], parameters: dict[str, Any]) -> dict[str, Any]:
    if not instance.get("content"):
        raise errors.ApiError(400, "The text content is empty.")
    options = {key: instance[key] for key in ("taskType", "title") if key in instance}
    return {"content": {"parts": [{"text": instance["content"]}]}, **options, "embedContentConfig": parameters}
