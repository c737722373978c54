"""What both backends share: a content and its options checked, counted, cut to the limit, ready to be a vector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gemini_embed_emulator import tokens
from gemini_embed_emulator.bill import content_digest
from gemini_embed_emulator.errors import ApiError
from gemini_embed_emulator.models import Model
from gemini_embed_emulator.vectors import Input, Medium, Part, VectorMaker

from .parts import TEXT_ONLY, NothingPerceived, Senses, read_parts
from .reply import Reply
from .schema import UNSPECIFIED


@dataclass(frozen=True)
class Prepared:
    """One vector to make: its input within the model's limit, its size (None: the default), its tokens by modality.

    `item` is None where the service answers without values.
    """

    item: Input | None
    dimensions: int | None
    tokens: Counter[str]
    truncated: bool

    @property
    def total_tokens(self) -> int:
        """Tokens of all modalities."""
        return self.tokens.total()


def prepare(
    model: Model, request: Mapping[str, Any], *, senses: Senses = TEXT_ONLY, default_task: str = ""
) -> Prepared:
    """Check one EmbedContentRequest and cut it to the model's limit.

    Raises ApiError 400 for an empty part, an option out of range, media the model or backend does not take, media that
    cannot be opened, are too long or too many, and too long an input where `autoTruncate` is false.
    """
    options = {**request, **request.get("embedContentConfig", {})}
    dimensions = options.get("outputDimensionality")
    if dimensions is not None and not 1 <= dimensions <= model.dimensions:
        raise ApiError(400, f"output_dimensionality must be between 1 and {model.dimensions}, got {dimensions}.")
    if options.get("audioTrackExtraction"):
        raise ApiError(501, "The emulator does not hear the audio track of a video.")
    try:
        parts = read_parts(model, request.get("content", {}), senses)
    except NothingPerceived:
        return Prepared(None, dimensions, Counter(), truncated=False)
    kept, truncated = _cut(model, parts)
    if truncated and options.get("autoTruncate") is False:
        raise too_long(count_parts(model, parts).total(), model.max_tokens)
    task_type = options.get("taskType", UNSPECIFIED)
    item = Input(tuple(kept), default_task if task_type == UNSPECIFIED else task_type, options.get("title", ""))
    return Prepared(item, dimensions, count_parts(model, kept), truncated)


def too_long(found: int, limit: int) -> ApiError:
    """Over the limit although the caller asked not to be cut, or more than one call may hold."""
    return ApiError(
        400,
        f"Unable to submit request because the input token count is {found} but model only supports up to {limit}. "
        "Reduce the input token count and try again.",
    )


def count_parts(model: Model, parts: Iterable[Part]) -> Counter[str]:
    """Tokens by modality."""
    counts: Counter[str] = Counter()
    for part in parts:
        if isinstance(part, Medium):
            counts[part.modality] += part.tokens
        else:
            counts["TEXT"] += tokens.count(part, model.tokenizer)
    return counts


def count_contents(model: Model, contents: Iterable[Mapping[str, Any]], senses: Senses) -> Counter[str]:
    """Tokens by modality of all contents of a countTokens call. Raises ApiError for what cannot be embedded."""
    try:
        return count_parts(model, [part for content in contents for part in read_parts(model, content, senses)])
    except NothingPerceived:
        raise ApiError(400, "The input contains media that cannot be read.") from None


def _cut(model: Model, parts: Iterable[Part]) -> tuple[list[Part], bool]:
    """The parts within the model's tokens in all, and whether anything was left out. Media stay whole."""
    kept: list[Part] = []
    truncated, left = False, model.max_tokens
    for part in parts:
        within, was_cut = (part, False) if isinstance(part, Medium) else tokens.cut(part, left, model.tokenizer)
        truncated |= was_cut
        if within:
            kept.append(within)
            left = max(left - count_parts(model, [within]).total(), 0)
    return kept, truncated


def content_of(model: Model, one: Prepared) -> bytes:
    """The content on the bill. What its model does not read, as a field for the task is to one, tells none apart."""
    if one.item is None:
        return content_digest(model.name, [])
    parts = (f"\0{part.digest}" if isinstance(part, Medium) else part for part in one.item.parts)
    if model.multimodal:
        return content_digest(model.name, parts)
    return content_digest(model.name, parts, one.item.task_type, one.item.title)


def billed(payload: dict[str, Any], model: Model, items: Sequence[Prepared]) -> Reply:
    """The reply that embeds these."""
    total = sum(item.total_tokens for item in items)
    return Reply(payload, model.name, len(items), total, contents=[content_of(model, item) for item in items])


def row(vectors: VectorMaker, model: Model, one: Prepared, gap: float) -> dict[str, Any]:
    """The vector as replies hold it, empty where there is none. Modalities lie apart in models that have several."""
    if one.item is None:
        return {}
    return {"values": vectors.vector(model, one.item, one.dimensions, gap if model.multimodal else 0.0)}


def usage(counts: Iterable[Counter[str]], details_key: str) -> dict[str, Any]:
    """One usageMetadata for all of a call's contents; of text and image the image stands first, as recorded."""
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    details = [{"modality": name, "tokenCount": total[name]} for name in sorted(total, key="TEXT".__eq__)]
    return {"promptTokenCount": total.total(), details_key: details}
