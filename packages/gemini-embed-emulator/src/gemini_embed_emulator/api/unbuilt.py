"""What the service has and the emulator has not: named, so that a program meets a 501 with words and no bare 404."""

from __future__ import annotations

import re

from gemini_embed_emulator.errors import ApiError

_HAS = (
    "It has embedContent, batchEmbedContents, asyncBatchEmbedContent, batches, predict, countTokens, computeTokens, "
    "models, files, Vertex AI's batchPredictionJobs, objects of Cloud Storage and /v1beta/openai/embeddings."
)
_UNBUILT = (
    ("batch jobs of tuned models", r"/v\w+/tunedModels/.+:asyncBatchEmbedContent"),
    ("batch jobs of text generation", r"/.+:(?:batchGenerateContent|updateGenerateContentBatch)"),
    ("batch jobs in OpenAI's form", r"/v1beta/openai/(?:batches|files)\b.*"),
    (
        "text, image or video generation",
        r"/.+:(?:(?:stream|bidi)?[gG]enerate(?:Content|Text|Message|Answer)|predictLongRunning|(?:server)?"
        r"[sS]tream(?:Raw)?Predict|rawPredict)|/v\w+/interactions\b.*|/v1beta/openai/(?:chat|images|videos)/.+",
    ),
    ("the methods of PaLM models", r"/.+:(?:count(?:Text|Message)Tokens|(?:batchE|e)mbedText)"),
    ("files that are not uploaded in steps", r"/v\w+/files(?::register)?"),
    ("the list of models in OpenAI's form", r"/v1beta/openai/models\b.*"),
    (
        "tuned models, caches, corpora, stores and endpoints",
        r"(?:/upload)?/v\w+/(?:tunedModels|cachedContents|corpora|fileSearchStores|operations|authTokens|dynamic)\b.*"
        r"|/v\w+/projects/[^/]+/locations/[^/]+/(?!publishers/google/models).+",
    ),
)


def refusal(path: str) -> ApiError | None:
    """The 501 for a path that means something to the service and nothing to the emulator."""
    for what, pattern in _UNBUILT:
        if re.fullmatch(pattern, path):
            return ApiError(501, f"The emulator does not have {what}, so it cannot answer {path}. {_HAS}")
    return None
