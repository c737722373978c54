"""One engine, two doors: loops, threads, cancelling, closing, forks, pickles and the end of the interpreter."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import ConfigurationError, Embedder, EngineError
from gemini_embed_emulator import Emulator, Fault

MakeEmbedder = Callable[..., Embedder]


_left_by_others: set[threading.Thread] = set()


@pytest.fixture(autouse=True)
def threads_of_other_tests() -> None:
    """Objects that a framework's suite keeps have engines of their own."""
    gc.collect()
    _left_by_others.update(engine_threads())


def engine_threads() -> list[threading.Thread]:
    """Those of this test."""
    return [thread for thread in loop_threads() if thread not in _left_by_others]


def loop_threads() -> list[threading.Thread]:
    """Of all objects of the process, which share one, kept alive by whoever needs it."""
    return [thread for thread in threading.enumerate() if thread.name == "gemini-embed"]


def wait_until(condition: Callable[[], object], timeout_s: float = 10.0) -> None:
    """Wait for something that is about to happen."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.005)


def run_script(emulator: Emulator, script: str, *flags: str) -> subprocess.Popen[str]:
    """A Python program of its own; `URL` in it is the emulator's address."""
    # In dev mode asyncio logs whatever held a loop for 0.1 s, and on a busy machine that is anything.
    quiet = "import logging; logging.getLogger('asyncio').setLevel(logging.ERROR)\n"
    # What a shell starts in the background has Ctrl-C ignored, and so have its children.
    heard = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code = f"URL = {emulator.base_url!r}\n{quiet}{heard}" + textwrap.dedent(script)
    return subprocess.Popen(  # noqa: S603  # our own script
        [sys.executable, *flags, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


async def test_a_sync_call_inside_a_running_loop(make_embedder: MakeEmbedder) -> None:
    assert make_embedder().embed_query("x").values.shape == (1, 3072)


def test_one_object_used_from_two_loops(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder()
    first = asyncio.run(embedder.aembed_query("x"))
    second = asyncio.run(embedder.aembed_query("x"))
    assert np.array_equal(first.values, second.values)
    assert len(loop_threads()) == 1


def test_one_object_used_from_two_loops_at_once(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder, emulator.latency_s = make_embedder(), 0.1

    def loop(text: str) -> Any:
        return asyncio.run(embedder.aembed_query(text)).vector

    with ThreadPoolExecutor(2) as pool:
        a, b = pool.map(loop, ["a", "b"])
    assert emulator.requests.max_in_flight == 2
    assert np.array_equal(a, embedder.embed_query("a").vector)
    assert np.array_equal(b, embedder.embed_query("b").vector)


def test_many_threads(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=64, concurrency=4)
    emulator.latency_s = 0.02
    texts = [f"text {i}" for i in range(40)]
    with ThreadPoolExecutor(16) as pool:
        rows = list(pool.map(lambda t: embedder.embed_query(t).vector, texts))
    assert emulator.requests.max_in_flight == 4
    assert len(loop_threads()) == 1
    assert np.array_equal(np.array(rows), embedder.embed(texts, side="query").values)


def test_sync_calls_are_concurrent_inside(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    emulator.latency_s = 0.2
    make_embedder(dimensions=8, batch_size=1).embed_documents([str(i) for i in range(96)])
    assert emulator.requests.max_in_flight == 16  # four at first, more when they are answered


async def test_cancelling_the_caller_cancels_its_requests(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder, emulator.latency_s = make_embedder(batch_size=1), 30.0
    task = asyncio.create_task(embedder.aembed_documents([str(i) for i in range(30)]))
    await asyncio.to_thread(wait_until, lambda: emulator.requests.in_flight == 8)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, lambda: emulator.requests.in_flight == 0)
    assert emulator.requests.abandoned == 8
    await asyncio.sleep(0.05)
    assert len(emulator.requests) == 8, "no further request is sent"
    emulator.latency_s = 0.0
    assert len(await embedder.aembed_query("still usable")) == 1


async def test_a_callers_timeout_cancels_its_requests(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder, emulator.latency_s = make_embedder(), 30.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await embedder.aembed_query("x")
    await asyncio.to_thread(wait_until, lambda: emulator.requests.in_flight == 0)


async def test_cancelling_one_caller_leaves_the_others(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder, emulator.latency_s = make_embedder(), 0.3
    one = asyncio.create_task(embedder.aembed_query("one"))
    other = asyncio.create_task(embedder.aembed_query("other"))
    await asyncio.sleep(0.1)
    one.cancel()
    assert len(await other) == 1


def test_ctrl_c_cancels_the_requests_and_exits_quickly(emulator: Emulator) -> None:
    emulator.latency_s = 60.0
    process = run_script(
        emulator,
        """
        from gemini_embed import Embedder
        Embedder(api_key="k", base_url=URL, verify=False, batch_size=1).embed_documents(["a", "b", "c"])
        """,
    )
    wait_until(lambda: emulator.requests.in_flight == 3, timeout_s=60)
    interrupted = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert time.monotonic() - interrupted < 10  # a bound on hanging, far from the 60 s of the answers
    assert err.rstrip().endswith("KeyboardInterrupt")
    assert err.count("Traceback") == 1, err
    assert process.returncode != 0
    wait_until(lambda: emulator.requests.in_flight == 0)
    assert emulator.requests.abandoned == 3


def test_ctrl_c_in_the_async_door(emulator: Emulator) -> None:
    emulator.latency_s = 60.0
    process = run_script(
        emulator,
        """
        import asyncio
        from gemini_embed import Embedder
        asyncio.run(Embedder(api_key="k", base_url=URL, verify=False).aembed_query("a"))
        """,
    )
    wait_until(lambda: emulator.requests.in_flight == 1, timeout_s=60)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert err.rstrip().endswith("KeyboardInterrupt")
    wait_until(lambda: emulator.requests.in_flight == 0)


def test_closing_while_a_call_runs(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder, emulator.latency_s = make_embedder(), 30.0
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(embedder.embed_query, "x")
        wait_until(lambda: emulator.requests.in_flight == 1)
        embedder.close()
        with pytest.raises(EngineError, match="closed while the call was running"):
            call.result(10)
    wait_until(lambda: emulator.requests.in_flight == 0)


async def test_closing_while_an_async_call_runs(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder, emulator.latency_s = make_embedder(), 30.0
    call = asyncio.create_task(embedder.aembed_query("x"))
    await asyncio.to_thread(wait_until, lambda: emulator.requests.in_flight == 1)
    await embedder.aclose()
    with pytest.raises(EngineError, match="closed while the call was running"):
        await call


def test_closing_against_many_callers_loses_none(make_embedder: MakeEmbedder) -> None:
    """Each call either succeeds or says that the object is closed; none waits for ever."""

    def call(embedder: Embedder) -> str:
        try:
            embedder.embed_query("x")
        except EngineError:
            return "closed"
        return "answered"

    for moment in range(30):  # from before the first connection to after the last answer
        embedder = make_embedder(dimensions=8)
        with ThreadPoolExecutor(8) as pool:
            calls = [pool.submit(call, embedder) for _ in range(8)]
            time.sleep(moment * 0.0007)
            embedder.close()
            assert {c.result(20) for c in calls} <= {"closed", "answered"}


def test_closing_twice_and_unused(make_embedder: MakeEmbedder) -> None:
    unused = make_embedder()
    unused.close()
    unused.close()
    used = make_embedder()
    used.embed_query("x")
    used.close()
    used.close()
    assert not engine_threads()


def test_use_after_close(make_embedder: MakeEmbedder) -> None:
    with make_embedder() as embedder:
        embedder.embed_query("x")
    with pytest.raises(EngineError, match="closed"):
        embedder.embed_query("x")


async def test_use_after_aclose(make_embedder: MakeEmbedder) -> None:
    async with make_embedder() as embedder:
        await embedder.aembed_query("x")
    with pytest.raises(EngineError, match="closed"):
        await embedder.aembed_query("x")


def in_child(work: Callable[[], bool]) -> bool:
    """The result of `work` in a forked child."""
    pid = os.fork()
    if pid == 0:
        ok = False
        try:
            ok = work()
        finally:
            os._exit(0 if ok else 1)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status) == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_after_use(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=16)
    before = embedder.embed_query("x").vector
    assert in_child(lambda: np.array_equal(before, embedder.embed_query("x").vector))
    assert np.array_equal(before, embedder.embed_query("x").vector), "the parent's engine is as it was"

    def closing() -> bool:
        embedder.close()
        return True

    assert in_child(closing), "closing in a child does nothing to the parent"
    assert np.array_equal(before, embedder.embed_query("x").vector)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_fork_while_a_call_runs(make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    embedder = make_embedder(dimensions=16)
    emulator.faults.push(Fault.latency(1.0))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(embedder.embed_query, "parent")
        wait_until(lambda: emulator.requests.in_flight == 1)
        assert in_child(lambda: embedder.embed_query("child").values.shape == (1, 16))
        assert running.result(20).values.shape == (1, 16)


def _embed_in_worker(embedder: Embedder, text: str) -> Any:
    return embedder.embed_query(text).vector


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_multiprocessing_fork_in_use(make_embedder: MakeEmbedder, monkeypatch: pytest.MonkeyPatch) -> None:
    embedder = make_embedder(dimensions=16)
    wanted = embedder.embed_documents(["a", "b"], task="raw").values
    monkeypatch.setenv("GEMINI_API_KEY", "found-again")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        rows = pool.starmap(_embed_in_worker, [(embedder, "a"), (embedder, "b")])
    assert not np.array_equal(rows[0], rows[1])
    assert np.array_equal(wanted, embedder.embed_documents(["a", "b"], task="raw").values)


def test_a_fork_ends_without_noise(emulator: Emulator) -> None:
    script = """
        import os, sys, warnings
        warnings.filterwarnings("ignore", "This process .* is multi-threaded")
        from gemini_embed import Embedder
        embedder = Embedder(api_key="k", base_url=URL, verify=False)
        embedder.embed_query("x")
        pid = os.fork()
        embedder.embed_query("y")
        if pid:
            os.waitpid(pid, 0)
        sys.exit(0)
        """
    process = run_script(emulator, script, "-X", "dev")
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert len(emulator.requests) == 3


async def test_a_sync_call_on_the_engines_own_thread_raises(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder()

    async def job(session: Any) -> Any:
        return embedder.embed_query("x")

    with pytest.raises(EngineError, match="own thread"):
        await embedder._engine.arun(job)


async def test_the_async_door_on_the_engines_own_loop(make_embedder: MakeEmbedder) -> None:
    embedder = make_embedder()

    async def job(session: Any) -> Any:
        return await embedder.aembed_query("x")

    assert len(await embedder._engine.arun(job)) == 1


class TestPickle:
    """The key stays behind, and is found again where the object arrives, or the variable is named."""

    def test_the_key_is_not_in_it(self, make_embedder: MakeEmbedder) -> None:
        embedder = make_embedder(api_key="a-very-secret-key")
        embedder.embed_query("x")
        assert b"a-very-secret-key" not in pickle.dumps(embedder)

    def test_key_found_again(
        self, make_embedder: MakeEmbedder, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        embedder = make_embedder(dimensions=16, task="clustering")
        monkeypatch.setenv("GOOGLE_API_KEY", "found-again")
        with pickle.loads(pickle.dumps(embedder)) as copy:  # noqa: S301  # our own bytes
            assert copy.embed_query("x").values.shape == (1, 16)
            assert copy.task == "clustering"
        assert emulator.requests[-1].headers["x-goog-api-key"] == "found-again"

    def test_without_a_key_the_variable_is_named(self, make_embedder: MakeEmbedder) -> None:
        copy = pickle.loads(pickle.dumps(make_embedder()))  # noqa: S301  # our own bytes
        with copy, pytest.raises(ConfigurationError, match=r"set GEMINI_API_KEY .* or GOOGLE_API_KEY") as refused:
            copy.embed_query("x")
        assert len(traceback.extract_tb(refused.value.__traceback__)) < 8

    def test_a_key_that_is_set_later_is_found(
        self, make_embedder: MakeEmbedder, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pickle.loads(pickle.dumps(make_embedder())) as copy:  # noqa: S301  # our own bytes
            with pytest.raises(ConfigurationError):
                copy.embed_query("x")
            monkeypatch.setenv("GEMINI_API_KEY", "set-later")
            copy.embed_query("x")
        assert emulator.requests[-1].headers["x-goog-api-key"] == "set-later"

    def test_in_a_fresh_process(self, make_embedder: MakeEmbedder, emulator: Emulator, tmp_path: Path) -> None:
        (tmp_path / "embedder.pickle").write_bytes(pickle.dumps(make_embedder(dimensions=16)))
        process = run_script(
            emulator,
            f"""
            import os, pickle, pathlib
            os.environ["GEMINI_API_KEY"] = "k"
            embedder = pickle.loads(pathlib.Path({str(tmp_path / "embedder.pickle")!r}).read_bytes())
            print(embedder.embed_query("x").values.shape)
            """,
        )
        out, err = process.communicate(timeout=60)
        assert (out, err) == ("(1, 16)\n", "")

    def test_a_copy_in_the_process_keeps_the_key(self, make_embedder: MakeEmbedder) -> None:
        import copy

        for duplicate in (copy.copy, copy.deepcopy):
            with duplicate(make_embedder(dimensions=16)) as twin:
                assert len(twin.embed_query("x")) == 1


def test_collected_without_close_the_thread_ends(emulator: Emulator) -> None:
    """In a process of its own: here other objects may hold the thread, which all share."""
    script = """
        import gc, threading
        from gemini_embed import Embedder
        def threads():
            return [thread for thread in threading.enumerate() if thread.name == "gemini-embed"]
        embedders = [Embedder(api_key="k", base_url=URL, verify=False) for _ in range(2)]
        for embedder in embedders:
            embedder.embed_query("x")
        print(len(threads()))
        embedder = embedders.pop()
        embedder.close()
        print(len(threads()))
        embedders.clear()
        gc.collect()
        for thread in threads():
            thread.join(10)
        print(len(threads()))
        """
    out, err = run_script(emulator, script).communicate(timeout=60)
    assert (out, err) == ("1\n1\n0\n", "")


def test_nothing_starts_before_the_first_call(make_embedder: MakeEmbedder) -> None:
    make_embedder()
    assert not engine_threads()


STRICT = ("-X", "dev", "-W", "error")


@pytest.mark.parametrize(
    ("flags", "ending"),
    [
        pytest.param((), "", id="plain"),
        pytest.param(("-W", "error"), "", id="warnings-are-errors", marks=pytest.mark.slow),  # strict has them too
        pytest.param(STRICT, "", id="strict"),
        pytest.param(STRICT, "embedder.close()", id="strict-closed"),
        pytest.param(STRICT, "del embedder", id="strict-deleted"),
    ],
)
def test_the_interpreter_exits_without_noise(flags: tuple[str, ...], ending: str, emulator: Emulator) -> None:
    script = f"""
        import asyncio
        from gemini_embed import Embedder
        embedder = Embedder(api_key="k", base_url=URL, verify=False)
        embedder.embed_query("x")
        asyncio.run(embedder.aembed_query("x"))
        {ending}
        """
    process = run_script(emulator, script, *flags)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_the_interpreter_exits_while_a_thread_waits(emulator: Emulator) -> None:
    emulator.latency_s = 60.0
    script = """
        import threading, time
        from gemini_embed import Embedder
        embedder = Embedder(api_key="k", base_url=URL, verify=False)
        threading.Thread(target=embedder.embed_query, args=("x",), daemon=True).start()
        while not embedder._engine._place: time.sleep(0.01)
        time.sleep(0.3)
        """
    process = run_script(emulator, script)
    process.communicate(timeout=30)
    assert process.returncode == 0
