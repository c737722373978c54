"""What jobs of the Batch API would cost and how many in turn they are, counted beside the price of online calls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from gemini_embed.metering import Estimate
from gemini_embed.metering.batch_estimates import BatchEstimate, JobPlan


@dataclass(frozen=True)
class Limits:
    """As `BatchLimits`."""

    max_enqueued_tokens: int | None = None
    max_jobs: int = 100
    max_items: int = 20_000
    max_file_bytes: float = 1.9e9


def plan(**limits: Any) -> JobPlan:
    told = Limits(**limits)
    share = told.max_enqueued_tokens and told.max_enqueued_tokens // 4
    return JobPlan(limits=told, max_job_tokens=share, price_factor=0.5, verified=4, max_inline_bytes=2**20)


def online(items: int, tokens: int) -> Estimate:
    return Estimate(0, items, tokens, tokens * 0.2 / 1e6, by_modality={"text": tokens})


@pytest.mark.parametrize(
    ("items", "tokens", "file_bytes", "limits", "expected"),
    [
        pytest.param(0, 0, 0, {}, (0, 0, 0), id="nothing"),
        pytest.param(1, 10, 100, {}, (1, 1, 1), id="one"),
        pytest.param(50_000, 5_000_000, 10**8, {}, (3, 3, 1), id="lines-of-a-job"),
        pytest.param(1_000, 300_000, 4 * 10**9, {}, (3, 3, 1), id="bytes-of-a-job"),
        pytest.param(100_000, 60_000_000, 3 * 10**8, {"max_enqueued_tokens": 500_000}, (480, 4, 120), id="the-queue"),
        pytest.param(100_000, 1_000_000, 3 * 10**8, {"max_enqueued_tokens": 500_000}, (8, 4, 2), id="in-two-turns"),
        pytest.param(100_000, 1_000_000, 10**8, {"max_enqueued_tokens": 10**7}, (5, 5, 1), id="room-for-all"),
        pytest.param(9_000, 9_000, 10**6, {"max_items": 10, "max_jobs": 100}, (900, 100, 9), id="jobs-at-once"),
    ],
)
def test_jobs_are_planned_by_every_limit(
    items: int, tokens: int, file_bytes: int, limits: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    made = BatchEstimate.of(online(items, tokens), file_bytes, plan(**limits))
    assert (made.jobs, made.jobs_at_once, made.jobs_in_turn) == expected


def test_the_price_is_half_and_that_of_the_lines_verified_online() -> None:
    made = BatchEstimate.of(online(100_000, 60_000_000), 10**8, plan(max_enqueued_tokens=500_000))
    assert made.verified == 4 * 480
    assert made.online.usd == pytest.approx(12.0)
    assert made.usd == pytest.approx(6.0 + 12.0 * 1920 / 100_000)


def test_few_items_cost_more_by_jobs_than_online() -> None:
    """All of them are verified."""
    made = BatchEstimate.of(online(3, 30), 500, plan())
    assert made.usd == pytest.approx((made.online.usd or 0.0) * 1.5)


def test_a_price_that_is_not_known_stays_so() -> None:
    made = BatchEstimate.of(replace(online(3, 30), usd=None), 500, plan())
    assert made.usd is None
    assert "price unknown in batch jobs, price unknown online" in str(made)


def test_sums_are_of_one_run() -> None:
    """Its jobs are planned anew, and what an index tells of each part is added up."""
    part = BatchEstimate.of(online(15_000, 15_000), 10**6, plan())
    total = part + replace(part, files=2, known=3)
    assert (total.jobs, total.items, total.files, total.known) == (2, 30_000, 2, 3)
    assert total + BatchEstimate.of(Estimate(), 0, plan()) == total


@pytest.mark.parametrize(
    ("tokens", "limits", "lines"),
    [
        pytest.param(
            60_000_000,
            {"max_enqueued_tokens": 500_000},
            [
                "100,000 items, about 60,000,000 tokens, about $6.23 in batch jobs, $12.00 online",
                "queue of 500,000 tokens: 480 jobs, 4 at once: 120 in turn",
            ],
            id="in-turn",
        ),
        pytest.param(
            1_000_000,
            {"max_enqueued_tokens": 5_000_000},
            [
                "100,000 items, about 1,000,000 tokens, about $0.1000 in batch jobs, $0.2000 online",
                "queue of 5,000,000 tokens: 5 jobs, all at once",
            ],
            id="at-once",
        ),
        pytest.param(
            1_000_000,
            {},
            [
                "100,000 items, about 1,000,000 tokens, about $0.1000 in batch jobs, $0.2000 online",
                "5 jobs, all at once; how many tokens the queue takes is not known, and learned from refusals",
            ],
            id="not-known",
        ),
    ],
)
def test_an_estimate_says_both_prices_and_the_turns(tokens: int, limits: dict[str, Any], lines: list[str]) -> None:
    assert str(BatchEstimate.of(online(100_000, tokens), 3 * 10**8, plan(**limits))).splitlines() == lines
