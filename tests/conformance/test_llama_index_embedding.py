"""What LlamaIndex expects of an embedding: events, cache, limiter, serialisation, copies; and no key anywhere."""

from __future__ import annotations

import asyncio
import copy
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fix_capture import CaptureServer
from gemini_embed import (
    AuthenticationError,
    ConfigurationError,
    GeminiEmbedError,
    InputError,
    ModelFacts,
    QuotaError,
    RefusedItemsError,
    RetryPolicy,
    VectorCache,
)
from gemini_embed.models import facts_for
from gemini_embed_emulator import Emulator, Fault
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.settings import Settings
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.embeddings.gemini_embed import GeminiEmbedding

Make = Callable[..., GeminiEmbedding]
Call = Callable[[GeminiEmbedding, Any], Any]

TEXT_CALLS = [
    pytest.param(lambda m, x: m.get_text_embedding(x), id="text"),
    pytest.param(lambda m, x: asyncio.run(m.aget_text_embedding(x)), id="atext"),
    pytest.param(lambda m, x: m.get_query_embedding(x), id="query"),
    pytest.param(lambda m, x: asyncio.run(m.aget_query_embedding(x)), id="aquery"),
    pytest.param(lambda m, x: m.get_text_embedding_batch([x])[0], id="texts"),
    pytest.param(lambda m, x: asyncio.run(m.aget_text_embedding_batch([x]))[0], id="atexts"),
]
IMAGE_CALLS = [
    pytest.param(lambda m, x: m.get_image_embedding(x), id="image"),
    pytest.param(lambda m, x: asyncio.run(m.aget_image_embedding(x)), id="aimage"),
    pytest.param(lambda m, x: m.get_image_embedding_batch([x])[0], id="images"),
    pytest.param(lambda m, x: asyncio.run(m.aget_image_embedding_batch([x]))[0], id="aimages"),
]


class TestKind:
    def test_is_what_the_framework_asks_for(self, make_llama_index: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Settings, "_embed_model", None)
        model = make_llama_index()
        assert isinstance(model, BaseEmbedding)
        assert isinstance(model, MultiModalEmbedding)
        Settings.embed_model = model
        assert Settings.embed_model is model

    def test_has_a_class_name_of_its_own(self) -> None:
        """The official class answers "GeminiEmbedding", and an ingestion cache keys by that name."""
        assert GeminiEmbedding.class_name() == "gemini_embed.GeminiEmbedding"

    @pytest.mark.parametrize("call", TEXT_CALLS)
    def test_vectors_are_lists_of_floats(self, make_llama_index: Make, call: Call) -> None:
        vector = call(make_llama_index(dimensions=24), "cat")
        assert (type(vector), {type(value) for value in vector}, len(vector)) == (list, {float}, 24)

    def test_nothing_in_nothing_out(self, make_llama_index: Make, emulator: Emulator) -> None:
        model = make_llama_index()
        assert model.get_text_embedding_batch([]) == asyncio.run(model.aget_text_embedding_batch([])) == []
        assert model.get_image_embedding_batch([], show_progress=True) == []
        assert len(emulator.requests) == 0

    def test_importing_it_loads_no_sdk_store_or_pillow(self) -> None:
        """Beyond what llama_index.core itself loads."""
        program = (
            "import sys, llama_index.core.embeddings, llama_index.core.base.base_retriever\n"
            "import llama_index.core.vector_stores.utils\n"
            "before = set(sys.modules)\n"
            "import llama_index.embeddings.gemini_embed, llama_index.retrievers.gemini_embed\n"
            "heavy = ('google.genai', 'google.auth', 'qdrant_client', 'qdrant_edge', 'pymilvus', 'PIL')\n"
            "print([m for m in set(sys.modules) - before if m.startswith(heavy)])"
        )
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]"


class TestEvents:
    @pytest.mark.parametrize("call", TEXT_CALLS)
    def test_texts(self, make_llama_index: Make, seen: Any, call: Call) -> None:
        vector = call(make_llama_index(dimensions=8), "cat")

        assert seen.names == ["EmbeddingStartEvent", "EmbeddingEndEvent"]
        assert seen.events[0].model_dict == {
            "class_name": "gemini_embed.GeminiEmbedding",
            "model_name": "gemini-embedding-2",
            "embed_batch_size": 100,
        }
        assert (seen.events[1].chunks, seen.events[1].embeddings) == (["cat"], [vector])

    @pytest.mark.parametrize("call", IMAGE_CALLS)
    def test_images(self, make_llama_index: Make, seen: Any, pictures: Callable[[str], Path], call: Call) -> None:
        """The framework's own image methods send none."""
        path = str(pictures("red"))
        vector = call(make_llama_index(dimensions=8), path)

        assert seen.names == ["EmbeddingStartEvent", "EmbeddingEndEvent"]
        assert (seen.events[1].chunks, seen.events[1].embeddings) == ([path], [vector])

    def test_bytes_are_not_in_events(self, make_llama_index: Make, seen: Any, pictures: Callable[[str], Path]) -> None:
        data = pictures("red").read_bytes()
        make_llama_index(dimensions=8).get_image_embedding(BytesIO(data))
        assert seen.ended == [[f"Image(<{len(data)} bytes>)"]]

    @pytest.mark.parametrize("bar", [False, True], ids=["plain", "with-a-bar"])
    @pytest.mark.parametrize("colour", ["sync", "async"])
    def test_a_pair_for_each_batch(self, make_llama_index: Make, seen: Any, colour: str, bar: bool) -> None:
        handler = LlamaDebugHandler(print_trace_on_end=False)
        model = make_llama_index(dimensions=8, embed_batch_size=2, callback_manager=CallbackManager([handler]))
        texts = ["a", "b", "c", "d", "e"]
        if colour == "sync":
            vectors = model.get_text_embedding_batch(texts, show_progress=bar)
        else:
            vectors = asyncio.run(model.aget_text_embedding_batch(texts, show_progress=bar))

        assert seen.ended == [["a", "b"], ["c", "d"], ["e"]]
        assert sorted(seen.names) == ["EmbeddingEndEvent"] * 3 + ["EmbeddingStartEvent"] * 3
        pairs = handler.get_event_pairs(CBEventType.EMBEDDING)
        ended = [pair[1].payload or {} for pair in pairs]
        assert [payload["chunks"] for payload in ended] == [["a", "b"], ["c", "d"], ["e"]]
        assert [row for payload in ended for row in payload["embeddings"]] == vectors

    def test_a_failure_ends_what_was_begun(self, make_llama_index: Make, emulator: Emulator) -> None:
        handler = LlamaDebugHandler(print_trace_on_end=False)
        emulator.faults.push(Fault.status(400))
        with pytest.raises(GeminiEmbedError):
            make_llama_index(callback_manager=CallbackManager([handler])).get_text_embedding("cat")

        (pair,) = handler.get_event_pairs(CBEventType.EMBEDDING)
        assert "exception" in (pair[1].payload or {})

    def test_the_bar_counts_texts(
        self, make_llama_index: Make, emulator: Emulator, capfd: pytest.CaptureFixture[str]
    ) -> None:
        emulator.latency_s = 0.15  # the bar is drawn every tenth of a second
        make_llama_index(dimensions=8, embed_batch_size=1).get_text_embedding_batch(["x"] * 40, show_progress=True)
        shown = capfd.readouterr().err
        assert "Generating embeddings" in shown
        assert "32/40" in shown
        assert "40/40" in shown


class TestCache:
    @pytest.mark.parametrize("call", TEXT_CALLS)
    def test_a_second_call_sends_nothing(self, make_llama_index: Make, emulator: Emulator, call: Call) -> None:
        model = make_llama_index(dimensions=8, embeddings_cache=SimpleKVStore())
        first = call(model, "cat")
        emulator.requests.clear()

        assert call(model, "cat") == first
        assert len(emulator.requests) == 0

    @pytest.mark.parametrize("call", TEXT_CALLS)
    def test_never_mixes_services(self, make_llama_index: Make, call: Call, capture: CaptureServer) -> None:
        """Another server on this machine is no emulator; an emulator on another port is the same one."""
        cache = SimpleKVStore()
        emulators = call(make_llama_index(dimensions=8, embeddings_cache=cache), "cat")
        others = call(make_llama_index(dimensions=8, embeddings_cache=cache, base_url=capture.base_url), "cat")
        assert others != emulators
        with Emulator() as another:
            again = make_llama_index(dimensions=8, embeddings_cache=cache, base_url=another.base_url)
            assert call(again, "cat") == emulators
            assert len(another.requests) == 0

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param({}, {"model_name": "gemini-embedding-001"}, id="model"),
            pytest.param({}, {"dimensions": 16}, id="size"),
            pytest.param({}, {"task": "clustering"}, id="task"),
            pytest.param({}, {"task": "question_answering"}, id="task-with-the-same-fingerprint"),
            pytest.param({}, {"task": "raw"}, id="no-task"),
            pytest.param(
                {"model_name": "gemini-embedding-001"},
                {"model_name": "gemini-embedding-001", "normalize": False},
                id="normalisation",
            ),
        ],
    )
    @pytest.mark.parametrize("call", TEXT_CALLS)
    def test_never_mixes(self, make_llama_index: Make, call: Call, one: dict[str, Any], other: dict[str, Any]) -> None:
        cache = SimpleKVStore()
        call(make_llama_index(**{"dimensions": 8, "embeddings_cache": cache, **one}), "cat")

        cached = call(make_llama_index(**{"dimensions": 8, "embeddings_cache": cache, **other}), "cat")
        assert cached == call(make_llama_index(**{"dimensions": 8, **other}), "cat")

    def test_never_mixes_sides(self, make_llama_index: Make) -> None:
        cached, plain = make_llama_index(embeddings_cache=SimpleKVStore()), make_llama_index()
        for model in (cached, cached, plain):
            vectors = model.get_text_embedding("cat"), model.get_query_embedding("cat")
        assert (cached.get_text_embedding("cat"), cached.get_query_embedding("cat")) == vectors

    def test_only_the_missing_are_sent_in_order(self, make_llama_index: Make, emulator: Emulator) -> None:
        model = make_llama_index(dimensions=8, embeddings_cache=SimpleKVStore())
        model.get_text_embedding_batch(["b", "d"])
        emulator.requests.clear()

        vectors = model.get_text_embedding_batch(["a", "b", "c", "d", "e"])
        assert emulator.requests.items_billed == 3
        assert vectors == make_llama_index(dimensions=8).get_text_embedding_batch(["a", "b", "c", "d", "e"])

    def test_what_was_finished_before_a_failure_is_kept(self, make_llama_index: Make, emulator: Emulator) -> None:
        options = {"dimensions": 8, "embeddings_cache": SimpleKVStore(), "embed_batch_size": 1, "concurrency": 1}
        model = make_llama_index(**options)
        model.get_text_embedding("0")
        emulator.faults.push(None, None, Fault.bad_key())
        with pytest.raises(GeminiEmbedError) as caught:
            model.get_text_embedding_batch([str(n) for n in range(6)])
        assert caught.value.completed is not None
        assert list(caught.value.completed.positions) == [1, 2]  # in the caller's list, not among the missing

        emulator.requests.clear()
        assert len(model.get_text_embedding_batch([str(n) for n in range(6)])) == 6
        assert emulator.requests.items_billed == 3

    def test_a_refused_text_is_named_by_its_place(self, make_llama_index: Make, emulator: Emulator) -> None:
        options = {"dimensions": 8, "embeddings_cache": SimpleKVStore(), "embed_batch_size": 1, "concurrency": 1}
        model = make_llama_index(**options)
        model.get_text_embedding("0")
        emulator.faults.push(None, Fault.status(400, "no vowels"))
        with pytest.raises(RefusedItemsError, match="input 2: no vowels") as caught:
            model.get_text_embedding_batch([str(n) for n in range(4)])
        assert [item.position for item in caught.value.refused] == list(caught.value.positions) == [2]
        assert caught.value.completed is not None
        assert list(caught.value.completed.positions) == [1, 3]
        assert caught.value.completed.usage.requests == 2

    def test_positions_are_the_callers(self, make_llama_index: Make) -> None:
        model = make_llama_index(dimensions=8, embeddings_cache=SimpleKVStore())
        model.get_text_embedding_batch(["a", "b"])
        with pytest.raises(InputError, match=r"^input 3: ") as caught:
            model.get_text_embedding_batch(["a", "c", "b", ""])
        assert caught.value.position == 3


class Limiter(BaseRateLimiter):
    """Lets everything pass and counts."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def acquire(self, num_tokens: int = 0) -> None:
        self.asked.append(num_tokens)

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.asked.append(num_tokens)


class TestRateLimiter:
    @pytest.mark.parametrize("colour", ["sync", "async"])
    def test_is_asked_before_each_batch_with_its_tokens(self, make_llama_index: Make, colour: str) -> None:
        """The framework's own methods never tell it a number of tokens."""
        limiter = Limiter()
        model = make_llama_index(dimensions=8, embed_batch_size=2, rate_limiter=limiter)
        texts = ["word " * 100] * 4 + ["word"]
        if colour == "sync":
            vectors = model.get_text_embedding_batch(texts)
        else:
            vectors = asyncio.run(model.aget_text_embedding_batch(texts))

        assert len(vectors) == 5
        first, second, third = limiter.asked
        assert first == second > 100 > third > 0

    @pytest.mark.parametrize("call", IMAGE_CALLS)
    def test_is_asked_for_images(self, make_llama_index: Make, pictures: Callable[[str], Path], call: Call) -> None:
        limiter = Limiter()
        call(make_llama_index(dimensions=8, rate_limiter=limiter), str(pictures("red")))
        (tokens,) = limiter.asked
        assert tokens > 100

    async def test_a_failure_cancels_the_other_batches(self, make_llama_index: Make, emulator: Emulator) -> None:
        emulator.latency_s = 0.5
        emulator.faults.rule = lambda request: Fault.status(400)  # whichever comes first: batches start in any order
        model = make_llama_index(embed_batch_size=1, rate_limiter=Limiter(), concurrency=1)
        before = asyncio.all_tasks()
        with pytest.raises(GeminiEmbedError):
            await model.aget_text_embedding_batch(list(map(str, range(20))))
        left = asyncio.all_tasks() - before
        if left:
            await asyncio.wait(left)
        assert len(emulator.requests) < 5


SETTINGS: dict[str, Any] = {
    "dimensions": 8,
    "task": "clustering",
    "normalize": True,
    "overflow": "error",
    "condition_media": "both",
    "timeout_s": 7.5,
    "retry": {"max_attempts": 2},
    "concurrency": 3,
    "facts": {"max_batch_items": 50, "modalities": frozenset({"text"})},
    "max_media_bytes": 1000,
    "keep_uploads": True,
    "embed_batch_size": 20,
}


class TestSerialisation:
    KEY = "a-secret-key"

    @pytest.fixture
    def model(self, make_llama_index: Make) -> GeminiEmbedding:
        return make_llama_index(api_key=self.KEY, headers={"x-secret": self.KEY}, **SETTINGS)

    def test_no_key_in_any_form(self, model: GeminiEmbedding) -> None:
        model.embeddings_cache = SimpleKVStore()
        forms = [model.to_json(), str(model.to_dict()), repr(model), str(model), str(model.model_dump(mode="json"))]
        assert [form for form in forms if self.KEY in form] == []
        assert self.KEY not in str(model.to_payload())
        model = GeminiEmbedding(api_key=self.KEY)
        assert self.KEY.encode() not in pickle.dumps(model)

    def test_round_trip_through_json(
        self, model: GeminiEmbedding, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
    ) -> None:
        monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
        loaded = GeminiEmbedding.from_json(model.to_json())

        assert loaded.to_dict() == model.to_dict()
        assert repr(loaded.embedder) == repr(model.embedder)
        assert (loaded.embedder.facts, loaded.embedder.retry) == (model.embedder.facts, model.embedder.retry)
        assert loaded.get_text_embedding("cat") == model.get_text_embedding("cat")
        assert emulator.requests[0].headers["x-goog-api-key"] == "from-the-environment"

    def test_whole_facts_survive_json(self, make_llama_index: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
        facts: ModelFacts = facts_for("text-embedding-004", "developer", {"retired": None})
        model = make_llama_index("text-embedding-004", facts=facts)
        data = json.loads(model.to_json())
        assert GeminiEmbedding.from_dict(data).embedder.facts == facts

    @pytest.mark.parametrize("wrapped", [str, Path, VectorCache])
    def test_a_cache_is_its_path(
        self, make_llama_index: Make, tmp_path: Path, wrapped: Callable[[Path], Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
        path = tmp_path / "vectors.db"
        model = make_llama_index(cache=wrapped(path), max_cost_usd=2, root=tmp_path)
        assert model.to_dict().items() >= {"cache": str(path), "max_cost_usd": 2, "root": str(tmp_path)}.items()

        for loaded in (GeminiEmbedding.from_json(model.to_json()), pickle.loads(pickle.dumps(model))):  # noqa: S301 - ours
            embedder = loaded.embedder
            assert embedder.cache is not None
            assert (embedder.cache.path, embedder.budget.max_usd, embedder.root) == (path, 2, str(tmp_path))

    def test_a_cache_is_shared_by_all_who_name_it(
        self, make_llama_index: Make, tmp_path: Path, emulator: Emulator, seen: Any
    ) -> None:
        for _ in range(2):
            make_llama_index(dimensions=8, cache=tmp_path / "vectors.db").get_text_embedding("cat")
        assert emulator.requests.items_billed == 1
        assert seen.events[-1].tags["gemini_embed_usage"]["cached"] == 1

    def test_round_trip_through_pickle(
        self, make_llama_index: Make, monkeypatch: pytest.MonkeyPatch, emulator: Emulator
    ) -> None:
        model = make_llama_index(api_key=self.KEY, **SETTINGS)
        dumped = pickle.dumps(model)
        with pytest.raises((AuthenticationError, ConfigurationError), match="GEMINI_API_KEY"):
            pickle.loads(dumped).get_text_embedding("cat")  # noqa: S301 - our own bytes

        monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
        loaded = pickle.loads(dumped)  # noqa: S301 - our own bytes
        assert loaded.to_dict() == model.to_dict()
        assert loaded.get_text_embedding("cat") == model.get_text_embedding("cat")
        assert emulator.requests[0].headers["x-goog-api-key"] == "from-the-environment"

    def test_a_secret_header_does_not_travel(self, model: GeminiEmbedding, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GEMINI_API_KEY", "from-the-environment")
        with pytest.raises(ConfigurationError, match="x-secret"):
            pickle.loads(pickle.dumps(model)).get_text_embedding("cat")  # noqa: S301 - our own bytes

    def test_what_cannot_be_pickled_has_its_default_again(
        self, make_llama_index: Make, caplog: pytest.LogCaptureFixture
    ) -> None:
        model = make_llama_index()
        model.rate_limiter = threading.Lock()
        loaded = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own bytes
        assert loaded.rate_limiter is None
        assert "rate_limiter" in caplog.text

    @pytest.mark.parametrize(
        "copied",
        [
            pytest.param(copy.copy, id="copy"),
            pytest.param(copy.deepcopy, id="deepcopy"),
            pytest.param(lambda m: m.model_copy(), id="model_copy"),
            pytest.param(lambda m: m.model_copy(deep=True, update={"embed_batch_size": 3}), id="deep-with-update"),
        ],
    )
    def test_copies_work_with_the_key_they_have(
        self, make_llama_index: Make, copied: Callable[[GeminiEmbedding], GeminiEmbedding]
    ) -> None:
        model = make_llama_index(dimensions=8)
        assert copied(model).get_text_embedding("cat") == model.get_text_embedding("cat")

    def test_settings_are_fixed(self, make_llama_index: Make) -> None:
        """What the vectors are made with cannot be changed behind the core's back."""
        model = make_llama_index(dimensions=8)
        with pytest.raises(ConfigurationError, match="cannot change task, fixed once made: make a new GeminiEmbedding"):
            model.task = "raw"
        with pytest.raises(ConfigurationError, match="dimensions, task"):
            model.model_copy(update={"task": "raw", "dimensions": 9})

    def test_the_batch_size_is_not(self, make_llama_index: Make, emulator: Emulator) -> None:
        model = make_llama_index(dimensions=8)
        model.embed_batch_size = 2
        model.get_text_embedding_batch(["a", "b", "c"])
        assert len(emulator.requests) == 2


class TestErrors:
    def test_come_as_the_core_raises_them(self, make_llama_index: Make, emulator: Emulator) -> None:
        emulator.faults.push(Fault.rate_limited("day"))
        with pytest.raises(QuotaError) as caught:
            make_llama_index(retry=RetryPolicy(max_attempts=1)).get_query_embedding("cat")
        assert caught.value.code == 429

    async def test_cancelling_the_caller_cancels_the_request(self, make_llama_index: Make, emulator: Emulator) -> None:
        emulator.latency_s = 30
        task = asyncio.create_task(make_llama_index().aget_text_embedding("cat"))
        while not emulator.requests.in_flight:  # noqa: ASYNC110 - it counts in a thread
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while emulator.requests.in_flight:  # noqa: ASYNC110 - it counts in a thread
            await asyncio.sleep(0.01)
        assert emulator.requests.abandoned == 1
