"""How far a run is, in words; and how seldom its jobs are looked at."""

from __future__ import annotations

import pytest
from gemini_embed import BatchStatus
from gemini_embed.batch_jobs.polling import Pauses
from gemini_embed.batch_jobs.status import duration
from gemini_embed.batch_jobs.watching import watching

HALF = BatchStatus(
    items=12_000,
    done=5_990,
    failed=10,
    pending=6_000,
    jobs={"succeeded": 1, "running": 2},
    tokens=71_880,
    usd=0.00719,
    oldest_s=754.0,
    notes=("batches/1: succeeded (10 refused <b>)",),
)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        pytest.param(BatchStatus(), "0 of 0 items done", id="nothing"),
        pytest.param(
            HALF,
            "5,990 of 12,000 items done, 6,000 pending, 10 failed, 3 jobs (1 succeeded, 2 running), "
            "the oldest waits for 13 min, 71,880 tokens, $0.0072 so far\n  batches/1: succeeded (10 refused <b>)",
            id="half-of-it",
        ),
        pytest.param(
            BatchStatus(items=50, done=4, pending=46, jobs={"pending": 1}, oldest_s=8),
            "4 of 50 items done, 46 pending, 1 job (1 pending), the oldest waits for 8 s",
            id="nothing-collected",
        ),
        pytest.param(
            BatchStatus(items=50, pending=50, jobs={"succeeded": 2, "running": 1}, uncollected=2, oldest_s=8),
            "0 of 50 items done, 50 pending, 3 jobs (2 succeeded, 1 running), 2 ended but not collected, "
            "the oldest waits for 8 s",
            id="ended-but-not-collected",
        ),
        pytest.param(
            BatchStatus(items=1, done=1, jobs={"succeeded": 1}, usd=None),
            "1 of 1 item done, 1 job (1 succeeded), tokens unknown, price unknown so far",
            id="without-figures",
        ),
    ],
)
def test_words(status: BatchStatus, words: str) -> None:
    """What is not there is not said."""
    assert str(status) == words


def test_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    """It tells queue, age and price, and guesses no time from vectors that come a job at a time."""
    with watching(True, "nightly") as show:
        show(HALF)
    said = capsys.readouterr().err
    assert "nightly:  50%" in said
    assert "6000/12000 items" in said
    assert "1 succeeded, 2 running, the oldest for 13 min, $0.0072]" in said
    assert "items/s" not in said
    assert "<" not in said


def test_a_notebook_shows_it() -> None:
    """A bar and the words, in which nothing is read as markup."""
    shown = HALF._repr_html_()
    assert "flex:5990" in shown
    assert "10 refused &lt;b&gt;" in shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "60 min"),
        (5_400, "1.5 h"),
        (40_000, "11 h"),
        (180_000, "2.1 d"),
    ],
)
def test_durations(seconds: float, words: str) -> None:
    """As people say them."""
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("jobs", "calls", "longest_s"),
    [
        pytest.param(1, 1, 30.0, id="one"),
        pytest.param(100, 1, 30.0, id="a-page"),
        pytest.param(100, 5, 150.0, id="pages-of-other-jobs"),
        pytest.param(250, 3, 30.0, id="three-pages"),
    ],
)
def test_looks_grow_rare(jobs: int, calls: int, longest_s: float) -> None:
    """After the first minute it is at most one call in 30 s per 100 jobs."""
    pauses = Pauses()
    waits = [pauses.after(calls, jobs) for _ in range(8)]
    assert waits == [1, 2, 4, 8, 16, longest_s, longest_s, longest_s]
