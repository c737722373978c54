"""Finished vectors on disk: found again, shared, safe after a kill, and never in the way of a call."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import (
    ApiError,
    CacheError,
    ConfigurationError,
    Content,
    Embedder,
    Image,
    RefusedItemsError,
    VectorCache,
)
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]
KEY = "a-secret-key-for-tests"


@pytest.fixture
def cached(make_embedder: MakeEmbedder, tmp_path: Path) -> MakeEmbedder:
    """Makes embedders that share a cache in a folder that is not there yet."""

    def make(model: str = "gemini-embedding-2", **options: Any) -> Embedder:
        return make_embedder(model, **{"dimensions": 8, "cache": tmp_path / "new" / "vectors.db", **options})

    return make


def texts_of(n: int) -> list[str]:
    return [f"<text {i}>" for i in range(n)]


@pytest.mark.parametrize("door", ["sync", "async"])
def test_what_was_embedded_once_is_not_sent_again(door: str, cached: MakeEmbedder, emulator: Emulator) -> None:
    texts = texts_of(250)
    first = cached().embed_documents(texts)
    emulator.requests.clear()
    embedder = cached()
    second = asyncio.run(embedder.aembed_documents(texts)) if door == "async" else embedder.embed_documents(texts)
    assert len(emulator.requests) == 0
    assert np.array_equal(first.values, second.values)
    assert (first.usage.cached, second.usage.cached, second.usage.requests) == (0, 250, 0)
    assert second.usage.prompt_tokens is None
    assert "250 inputs from the cache" in str(second.usage)


def test_only_full_calls_of_the_rest_are_sent(cached: MakeEmbedder, emulator: Emulator) -> None:
    texts = texts_of(1000)
    right = cached().embed_documents(texts)
    (cached().cache or VectorCache("")).prune(model="gemini-embedding-2")
    cached().embed_documents([text for i, text in enumerate(texts) if i % 10])
    emulator.requests.clear()
    result = cached().embed_documents(texts)
    assert [len(r.json["requests"]) for r in emulator.requests] == [100]
    assert np.array_equal(result.values, right.values)
    assert result.usage.cached == 900


def test_queries_go_through_it_too(cached: MakeEmbedder, emulator: Emulator) -> None:
    first = cached().embed_query("x")
    assert np.array_equal(cached().embed_query("x").values, first.values)
    assert len(emulator.requests) == 1


NOT_THE_SAME = [
    pytest.param(lambda make: make().embed_query("x"), id="side"),
    pytest.param(lambda make: make(task="clustering").embed_documents(["x"]), id="task"),
    pytest.param(lambda make: make(dimensions=16).embed_documents(["x"]), id="size"),
    pytest.param(lambda make: make("gemini-embedding-001").embed_documents(["x"]), id="model"),
    pytest.param(lambda make: make().embed_documents(["x"], ["title"]), id="title"),
    pytest.param(lambda make: make().embed([Content("x", "y")]), id="another-part"),
]


@pytest.mark.parametrize("other", NOT_THE_SAME)
def test_what_makes_another_vector(other: Callable[..., Any], cached: MakeEmbedder, emulator: Emulator) -> None:
    cached().embed_documents(["x"])
    assert other(cached).usage.cached == 0
    assert len(emulator.requests) == 2


def test_task_and_title_fields_count(cached: MakeEmbedder, emulator: Emulator) -> None:
    """Older models are told by fields, not by prefixes."""

    def make(**options: Any) -> Embedder:
        return cached("gemini-embedding-001", **options)

    make().embed_documents(["x"])
    make().embed_documents(["x"], ["title"])
    make(task="clustering").embed_documents(["x"])
    make().embed_query("x")
    assert len(emulator.requests) == 4
    assert make().embed_documents(["x"], ["title"]).usage.cached == 1


def test_developer_api_and_vertex_are_kept_apart(
    cached: MakeEmbedder, emulator: Emulator, fake_credentials: object
) -> None:
    cached().embed_query("x")
    vertex = cached(vertexai=True, project="p", credentials=fake_credentials)
    assert vertex.embed_query("x").usage.cached == 0
    other = cached(vertexai=True, project="another", location="us", credentials=fake_credentials)
    assert other.embed_query("x").usage.cached == 1, "neither project nor location makes another vector"


def test_a_text_that_was_cut_is_no_answer_to_who_wants_it_refused(
    cached: MakeEmbedder, fake_credentials: object
) -> None:
    vertex = {"vertexai": True, "project": "p", "credentials": fake_credentials}
    text = "word " * 4000
    assert len(cached("text-embedding-005", overflow="truncate", **vertex).embed_documents([text])) == 1
    with pytest.raises(RefusedItemsError, match="input 0"):
        cached("text-embedding-005", overflow="error", **vertex).embed_documents([text])


def test_the_models_own_size_is_the_same_told_or_not(cached: MakeEmbedder) -> None:
    cached(dimensions=None).embed_query("x")
    assert cached(dimensions=3072).embed_query("x").usage.cached == 1


def test_normalisation_may_change(cached: MakeEmbedder, emulator: Emulator) -> None:
    served = cached("gemini-embedding-001", normalize=False).embed_documents(["a", "b"]).values
    unit = cached("gemini-embedding-001").embed_documents(["a", "b"]).values
    assert len(emulator.requests) == 1
    assert np.linalg.norm(served, axis=1).max() < 0.99
    assert np.linalg.norm(unit, axis=1) == pytest.approx(np.ones(2), abs=1e-6)
    assert np.array_equal(cached("gemini-embedding-001", normalize=False).embed_documents(["a", "b"]).values, served)


def test_media_count_by_their_bytes(
    cached: MakeEmbedder, emulator: Emulator, tmp_path: Path, png: Callable[..., bytes]
) -> None:
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    first.write_bytes(png((1, 2, 3)))
    second.write_bytes(png((1, 2, 3)))
    cached().embed([first, Content("text")])
    assert cached().embed([Image(second), Image(png((1, 2, 3)))]).usage.cached == 2
    first.write_bytes(png((200, 2, 3)))
    assert cached().embed([first]).usage.cached == 0
    assert len(emulator.requests) == 2


@pytest.fixture
def png() -> Callable[..., bytes]:
    """Bytes of a small picture of one colour."""
    from io import BytesIO

    from PIL import Image as Picture

    def make(colour: tuple[int, int, int]) -> bytes:
        out = BytesIO()
        Picture.new("RGB", (8, 8), colour).save(out, "PNG")
        return out.getvalue()

    return make


class TestTwins:
    """Identical inputs of one call are embedded once."""

    def test_texts(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        embedder = make_embedder(dimensions=8)
        texts = ["a", "b", "a", "c", "b", "a"]
        result = embedder.embed_documents(texts)
        assert emulator.requests.items_billed == 3
        for text, row in zip(texts, result, strict=True):
            assert np.array_equal(row, embedder.embed_documents([text]).vector)

    def test_titles_make_a_difference(self, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
        make_embedder(dimensions=8).embed_documents(["a", "a", "a"], ["t", None, "t"])
        assert emulator.requests.items_billed == 2

    def test_media(self, make_embedder: MakeEmbedder, emulator: Emulator, png: Callable[..., bytes]) -> None:
        picture = Image(png((1, 2, 3)))
        result = make_embedder(dimensions=8).embed([picture, ["text", picture], picture])
        assert emulator.requests.items_billed == 2
        assert np.array_equal(result[0], result[2])
        assert not np.array_equal(result[0], result[1])

    def test_errors_and_completed_speak_of_the_callers_places(
        self, make_embedder: MakeEmbedder, emulator: Emulator
    ) -> None:
        embedder = make_embedder(dimensions=8, batch_size=2, concurrency=1)
        emulator.faults.push(None, Fault.status(403))
        with pytest.raises(ApiError) as caught:
            embedder.embed_documents(["a", "b", "a", "c", "b", "c", "a"])
        assert sorted(caught.value.positions) == [3, 5]
        assert caught.value.completed is not None
        assert list(caught.value.completed.positions) == [0, 1, 2, 4, 6]
        assert np.array_equal(caught.value.completed.values[0], caught.value.completed.values[2])

    def test_a_cached_vector_fills_all_places(self, cached: MakeEmbedder, emulator: Emulator) -> None:
        cached().embed_documents(["a"])
        result = cached().embed_documents(["a", "b", "a"])
        assert result.usage.cached == 2
        assert np.array_equal(result[0], result[2])
        assert emulator.requests.items_billed == 2


def test_a_call_that_fails_is_paid_for_once(cached: MakeEmbedder, emulator: Emulator) -> None:
    texts = texts_of(500)
    emulator.faults.push(None, None, None, Fault.status(403))
    with pytest.raises(ApiError) as caught:
        cached(concurrency=1).embed_documents(texts)
    assert caught.value.completed is not None
    assert caught.value.completed.usage.requests == 3
    result = cached().embed_documents(texts)
    assert (result.usage.cached, result.usage.requests) == (300, 2)
    assert emulator.requests.items_billed == 500


def test_what_was_not_refused_is_kept(cached: MakeEmbedder, emulator: Emulator) -> None:
    emulator.faults.rule = lambda request: Fault.status(400) if "<text 3>" in str(request.json) else None
    with pytest.raises(RefusedItemsError):
        cached().embed_documents(texts_of(10))
    emulator.faults.clear()
    assert cached().embed_documents(texts_of(10)).usage.cached == 9


def run(emulator: Emulator, path: Path, code: str) -> subprocess.Popen[str]:
    """A program in another process, with URL, PATH and `embedder` on the cache at `path`."""
    head = f"""
    import os, sys
    from gemini_embed import Embedder, VectorCache
    PATH = {str(path)!r}
    settings = dict(api_key="k", base_url={emulator.base_url!r}, verify=False, dimensions=8, concurrency=8)
    embedder = Embedder(**settings, cache=PATH)
    """
    program = textwrap.dedent(head) + textwrap.dedent(code)
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603  # ours


def test_after_a_kill_only_the_rest_is_paid_for(cached: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    emulator.latency_s = 0.05
    path = tmp_path / "new" / "vectors.db"
    with run(emulator, path, "embedder.embed_documents([f'<text {i}>' for i in range(3000)], batch_size=20)") as child:
        while emulator.requests.items_billed < 600:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    emulator.latency_s = 0.0
    result = cached().embed_documents(texts_of(3000))
    assert result.usage.cached >= 600 - 9 * 20, "all but what was under way at the kill"
    assert emulator.requests.items_billed <= 3000 + 9 * 20
    right = cached(cache=None).embed_documents(texts_of(3000))
    assert np.array_equal(result.values, right.values)


def test_two_processes_at_once(emulator: Emulator, tmp_path: Path) -> None:
    """On a file that neither has made yet."""
    path = tmp_path / "vectors.db"
    code = "embedder.embed_documents([f'{sys.argv[0]} {i}' for i in range(%d, %d)], batch_size=10)"
    children = [run(emulator, path, code % (n * 300, n * 300 + 400)) for n in range(3)]
    for child in children:
        _, err = child.communicate(timeout=180)
        assert (child.returncode, err) == (0, "")
    assert len(VectorCache(path)) == 1000


def test_threads(cached: MakeEmbedder) -> None:
    cache = cached().cache
    assert cache is not None
    vectors = {bytes([i]) * 32: np.full(8, i, np.float32) for i in range(100)}

    def work(part: int) -> None:
        mine = dict(list(vectors.items())[part::4])
        for _ in range(20):
            cache.put("m", mine)
            assert cache.get(list(mine)).keys() == mine.keys()

    threads = [threading.Thread(target=work, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) == 100


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_new_file_is_opened_by_many_at_once(tmp_path: Path) -> None:
    """While one makes the tables the others find none yet, or all: never a database that is somebody else's."""
    failed: list[BaseException] = []

    def opened(cache: VectorCache, begun: threading.Barrier) -> None:
        begun.wait()
        try:
            len(cache)
        except BaseException as e:
            failed.append(e)
        finally:
            cache.close()

    for n in range(30):
        begun = threading.Barrier(6)
        caches = [VectorCache(tmp_path / f"{n}.db") for _ in range(6)]
        threads = [threading.Thread(target=opened, args=(cache, begun)) for cache in caches]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failed


def test_a_fork_while_it_is_in_use(cached: MakeEmbedder, emulator: Emulator) -> None:
    embedder = cached()
    embedder.embed_documents(texts_of(10))
    pid = os.fork()
    if pid == 0:
        try:
            result = embedder.embed_documents(texts_of(20))
            os._exit(0 if result.usage.cached == 10 else 3)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert embedder.embed_documents(texts_of(20)).usage.cached == 20


def _cached_in_child(embedder: Embedder) -> int:
    return embedder.embed_documents(texts_of(10)).usage.cached


def test_a_pickle_takes_the_path_along(cached: MakeEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    embedder = cached()
    embedder.embed_documents(texts_of(10))
    twin = pickle.loads(pickle.dumps(embedder))  # noqa: S301  # our own bytes
    with twin:
        assert twin.embed_documents(texts_of(10)).usage.cached == 10
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_cached_in_child, (embedder,)) == 10


def test_one_object_for_several_embedders(make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.db")
    with make_embedder(dimensions=8, cache=cache) as one:
        one.embed_query("x")
    assert make_embedder(dimensions=8, cache=cache).embed_query("x").usage.cached == 1
    assert len(cache) == 1
    cache.close()


def damage(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE customers (name TEXT)")
    db.close()


def newer(path: Path) -> None:
    cache = VectorCache(path)
    assert len(cache) == 0
    cache.close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()


UNUSABLE = [
    pytest.param(damage, "delete it", id="damaged"),
    pytest.param(lambda path: path.write_text("a note to myself\n" * 9), "delete it", id="no-database"),
    pytest.param(foreign, "another program's database: name another file", id="foreign"),
    pytest.param(newer, "upgrade gemini-embed", id="newer"),
    pytest.param(lambda path: path.mkdir(), "it is a folder: name a file in it", id="a-folder"),
]


@pytest.mark.parametrize(("spoil", "advice"), UNUSABLE)
def test_a_file_that_is_no_cache(
    spoil: Callable[[Path], Any], advice: str, make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path
) -> None:
    path = tmp_path / "vectors.db"
    spoil(path)
    before = path.read_bytes() if path.is_file() else b""
    with pytest.raises(CacheError, match=advice) as caught:
        make_embedder(cache=path).embed_query("x")
    assert str(path) in str(caught.value)
    assert not emulator.requests, "nothing was paid for"
    assert not before or path.read_bytes() == before


def test_a_locked_file_costs_nothing_but_the_cache(
    cached: MakeEmbedder, emulator: Emulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gemini_embed.cache_file.BUSY_TIMEOUT_S", 0.1)
    embedder = cached()
    embedder.embed_query("x")
    assert embedder.cache is not None
    embedder.cache.close()
    other = sqlite3.connect(embedder.cache.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with caplog.at_level(logging.WARNING, "gemini_embed"):
        result = embedder.embed_documents(texts_of(300))
    assert len(result) == 300
    assert result.usage.requests == 3
    assert [r.getMessage() for r in caplog.records if "cache" in r.getMessage()] != []
    assert sum("work goes on without it" in r.getMessage() for r in caplog.records) == 1
    other.close()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no RLIMIT_FSIZE")
def test_a_full_disk_costs_nothing_but_the_cache(emulator: Emulator, tmp_path: Path) -> None:
    """Files may not grow beyond a limit, which SQLite meets as it meets a full disk."""
    path = tmp_path / "vectors.db"
    code = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    embedder.embed_query("a")
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
    result = embedder.embed_documents([f"<text {i}>" for i in range(3000)], dimensions=768)
    print(len(result), result.usage.requests, abs(result.values).sum() > 0)
    """
    child = run(emulator, path, code)
    out, err = child.communicate(timeout=180)
    assert out.split() == ["3000", "30", "True"], err
    assert err.count("work goes on without it") == 1
    assert VectorCache(path).get([b"x"]) == {}, "the file is well"


def test_a_disk_that_is_full_from_the_start(emulator: Emulator, tmp_path: Path) -> None:
    code = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.write(1, str(len(embedder.embed_documents([f"<text {i}>" for i in range(300)]))).encode())
    """
    child = run(emulator, tmp_path / "vectors.db", code)
    out, _ = child.communicate(timeout=180)
    assert out == "300"


class TestKeeping:
    """Size, and what is deleted."""

    @pytest.fixture
    def cache(self, tmp_path: Path) -> VectorCache:
        cache = VectorCache(tmp_path / "vectors.db")
        for model in ("old", "new"):
            cache.put(model, {f"{model} {i}".encode(): np.ones(768, np.float32) for i in range(200)})
        return cache

    def test_size(self, cache: VectorCache, tmp_path: Path) -> None:
        assert 400 * 768 * 4 < cache.size_bytes < 400 * 768 * 4 * 3
        assert len(cache) == 400
        assert VectorCache(tmp_path / "none.db").size_bytes == 0

    def test_prune_a_model(self, cache: VectorCache) -> None:
        before = cache.size_bytes
        assert cache.prune(model="old") == 200
        assert len(cache) == 200
        assert cache.size_bytes < before / 2
        assert cache.get([b"old 1", b"new 1"]).keys() == {b"new 1"}

    def test_prune_to_a_size(self, cache: VectorCache) -> None:
        cache.prune(max_bytes=300_000)
        assert 60 < len(cache) < 100
        assert cache.size_bytes < 600_000

    def test_prune_what_is_unused(self, cache: VectorCache) -> None:
        """A use is noted when the last one was more than a day ago."""
        db = sqlite3.connect(cache.path)
        with db:
            db.execute("UPDATE vectors SET used_at = used_at - 10 * 86400")
        db.close()
        cache.get([b"new 1"])
        assert cache.prune(unused_for_s=5 * 86400) == 399
        assert cache.get([b"new 1"])[b"new 1"].tolist() == [1.0] * 768

    def test_prune_nothing(self, cache: VectorCache) -> None:
        assert cache.prune() == 0


def test_nothing_is_opened_before_use(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    make_embedder(cache=tmp_path / "a" / "vectors.db")
    VectorCache(tmp_path / "b" / "vectors.db")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("cache", [7, True, "", b""])
def test_what_is_no_path(cache: Any, make_embedder: MakeEmbedder) -> None:
    with pytest.raises(ConfigurationError, match="must be the path of a file, or a VectorCache"):
        make_embedder(cache=cache)


def test_no_key_and_no_text_is_in_the_file(cached: MakeEmbedder) -> None:
    embedder = cached(api_key=KEY)
    embedder.embed_documents(["a text that nobody else should read"])
    assert embedder.cache is not None
    embedder.close()
    raw = b"".join(path.read_bytes() for path in embedder.cache.path.parent.iterdir())
    assert len(raw) > 1000
    assert KEY.encode() not in raw
    assert b"nobody else" not in raw


def test_the_interpreter_exits_without_noise(emulator: Emulator, tmp_path: Path) -> None:
    code = "embedder.embed_query('x'); print(len(embedder.cache))"
    child = run(emulator, tmp_path / "vectors.db", code)
    assert child.communicate(timeout=180) == ("1\n", "")


def test_an_object_of_cloud_storage_is_asked_for_again(
    cached: MakeEmbedder, emulator: Emulator, fake_credentials: object, png: Callable[..., bytes]
) -> None:
    """Another one may have taken its address, so its vector is not kept; those of texts beside it are."""
    address = "gs://bucket/logo.png"
    vertex = {"vertexai": True, "project": "p", "credentials": fake_credentials}
    found = []
    for picture in (png((200, 0, 0)), png((0, 0, 200))):
        emulator.gcs = {address: picture}
        result = cached(**vertex).embed([Content("a text"), Content(Image(address)), Content("beside", Image(address))])
        found.append(result)
    assert found[1].usage.cached == 1
    assert not np.allclose(found[0].values[1:], found[1].values[1:])
    assert len(cached(**vertex).cache or ()) == 1
