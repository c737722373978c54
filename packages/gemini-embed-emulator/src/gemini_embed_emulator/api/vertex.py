"""Vertex AI: predict for the text models, embedContent for gemini-embedding-2, countTokens and computeTokens."""

from __future__ import annotations

import base64
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator import errors, models, tokens
from gemini_embed_emulator.settings import Settings
from gemini_embed_emulator.vectors import Limits, VectorMaker

from . import schema
from .embedding import Prepared, billed, count_contents, prepare, row, too_long, usage
from .objects import ObjectStore
from .parts import Blob, Senses
from .reply import Reply
from .schema import UNSPECIFIED

MAX_INSTANCES = 250
MAX_BATCH = 100
MAX_PREDICT_TOKENS = 20_000
EMBED_CONTENT_LOCATIONS = frozenset({"global", "us", "eu"})
LIMITS = Limits(
    image_types=frozenset(f"image/{kind}" for kind in ("png", "jpeg", "webp", "bmp", "heic", "heif", "avif")),
    max_frames=120,
    single=("AUDIO", "VIDEO", "DOCUMENT"),
)
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

    def is_named(self, name: str) -> bool:
        """Whether this is the model's name, in full or from `publishers` on; none is taken for it."""
        return name in ("", self.resource, f"publishers/google/models/{self.name}")

    def model(self) -> models.Model:
        """The model, or ApiError 404."""
        model = models.on_vertex(self.name)
        if model is None:
            raise errors.publisher_model_not_found(self.resource)
        return model


class VertexApi:
    """Answers calls under /v1 and /v1beta1; raises ApiError for what the service refuses."""

    def __init__(self, settings: Settings, vectors: VectorMaker, objects: ObjectStore) -> None:
        self._settings = settings
        self._objects = objects
        self._vectors = vectors
        self.senses = Senses(LIMITS, self._opened)

    def predict(self, target: Target, body: Any) -> Reply:
        """A vector for each instance, with its statistics."""
        model = target.model()
        if model.multimodal:
            raise errors.ApiError(400, "Precondition check failed.", status="FAILED_PRECONDITION")  # status reported
        request = schema.read(schema.PREDICT, body)
        self._check_count(model, len(request.get("instances", [])))
        texts = [_text(instance) for instance in request["instances"]]
        found = sum(tokens.count(text, model.tokenizer) for text in texts)
        if found > MAX_PREDICT_TOKENS:
            raise too_long(found, MAX_PREDICT_TOKENS)
        items = [_prepare(model, instance, request.get("parameters", {})) for instance in request["instances"]]
        payload = {
            "predictions": [{"embeddings": self._embeddings(model, item)} for item in items],
            "metadata": {"billableCharacterCount": _characters(texts)},
        }
        return billed(payload, model, items)

    def embed_content(self, target: Target, body: Any) -> Reply:
        """One vector for the one content."""
        model = self._content_model(target)
        if isinstance(body, dict) and "model" in body:
            raise errors.ApiError(400, "Invalid value (oneof), oneof field '_model' is already set. Cannot set 'model'")
        one = prepare(model, schema.read(schema.VERTEX_EMBED_CONTENT, body), senses=self.senses)
        payload: dict[str, Any] = {"embedding": self._row(model, one)}
        if self._settings.usage:
            total = {"totalTokenCount": one.total_tokens}
            payload["usageMetadata"] = usage([one.tokens], "promptTokensDetails") | total
        if one.truncated:
            payload["truncated"] = True
        return billed(payload, model, [one])

    def batch_embed_contents(self, target: Target, body: Any) -> Reply:
        """A vector for each of up to 100 requests, after the API's reference: nobody has published a reply."""
        model = self._content_model(target)
        requests = schema.read(schema.BATCH_EMBED_CONTENTS, body).get("requests", [])
        if not 1 <= len(requests) <= MAX_BATCH:
            raise errors.ApiError(400, f"A batch holds 1 to {MAX_BATCH} requests, this one {len(requests)}.")
        if any(not target.is_named(request.get("model", "")) for request in requests):
            raise errors.ApiError(400, f"The model of each request must be that of the batch, {target.resource}.")
        items = [prepare(model, request, senses=self.senses) for request in requests]
        payload: dict[str, Any] = {"embeddings": [self._row(model, item) for item in items]}
        total = sum(item.total_tokens for item in items)
        if self._settings.usage:
            counted = usage((item.tokens for item in items), "promptTokensDetails")
            payload["usageMetadata"] = counted | {"totalTokenCount": total}
        return billed(payload, model, items)

    def compute_tokens(self, target: Target, body: Any) -> Reply:
        """The tokens of each content or instance, as base64 and as numbers (the emulator's own)."""
        request = schema.read(schema.COMPUTE_TOKENS, body)
        tokenizer = _tokenizer(target, request)
        given = [
            (content.get("role", ""), [part.get("text", "") for part in content.get("parts", [])])
            for content in request.get("contents", [])
        ] + [("", [_text(instance)]) for instance in request.get("instances", [])]
        return Reply({"tokensInfo": [_tokens_info(role, texts, tokenizer) for role, texts in given]})

    def count_tokens(self, target: Target, body: Any) -> Reply:
        """Tokens and billable characters of instances (text models), or of contents and a system instruction.

        Media count where the model embeds them; of a text-generating model only texts are counted.
        """
        request = schema.read(schema.VERTEX_COUNT_TOKENS, body)
        tokenizer = _tokenizer(target, request)
        contents = [*request.get("contents", []), request.get("systemInstruction", {})]
        texts = [part.get("text", "") for content in contents for part in content.get("parts", [])]
        texts += [_text(instance) for instance in request.get("instances", [])]
        counts = Counter({"TEXT": sum(tokens.count(text, tokenizer) for text in texts)})
        if not models.generates(target.name) and request.get("contents"):
            counts |= count_contents(target.model(), request["contents"], self.senses)
        counted = usage([counts], "promptTokensDetails")
        payload = {
            "totalTokens": counted["promptTokenCount"],
            "totalBillableCharacters": _characters(texts),
            "promptTokensDetails": counted["promptTokensDetails"],
        }
        return Reply(payload)

    def _content_model(self, target: Target) -> models.Model:
        """The model, where it answers embedContent."""
        model = target.model()
        if not model.multimodal and not self._settings.vertex_001_embed_content:
            raise errors.ApiError(400, f"Publisher Model {target.resource} is not supported in the embedContent API.")
        if target.location and target.location not in EMBED_CONTENT_LOCATIONS:
            raise errors.publisher_model_not_found(target.resource)
        return model

    def _embeddings(self, model: models.Model, item: Prepared) -> dict[str, Any]:
        statistics = {"truncated": item.truncated, "token_count": item.total_tokens}
        return {**self._row(model, item), "statistics": statistics}

    def _row(self, model: models.Model, one: Prepared) -> dict[str, Any]:
        return row(self._vectors, model, one, self._settings.modality_gap)

    def _opened(self, file_data: Mapping[str, Any]) -> Blob:
        """The object in Cloud Storage behind a part's `fileData`."""
        uri = str(file_data.get("fileUri", ""))
        if not uri.startswith("gs://"):
            raise errors.ApiError(400, f"Invalid or unsupported file uri: {uri}")
        if not file_data.get("mimeType"):
            raise errors.ApiError(400, "The mimeType of fileData is required.")
        data = self._objects.opened(uri)
        if data is None:
            raise errors.ApiError(403, f"Permission denied while accessing {uri}, or it does not exist.")
        return Blob(file_data["mimeType"], data)

    def _check_count(self, model: models.Model, found: int) -> None:
        if found == 0:
            raise errors.ApiError(400, "Empty instances.")
        limit = self._settings.vertex_001_batch_limit if model.name == "gemini-embedding-001" else MAX_INSTANCES
        if found <= limit:
            return
        # Both wordings were reported: the first in 2025, the second in 2026.
        if limit == 1:
            why = f"batchSize must be 1 but the entered value was {found}. Update the batchSize value and try again."
        else:
            supported = f"the supported range is from 1 (inclusive) to {limit + 1} (exclusive)"
            why = f"it has a batchSize value of {found} but {supported}. Update the value and try again."
        raise errors.ApiError(
            400,
            "Unable to submit request because it included too many instances. Reduce the number of instances and try "
            f"again. Learn more: {_DOCS}: Unable to submit request because {why}",
        )


def _prepare(model: models.Model, instance: dict[str, Any], parameters: dict[str, Any]) -> Prepared:
    options = {name: instance[name] for name in ("taskType", "title") if name in instance}
    if options.get("taskType", UNSPECIFIED) not in schema.TASK_TYPE.names.values():
        raise errors.ApiError(400, f"Unable to submit request because task_type is not valid: {options['taskType']}.")
    request = {"content": {"parts": [{"text": _text(instance)}]}, "embedContentConfig": options | parameters}
    return prepare(model, request, default_task="RETRIEVAL_QUERY")


def _text(instance: dict[str, Any]) -> str:
    if not instance.get("content"):
        raise errors.ApiError(400, "The text content is empty.")
    return str(instance["content"])


def _tokenizer(target: Target, request: dict[str, Any]) -> tokens.Tokenizer:
    """How the model counts. Raises ApiError where it is unknown, or takes instances and got none."""
    if models.generates(target.name):
        return "gemini"
    model = target.model()
    if not model.multimodal and "instances" not in request:
        raise errors.ApiError(400, "Should provide instances for text model prediction.")
    return model.tokenizer


def _tokens_info(role: str, texts: list[str], tokenizer: tokens.Tokenizer) -> dict[str, Any]:
    found = [match[0].encode(errors="replace") for text in texts for match in tokens.split(text, tokenizer)]
    info = {
        "tokens": [base64.b64encode(token).decode() for token in found],
        "tokenIds": [str(zlib.crc32(token)) for token in found],
    }
    return info | ({"role": role} if role else {})


def _characters(texts: list[str]) -> int:
    """Billable characters: all but white space."""
    return sum(len("".join(text.split())) for text in texts)
