"""What getting the vectors took is counted: retries, and seconds waited by reason, of calls that fail too."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from gemini_embed import ApiError, Embedder, GeminiEmbedWarning, Image, RateLimits, ReplyError
from gemini_embed.content import Content
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]

WAITS = [
    pytest.param(Fault.status(503), "server", id="503"),
    pytest.param(Fault.garbage(), "server", id="unreadable"),
    pytest.param(Fault.drop_before(), "connection", id="dropped"),
    pytest.param(Fault.rate_limited(retry_delay_s=0.2), "quota", id="429"),
]


@pytest.mark.parametrize(("fault", "reason"), WAITS)
def test_retries_and_waits(fault: Fault, reason: str, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.push(fault, fault)
    usage = make_embedder(dimensions=8).embed_query("x").usage
    assert usage.retries == 2
    assert usage.requests == 1
    assert usage.waited_s.keys() <= {reason, "pace"}
    assert usage.waited_s[reason] > 0


def test_nothing_waited(make_embedder: MakeEmbedder) -> None:
    usage = make_embedder(dimensions=8).embed_query("x").usage
    assert (usage.retries, usage.waited_s) == (0, {})


def test_the_pace_that_is_kept(make_embedder: MakeEmbedder) -> None:
    """Twenty contents a second, and no burst."""
    limits = RateLimits(requests_per_minute=1200, burst_s=0.5)
    embedder = make_embedder(dimensions=8, rate_limits=limits, batch_size=10)
    usage = embedder.embed_documents([str(i) for i in range(40)]).usage
    assert usage.waited_s["pace"] > 0.5
    assert usage.retries == 0


def test_of_a_call_that_fails(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.push(None, Fault.status(503), Fault.status(403))
    with pytest.raises(ApiError) as caught:
        make_embedder(dimensions=8, batch_size=5, concurrency=1).embed_documents([str(i) for i in range(10)])
    assert caught.value.completed is not None
    usage = caught.value.completed.usage
    assert (usage.requests, usage.retries, [*usage.waited_s]) == (1, 1, ["server"])
    assert usage.prompt_tokens


def test_waits_of_a_request_that_is_refused(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.push(None, Fault.status(403))
    embedder = make_embedder(dimensions=8, rate_limits=RateLimits(requests_per_minute=120, burst_s=0.5), batch_size=1)
    with pytest.raises(ApiError) as caught:
        embedder.embed_documents(["a", "b"])
    assert caught.value.completed is not None
    assert caught.value.completed.usage.waited_s["pace"] > 0.1


def test_calls_that_wait_together_count_once(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=8, batch_size=1, rate_limits=RateLimits(requests_per_minute=60_000))
    emulator.latency_s = 0.1
    emulator.faults.push(*[Fault.rate_limited(retry_delay_s=0.5, limit=60_000)] * 8)
    began = time.monotonic()
    usage = embedder.embed_documents([str(i) for i in range(8)]).usage
    assert usage.retries == 8
    assert 0.4 < usage.waited_s["quota"] < time.monotonic() - began


class TestSizes:
    """A reply of another size than the model's is refused, the first one too."""

    @pytest.mark.parametrize("dimensions", [None, 768])
    def test_wrong(self, dimensions: int | None, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        emulator.faults.push(Fault.wrong_size(100))
        with pytest.raises(ReplyError, match=r"a vector of 100 values for input 0; .* expected"):
            make_embedder(dimensions=dimensions).embed_query("x")


class TestTitles:
    """A title that nothing carries to the model is told of."""

    def test_of_media(self, make_embedder: MakeEmbedder, picture: Image) -> None:
        embedder = make_embedder(dimensions=8)
        with pytest.warns(GeminiEmbedWarning, match="titles of contents with media are not used") as seen:
            embedder.embed([Content("text", picture, title="a"), Content("more", picture, title="b")])
        assert len(seen) == 1

    def test_of_text_and_where_media_are_conditioned(self, make_embedder: MakeEmbedder, picture: Image) -> None:
        make_embedder(dimensions=8).embed([Content("text", title="a")])
        make_embedder(dimensions=8, condition_media="both").embed([Content("text", picture, title="a")])


@pytest.fixture
def picture() -> Image:
    from PIL import Image as Picture

    return Image(Picture.new("RGB", (8, 8)))
