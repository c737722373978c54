"""What asking a chat model costs: tokens that are likely, and the prices of models that were seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from gemini_embed.describing.prompts import Kind
from gemini_embed.excerpt import Excerpt
from gemini_embed.models import Backend, ModelFacts

SEEN = date(2026, 7, 4)
"""ai.google.dev/gemini-api/docs/pricing, standard tier, as quoted on that day."""
_USD: dict[str, dict[str, float]] = {
    "gemini-3-flash-preview": {"text": 0.5, "image": 0.5, "video": 0.5, "audio": 1.0, "output": 3.0},
    "gemini-2.5-flash": {"text": 0.3, "image": 0.3, "video": 0.3, "audio": 1.0, "output": 2.5},
    "gemini-2.5-flash-lite": {"text": 0.1, "image": 0.1, "video": 0.1, "audio": 0.3, "output": 0.4},
}

AUDIO_TOKENS_A_S, VIDEO_TOKENS_A_S, PICTURE_TOKENS = 32, 300, 1120
"""ai.google.dev/gemini-api/docs/tokens and /media-resolution; of a picture the most that a model counts by default."""
_PROMPT_TOKENS = 100
_SPOKEN_TOKENS_A_S = 8
"""Three words a second at most, and the time codes around them."""
_CAPTION_TOKENS, _PAGE_TOKENS = 120, 800


def facts_of(model: str, backend: Backend, prices: Mapping[str, float] | None) -> ModelFacts:
    """A chat model as budgets know models. `prices`: USD a million tokens by modality and of "output"."""
    known = _USD.get(model, {}) if prices is None else dict(prices)
    if known and "pdf" not in known:
        known = {**known, "pdf": known.get("image", known.get("text", max(known.values())))}
    return ModelFacts(
        name=model,
        backend=backend,
        endpoint="embedContent",
        usd_per_million_tokens=known,
        price_date=SEEN if prices is None and known else None,
    )


def likely_tokens(kind: Kind, modality: str, seconds: float, pages: int = 1) -> dict[str, int]:
    """Of one call, by modality, with those of the answer as "output"."""
    media = {"audio": seconds * AUDIO_TOKENS_A_S, "video": seconds * VIDEO_TOKENS_A_S, "pdf": pages * PICTURE_TOKENS}
    written = {"transcript": seconds * _SPOKEN_TOKENS_A_S, "caption": _CAPTION_TOKENS, "ocr": pages * _PAGE_TOKENS}
    return {
        modality: max(round(media.get(modality, PICTURE_TOKENS)), 1),
        "text": _PROMPT_TOKENS,
        "output": max(round(written[kind]), 20),
    }


def likely_question(modality: str, window: Excerpt, *, hears_videos: bool) -> dict[str, int]:
    """`likely_tokens` of the question about a window that is not cut yet: every video has sound, and no page a text."""
    seconds = (window.end_s or 0.0) - (window.start_s or 0.0)
    if modality == "audio" or (modality == "video" and hears_videos):
        return likely_tokens("transcript", "audio", seconds)
    if modality == "pdf":
        return likely_tokens("ocr", "pdf", 0.0, (window.page_end or 1) - (window.page_start or 1) + 1)
    return likely_tokens("caption", modality, seconds) if modality in ("image", "video") else {}
