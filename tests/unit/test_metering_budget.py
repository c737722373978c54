"""Prices, estimates and budgets, as pure decisions."""

from __future__ import annotations

import os
import pickle
from collections import Counter

import pytest
from gemini_embed import (
    ApiError,
    Budget,
    BudgetError,
    ConfigurationError,
    ConnectionFailedError,
    Estimate,
    ModelFacts,
    ReplyError,
    Usage,
)
from gemini_embed.indexing.report import AddReport, SkippedItem
from gemini_embed.metering.prices import likely_tokens_by_modality, price, told_tokens_by_modality, usd
from gemini_embed.models import MODELS, facts_for
from gemini_embed.preparing.plan import Entry, WirePart

FACTS = facts_for("gemini-embedding-2", "developer")
IMAGE: WirePart = {"inlineData": {"mimeType": "image/png", "data": b""}}


def test_a_job_s_price_is_held_at_half_until_it_is_collected() -> None:
    """At what it cost then, in the budget and in that which it is within; saying it again changes nothing."""
    outer = Budget(FACTS, 1.0)
    budget = Budget(FACTS, 0.5, within=outer)
    held = budget.hold("job", {"text": 1_000_000})
    assert (held.usd, budget.in_flight_usd, outer.in_flight_usd) == (0.10, 0.10, 0.10)
    assert outer.held("job", {}) is held
    for _ in range(2):
        held.settle(Usage(prompt_tokens=2_000_000))
        assert (budget.in_flight_usd, budget.spent_usd, outer.in_flight_usd, outer.spent_usd) == (0.0, 0.2, 0.0, 0.2)
    held.release()
    assert outer.spent_usd == 0.2


def test_a_job_that_costs_nothing_lets_its_price_go() -> None:
    budget = Budget(FACTS, 0.1)
    held = budget.hold("job", {"text": 1_000_000})
    with pytest.raises(BudgetError, match="in flight"):
        budget.hold("another", {"text": 1_000})
    held.release()
    assert (budget.in_flight_usd, budget.spent_usd) == (0.0, 0.0)
    budget.hold("another", {"text": 1_000})


def test_a_job_of_another_process_is_bought_already() -> None:
    """It is counted whatever the limit is."""
    budget = Budget(FACTS, 0.01)
    held = budget.held("job", {"text": 1_000_000})
    assert budget.held("job", {"text": 5}) is held
    assert budget.in_flight_usd == 0.10
    held.settle(Usage())  # not counted: the likely price holds
    assert (budget.in_flight_usd, budget.spent_usd) == (0.0, 0.10)


def test_whether_jobs_fit_is_asked_without_holding_anything() -> None:
    outer = Budget(FACTS, 0.1)
    budget = Budget(FACTS, within=outer)
    assert budget.is_limited
    assert not Budget(FACTS).is_limited
    budget.check_batch({"text": 1_000_000})
    with pytest.raises(BudgetError):
        budget.check_batch({"text": 1_000_100})
    assert (budget.in_flight_usd, outer.in_flight_usd) == (0.0, 0.0)


def unsent(message: str) -> ConnectionFailedError:
    error = ConnectionFailedError(message)
    error.sent = False
    return error


def entry(tokens: int, *parts: WirePart) -> Entry:
    images = Counter(image=258 * parts.count(IMAGE)) if parts else Counter[str]()
    return Entry(0, list(parts) or [{"text": "x"}], tokens, 1, has_media=bool(parts), media_tokens=images)


@pytest.mark.parametrize(
    ("items", "tokens"),
    [
        pytest.param([], {}, id="nothing"),
        pytest.param([entry(3), entry(4)], {"text": 7}, id="text"),
        pytest.param([entry(258, IMAGE)], {"image": 258}, id="image"),
        pytest.param([entry(521, {"text": "x"}, IMAGE, IMAGE), entry(5)], {"image": 516, "text": 10}, id="mixed"),
    ],
)
def test_likely_tokens(items: list[Entry], tokens: dict[str, int]) -> None:
    assert likely_tokens_by_modality(items) == tokens


@pytest.mark.parametrize(
    ("tokens", "dollars"),
    [
        pytest.param({"text": 1_000_000}, 0.20, id="text"),
        pytest.param({"text": 500_000, "image": 1_000_000}, 0.55, id="text-and-image"),
        pytest.param({"pdf": 1_000_000}, 12.00, id="no-price-of-its-own"),
        pytest.param({}, 0.0, id="nothing"),
    ],
)
def test_price(tokens: dict[str, int], dollars: float) -> None:
    assert price(tokens, FACTS) == pytest.approx(dollars)


def test_prices_are_dated_and_have_a_source() -> None:
    priced = [facts for facts in MODELS.values() if facts.usd_per_million_tokens]
    assert priced
    for facts in priced:
        assert facts.price_date is not None, facts.name
        assert "PRICE" in facts.source or facts.retired, facts.name


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        pytest.param(Usage(9, {"TEXT": 4, "IMAGE": 5}, 1), {"text": 4, "image": 5}, id="by-modality"),
        pytest.param(Usage(30, {}, 1), {"text": 10, "image": 20}, id="in-total"),
        pytest.param(Usage(None, {}, 1), {"text": 1, "image": 2}, id="not-told"),
        pytest.param(Usage(7, {"DOCUMENT": 7}, 1), {"pdf": 7}, id="the-wire-s-own-name"),
    ],
)
def test_told_tokens(usage: Usage, tokens: dict[str, int]) -> None:
    assert told_tokens_by_modality(usage, {"text": 1, "image": 2}) == tokens


@pytest.mark.parametrize(
    ("error", "spent"),
    [
        pytest.param(ApiError(429), 0.0, id="refused"),
        pytest.param(unsent("x"), 0.0, id="never-sent"),
        pytest.param(ConnectionFailedError("x"), 0.2, id="answer-lost"),
        pytest.param(ReplyError("x"), 0.2, id="answer-unreadable"),
    ],
)
def test_what_a_failed_call_counts(error: Exception, spent: float) -> None:
    budget = Budget(FACTS, 1.0)
    with pytest.raises(type(error)), budget.call([entry(1_000_000)]):
        raise error
    assert (budget.spent_usd, budget.in_flight_usd) == pytest.approx((spent, 0.0))


def test_a_budget_counts_what_is_in_flight_and_takes_the_told_price() -> None:
    budget = Budget(FACTS, 0.6)
    with budget.call([entry(1_000_000)]) as first, budget.call([entry(1_000_000)]):
        assert budget.in_flight_usd == pytest.approx(0.4)
        with budget.call([entry(1_000_000)]):
            pass
        with (
            pytest.raises(BudgetError, match=r"max_cost_usd=0\.6: \$0\.2000 is spent and \$0\.4000 in flight"),
            budget.call([entry(2_000_000)]),
        ):
            pass
        first.answered(Usage(3_000_000, {}, 1))
    assert budget.spent_usd == pytest.approx(0.6 + 0.2 + 0.2)


def test_a_budget_within_another_keeps_both_limits() -> None:
    outer = Budget(FACTS, 0.5)
    inner = Budget(FACTS, 0.3, within=outer)
    with inner.call([entry(1_000_000)]) as call:
        call.answered(Usage(1_000_000, {}, 1))
    with pytest.raises(BudgetError, match=r"max_cost_usd=0\.3"), inner.call([entry(1_000_000)]):
        pass
    assert outer.in_flight_usd == pytest.approx(0)
    with outer.call([entry(1_000_000)]) as call:
        call.answered(Usage(1_000_000, {}, 1))
    with pytest.raises(BudgetError, match=r"max_cost_usd=0\.5"), Budget(FACTS, within=outer).call([entry(1_000_000)]):
        pass
    assert (inner.spent_usd, outer.spent_usd) == pytest.approx((0.2, 0.4))


def test_a_budget_travels_in_a_pickle_with_what_is_spent() -> None:
    budget = Budget(FACTS, 1.0)
    with budget.call([entry(1_000_000)]) as call:
        call.answered(Usage(1_000_000, {}, 1))
    assert pickle.loads(pickle.dumps(budget)).spent_usd == pytest.approx(0.2)  # noqa: S301 - our own


@pytest.mark.parametrize("wrong", [-1, 0, "1", True, float("nan")])
def test_a_limit_is_an_amount(wrong: float) -> None:
    with pytest.raises(ConfigurationError, match="max_cost_usd"):
        Budget(FACTS, wrong)


def test_a_limit_needs_a_price() -> None:
    facts = ModelFacts(name="m", backend="developer", endpoint="batchEmbedContents")
    with pytest.raises(ConfigurationError, match=r"facts=\{'usd_per_million_tokens'"):
        Budget(facts, 1.0)


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(None, "price unknown"), (0.0, "$0.00"), (12.345, "$12.35"), (0.0213, "$0.0213"), (0.00003456, "$0.000035")],
)
def test_amounts_read_well(amount: float | None, shown: str) -> None:
    assert usd(amount) == shown


def test_an_estimate_prints_well() -> None:
    counted = Estimate(1, 3, 1263, 0.00031, by_modality={"text": 1005, "image": 258}, known=2, price_note="prices of m")
    assert str(counted).splitlines() == [
        "3 items (1 file), about 1,263 tokens, about $0.00031, 2 more are in the store already",
        "  text          1,005 tokens",
        "  image           258 tokens",
        "prices of m",
    ]


def test_a_report_prints_well() -> None:
    report = AddReport(
        added=4980,
        reused=12,
        replaced=3,
        skipped=tuple(SkippedItem(i, f"{i}.txt", "is empty") for i in range(7)),
        usage=Usage(1_234_567, {"TEXT": 1_234_567}, 50, retries=2, waited_s={"quota": 11.0, "server": 1.3}, cached=100),
        usd=0.2469,
        estimate=Estimate(0, 4980, 1_250_000, 0.25),
        duration_s=35.24,
    )
    assert str(report).splitlines() == [
        "added     4,980",
        "re-used   12",
        "replaced  3",
        "skipped   7",
        "          item 0 (0.txt): is empty",
        "          item 1 (1.txt): is empty",
        "          item 2 (2.txt): is empty",
        "          item 3 (3.txt): is empty",
        "          item 4 (4.txt): is empty",
        "          and 2 more, see .skipped",
        "cached    100",
        "tokens    1,234,567",
        "price     $0.2469 (estimated $0.2500)",
        "requests  50, 2 tried again",
        "waited    12.3 s (quota 11.0, server 1.3)",
        "took      35.2 s",
    ]
    assert repr(report) == ("<AddReport: 4,980 added, 12 re-used, 3 replaced, 7 skipped, 1,234,567 tokens, $0.2469>")


def test_a_budget_prints() -> None:
    assert repr(Budget(FACTS, 5.0)) == "Budget($0.00 spent, max_cost_usd=5)"
    assert repr(Budget(FACTS)) == "Budget($0.00 spent, no limit)"


def test_an_estimate_of_one() -> None:
    assert str(Estimate(items=1, tokens=6, usd=0.0000012)) == "1 item, about 6 tokens, about $0.0000012"


def test_a_fork_while_a_call_is_in_flight() -> None:
    """Its thread does not go on in the child, and may have held the lock."""
    budget = Budget(FACTS, 1.0)
    with budget.call([entry(1000)]), budget._lock:
        pid = os.fork()
        if pid == 0:
            free = budget._lock.acquire(blocking=False)
            os._exit(0 if free and budget.in_flight_usd == 0 else 3)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
