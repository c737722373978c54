"""The lines of the Developer API's batch jobs: requests as online, under a key; responses in the two known shapes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from gemini_embed_emulator.batches import Form, Line, LineError
from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.models import Model
from gemini_embed_emulator.settings import Settings

from . import schema
from .developer import DeveloperApi
from .embedding import Prepared, content_of, prepare


class LineReader:
    """Reads the lines of one job: `{"key", "request"}` of a file, `{"metadata", "request"}` inline."""

    def __init__(self, developer: DeveloperApi, model: Model, settings: Settings, *, by_file: bool) -> None:
        self._developer = developer
        self._model = model
        self._settings = settings
        self._key = "key" if by_file else "metadata"

    def __call__(self, told: Any) -> Line:
        """What the line asks, or what online would be said to it."""
        key = told.get(self._key)
        try:
            request = schema.read(schema.BATCH_LINE, told).get("request", {})
            self._check_model(request)
            one = prepare(self._model, request, senses=self._developer.senses)
        except ApiError as error:
            return Line(key, told, error=LineError.of(error))
        return Line(
            key,
            told,
            one.total_tokens,
            content_of(self._model, one),
            partial(self._response, one),
            keep=any("fileData" in part for part in request["content"]["parts"]),
        )

    def _check_model(self, request: Mapping[str, Any]) -> None:
        wanted = f"models/{self._model.name}"
        if request.get("model", wanted) != wanted:
            raise ApiError(400, f"* EmbedContentRequest.model: must match the model of the batch, {wanted}\n")

    def _response(self, one: Prepared) -> dict[str, Any]:
        """The response, as captured of gemini-embedding-2 (2026) and of gemini-embedding-001 (2025)."""
        vector = {"embedding": self._developer.row(self._model, one)}
        if not self._model.multimodal:
            return {"tokenCount": str(one.total_tokens), **vector}
        return vector | ({"usageMetadata": {"promptTokenCount": one.total_tokens}} if self._settings.usage else {})


def file_form(model: Model) -> Form:
    """How the lines of a file of results are written; the key stands first for gemini-embedding-2, else last."""

    def form(line: Line, result: dict[str, Any] | LineError) -> dict[str, Any]:
        key = {} if line.key is None else {"key": line.key}
        return key | _body(result) if model.multimodal else _body(result) | key

    return form


def inline_form(line: Line, result: dict[str, Any] | LineError) -> dict[str, Any]:
    """How an inline answer is written."""
    return _body(result) | ({} if line.key is None else {"metadata": line.key})


def _body(result: dict[str, Any] | LineError) -> dict[str, Any]:
    return {"error": result._asdict()} if isinstance(result, LineError) else {"response": result}
