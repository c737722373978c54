"""What both backends share: a content and its options checked, counted, cut to the limit, ready to be a vector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import tokens
from .errors import ApiError
from .models import Model
from .vectors import Blob, Input, Part
from .vectors_image import UndecodableImageError, load

MAX_IMAGES = 6
TASK_TYPES = frozenset(
    "TASK_TYPE_UNSPECIFIED RETRIEVAL_QUERY RETRIEVAL_DOCUMENT SEMANTIC_SIMILARITY CLASSIFICATION CLUSTERING "
    "QUESTION_ANSWERING FACT_VERIFICATION CODE_RETRIEVAL_QUERY".split()
)


@dataclass(frozen=True)
class Prepared:
    """One vector to make: its input within the model's limit, its size (None: the default), its tokens by modality."""

    item: Input
    dimensions: int | None
    tokens: Mapping[str, int]
    truncated: bool


def prepare(model: Model, request: Mapping[str, Any], *, image_types: frozenset[str], default_task: str = "") -> Prepared:
    """Check one EmbedContentRequest and cut it to the model's limit.

    Raises ApiError 400 for an empty part, an option out of range, media the model or backend does not take, and
    images that cannot be opened or are too many.
    """
    options = {**request, **request.get("embedContentConfig", {})}
    task_type, title = options.get("taskType", default_task), options.get("title", "")
    if task_type and task_type not in TASK_TYPES:
        raise ApiError(400, f"Invalid value at 'task_type' (type.googleapis.com/TaskType), \"{task_type}\"")
    dimensions = options.get("outputDimensionality")
    if dimensions is not None and not 1 <= dimensions <= model.dimensions:
        raise ApiError(400, f"output_dimensionality must be between 1 and {model.dimensions}, got {dimensions}.")
    parts = read_parts(model, request.get("content", {}), image_types)
    kept, counts, truncated = _cut(parts, model.max_tokens)
    if truncated and options.get("autoTruncate") is False:
        raise too_long(counts.total(), model.max_tokens)
    return Prepared(Input(tuple(kept), task_type, title), dimensions, counts, truncated)


def too_long(found: int, limit: int) -> ApiError:
    """Over the limit although the caller asked not to be cut."""
    return ApiError(
        400,
        "Unable to submit request because the input token count exceeds the maximum number of tokens allowed "
        f"({limit}). Update the input or set autoTruncate and try again. The input holds at least {found} tokens.",
    )


def read_parts(model: Model, content: Mapping[str, Any], image_types: frozenset[str]) -> list[Part]:
    """The parts of a content, checked."""
    raw = content.get("parts", [])
    if not raw:
        raise ApiError(400, "EmbedContentRequest.content contains an empty Part")
    parts = [_read_part(model, part, image_types) for part in raw]
    images = sum(isinstance(part, Blob) for part in parts)
    if images > MAX_IMAGES:
        raise ApiError(400, f"At most {MAX_IMAGES} images are allowed in one request, got {images}.")
    return parts


def _read_part(model: Model, part: Mapping[str, Any], image_types: frozenset[str]) -> Part:
    if part.get("text"):
        return str(part["text"])
    if "fileData" in part:
        raise ApiError(400, "The emulator keeps no files: send the bytes as inlineData.")
    if not part.get("inlineData", {}).get("data"):
        raise ApiError(400, "EmbedContentRequest.content contains an empty Part")
    blob = Blob(part["inlineData"].get("mimeType", ""), part["inlineData"]["data"])
    if not model.multimodal:
        raise ApiError(400, f"Model {model.name} takes text only; got a part of type {blob.mime_type}.")
    if blob.mime_type not in image_types:
        raise ApiError(400, f"Unsupported MIME type: {blob.mime_type}")
    try:
        load(blob.data)
    except UndecodableImageError:
        raise ApiError(400, "Provided image is not valid.") from None
    return blob


def _cut(parts: Iterable[Part], limit: int) -> tuple[list[Part], Counter[str], bool]:
    """The parts within `limit` tokens in all, their tokens by modality, and whether anything was left out."""
    kept: list[Part] = []
    counts: Counter[str] = Counter()
    truncated = False
    for part in parts:
        if isinstance(part, Blob):
            counts["IMAGE"] += tokens.IMAGE_TOKENS
            kept.append(part)
            continue
        text, used, was_cut = tokens.cut(part, max(limit - counts.total(), 0))
        truncated |= was_cut
        counts["TEXT"] += used
        if text:
            kept.append(text)
    return kept, counts, truncated


def usage(counts: Iterable[Mapping[str, int]], details_key: str) -> dict[str, Any]:
    """One usageMetadata for all of a call's contents."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    details = [{"modality": name, "tokenCount": number} for name, number in total.items()]
    return {"promptTokenCount": total.total(), details_key: details}
