"""The lines of Vertex AI's batch jobs of embeddings: what is asked, and what comes back, the request repeated."""

from __future__ import annotations

import json
from typing import Any

from gemini_embed_emulator.batches import Line, LineError
from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.models import Model
from gemini_embed_emulator.settings import Settings
from gemini_embed_emulator.vectors import VectorMaker

from . import schema
from .embedding import content_of, prepare, row
from .parts import Senses

_HTTP = {3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 14: 503}
"""What is told of a failed row, by google.rpc.Code; 500 for any other."""


class PredictionLines:
    """Reads lines as the online API reads contents. What is wrong with one is its error."""

    def __init__(self, settings: Settings, vectors: VectorMaker, senses: Senses) -> None:
        self._settings = settings
        self._vectors = vectors
        self._senses = senses

    def read(self, model: Model, told: Any) -> Line:
        """One line of JSON."""
        key = told.get("key")
        try:
            request = schema.read(schema.VERTEX_LINE, told).get("request", {})
            one = prepare(model, request, senses=self._senses, default_task="RETRIEVAL_QUERY")
        except ApiError as error:
            return Line(key, told, error=LineError.of(error))

        def answer() -> dict[str, Any]:
            embedding = row(self._vectors, model, one, self._settings.modality_gap)
            return {"tokenCount": str(one.total_tokens), "embedding": embedding}

        return Line(
            key,
            told,
            one.total_tokens,
            content_of(model, one),
            answer,
            keep=any("fileData" in part for part in request.get("content", {}).get("parts", ())),
        )


def form(line: Line, answer: dict[str, Any] | LineError) -> dict[str, Any]:
    """A line of the results."""
    shown = {name: line.told[name] for name in ("key", "request") if name in line.told}
    if not isinstance(answer, LineError):
        return {**shown, "response": answer}
    told = {"error": {"code": _HTTP.get(answer.code, 500), "message": answer.message}}
    return {**shown, "status": json.dumps(told), "response": {}}
