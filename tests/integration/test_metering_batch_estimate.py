"""What jobs of the Batch API would cost, through the public doors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from gemini_embed import BatchEstimate, BatchLimits, ConfigurationError, Embedder, Estimate, Image
from gemini_embed_emulator import Emulator
from PIL import Image as Pillow

MakeEmbedder = Callable[..., Embedder]
TEXTS = [f"The {i}th sentence of a report on bread, yeast and the price of flour." for i in range(1000)]


def test_an_estimate_by_jobs_says_both_prices_and_sends_nothing(
    make_embedder: MakeEmbedder, emulator: Emulator
) -> None:
    embedder = make_embedder("gemini-embedding-001", batch_limits=BatchLimits(max_enqueued_tokens=5000))
    online, jobs = embedder.estimate(TEXTS), embedder.estimate(TEXTS, price="batch")
    assert type(online) is Estimate
    assert isinstance(jobs, BatchEstimate)
    assert (jobs.items, jobs.tokens, jobs.online) == (online.items, online.tokens, online)
    assert jobs.jobs == jobs.jobs_in_turn == -(-online.tokens // 5000)
    assert jobs.usd == pytest.approx((online.usd or 0.0) * (0.5 + jobs.verified / 1000))
    assert f"queue of 5,000 tokens: {jobs.jobs} jobs in turn" in str(jobs)
    assert len(emulator.requests) == 0


@pytest.mark.parametrize(
    ("model", "rate_limits", "tokens"),
    [
        pytest.param("gemini-embedding-001", "tier1", 500_000, id="known"),
        pytest.param("gemini-embedding-001", None, None, id="no-tier"),
        pytest.param("gemini-embedding-2", "tier1", None, id="no-number-is-known"),
    ],
)
def test_the_queue_of_a_tier_is_known(
    make_embedder: MakeEmbedder, model: str, rate_limits: str | None, tokens: int | None
) -> None:
    estimate = make_embedder(model, rate_limits=rate_limits).estimate(["x"], price="batch")
    assert estimate.queue_tokens == tokens


def test_media_count_in_files_as_their_base64(make_embedder: MakeEmbedder) -> None:
    noise = Image(Pillow.effect_noise((256, 256), 90))
    estimate = make_embedder().estimate(["a text", noise], price="batch")
    assert estimate.by_modality["image"] > 0
    assert 60_000 < estimate.file_bytes < 110_000


def test_another_price_is_refused(make_embedder: MakeEmbedder) -> None:
    wrong: Any = "half"
    with pytest.raises(ConfigurationError, match="price='half' must be one of 'online', 'batch'"):
        make_embedder().estimate(["x"], price=wrong)
