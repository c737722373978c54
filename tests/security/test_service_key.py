"""Every door that a key could leave by, whichever way it came in: it is sent to the service, and seen nowhere else."""

from __future__ import annotations

import asyncio
import base64
import copy
import dataclasses
import inspect
import json
import logging
import os
import pickle
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from fix_capture import Answer, CaptureServer, Received, embeddings_for
from fix_cassettes import scrubbed_request
from fix_telemetry import Told
from gemini_embed import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailedError,
    Embedder,
    GeminiEmbedError,
    RetryPolicy,
)
from gemini_embed.secret import shown_url

SECRET = "AIzaSesame7f3aOpenMe"
USERINFO = base64.b64encode(f"user:{SECRET}".encode()).decode()
RETRY = RetryPolicy(max_attempts=2, first_wait_s=0)

Make = Callable[..., Any]


def seen(*texts: object) -> list[str]:
    """What of the texts shows the key, around the place."""
    found = [(text, mark) for text in map(str, texts) for mark in (SECRET, USERINFO) if mark in text]
    return [text[max(0, text.index(mark) - 200) : text.index(mark)] + "<here>" for text, mark in found]


# How a key comes in: as options of `Embedder`. The capture server plays the service, and the proxy before it.
def _argument(url: str) -> dict[str, Any]:
    return {"api_key": SECRET, "base_url": url}


def _secret_str(url: str) -> dict[str, Any]:
    from pydantic import SecretStr

    return {"api_key": SecretStr(SECRET), "base_url": url}


def _environment(url: str) -> dict[str, Any]:
    os.environ["GEMINI_API_KEY"] = SECRET
    return {"base_url": url}


def _express(url: str) -> dict[str, Any]:
    return {"api_key": SECRET, "vertexai": True, "base_url": url}


def _key_header(url: str) -> dict[str, Any]:
    return {"api_key": "k", "headers": {"X-Goog-Api-Key": SECRET}, "base_url": url}


def _bearer_header(url: str) -> dict[str, Any]:
    return {"api_key": "k", "headers": {"authorization": f"Bearer {SECRET}"}, "base_url": url}


def _credentials(url: str) -> dict[str, Any]:
    from google.oauth2.credentials import Credentials

    token = Credentials(token=SECRET)  # type: ignore[no-untyped-call]  # google-auth's
    return {"project": "p", "credentials": token, "base_url": url}


def _proxy(url: str) -> dict[str, Any]:
    proxy = url.replace("http://", f"http://user:{SECRET}@")
    return {"api_key": "k", "proxy": proxy, "base_url": "http://service.invalid"}


def _everything(url: str) -> dict[str, Any]:
    return {**_proxy(url), **_bearer_header(url), "api_key": SECRET}


WAYS = [
    pytest.param(way, id=way.__name__[1:])
    for way in (
        _argument, _secret_str, _environment, _express, _key_header, _bearer_header, _credentials, _proxy
    )
]  # fmt: skip


def _core(options: dict[str, Any]) -> Any:
    return Embedder(**options)


def _langchain(options: dict[str, Any]) -> Any:
    from langchain_gemini_embed import GeminiEmbeddings

    options["client_args"] = {name: options.pop(name) for name in ("proxy", "verify") if name in options}
    return GeminiEmbeddings(**options)


def _llama_index(options: dict[str, Any]) -> Any:
    from llama_index.embeddings.gemini_embed import GeminiEmbedding

    return GeminiEmbedding(**options)


CLASSES = [pytest.param(new, id=new.__name__[1:]) for new in (_core, _langchain, _llama_index)]


@pytest.fixture(autouse=True)
def _the_environment_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "")


@pytest.fixture
def make() -> Iterator[Make]:
    """`make(new, way, url, **more)` is an object of a class, its key come in one way; closed after the test."""
    made: list[Any] = []

    def make_one(new: Make, way: Make, url: str, **more: Any) -> Any:
        # verify=False: a context of all CAs takes 0.1 s to make, and nothing here is encrypted
        made.append(new({"verify": False, **way(url), **more}))
        return made[-1]

    yield make_one
    for one in made:
        embedder_of(one).close()


def _model_dump(one: Any) -> object:
    return one.model_dump(), one.model_dump_json(), one.model_dump(mode="json"), one.model_dump(exclude_unset=True)


def _llama_index_dumps(one: Any) -> object:
    return one.to_dict(), one.to_json(), one.dict(), one.json()


def _langchain_dumps(one: Any) -> object:
    from langchain_core.load import dumpd, dumps
    from langchain_core.runnables import RunnableLambda

    return dumpd(one), dumps(one), dumps(RunnableLambda(one.embed_query)), getattr(one, "lc_secrets", None)


def _rich(one: Any) -> object:
    return pytest.importorskip("rich.pretty").pretty_repr([one, embedder_of(one).__dict__])


DOORS: dict[str, tuple[Make, tuple[Make, ...]]] = {
    "repr": (repr, (_core, _langchain, _llama_index)),
    "str": (str, (_core, _langchain, _llama_index)),
    "format": (lambda one: f"{one} {one!r} {[one]}", (_core, _langchain, _llama_index)),
    "attributes": (lambda one: list(spread(vars(embedder_of(one)))), (_core, _langchain, _llama_index)),
    "rich": (_rich, (_core, _langchain, _llama_index)),
    "pickle": (lambda one: pickle.dumps(one).decode("latin-1"), (_core, _langchain, _llama_index)),
    "pickle of a copy": (lambda one: pickle.dumps(copy.copy(one)).decode("latin-1"), (_core, _langchain)),
    "pickle of a deep copy": (lambda one: pickle.dumps(copy.deepcopy(one)).decode("latin-1"), (_core, _langchain)),
    "what was unpickled": (
        lambda one: list(spread(vars(pickle.loads(pickle.dumps(one))))),  # noqa: S301  # our own
        (_core, _langchain, _llama_index),
    ),
    "repr of a copy": (lambda one: repr([copy.copy(one), copy.deepcopy(one)]), (_core, _langchain)),
    "fingerprint": (lambda one: embedder_of(one).fingerprint, (_core, _langchain, _llama_index)),
    "pydantic's dumps": (_model_dump, (_langchain, _llama_index)),
    "LangChain's dumps": (_langchain_dumps, (_langchain,)),
    "LlamaIndex's dumps": (_llama_index_dumps, (_llama_index,)),
    "documentation": (lambda one: f"{inspect.signature(type(one))}", (_core, _langchain, _llama_index)),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("new", CLASSES)
def test_what_an_object_shows(new: Make, way: Make, make: Make) -> None:
    one = make(new, way, "http://127.0.0.1:9")
    os.environ["GEMINI_API_KEY"] = "another"  # what is unpickled would find the key again, and that is no leak
    shown = {name: seen(door(one)) for name, (door, news) in DOORS.items() if new in news}
    assert {name: places for name, places in shown.items() if places} == {}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_sent(way: Make, make: Make, capture: CaptureServer) -> None:
    """Or no test here would mean anything."""
    make(_core, way, capture.base_url).embed_query("x")
    assert len(seen(capture.requests[0].headers)) == 1


def closes_at_once() -> tuple[str, Callable[[], None]]:
    """The address of a server that accepts and resets, and how to stop it."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            linger_and_reset = b"\x01\x00\x00\x00\x00\x00\x00\x00"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_and_reset)
            connection.close()

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", listener.close


@pytest.fixture
def resetting() -> Iterator[str]:
    """The address of a server that resets every connection."""
    url, stop = closes_at_once()
    yield url
    stop()


def _refusal(code: int, **headers: str) -> Answer:
    return Answer({"error": {"code": code, "message": "API key not valid.", "status": "X"}}, code, headers)


FAILURES = [
    pytest.param(_refusal(400), id="400"),
    pytest.param(_refusal(401), id="401"),
    pytest.param(_refusal(407), id="407"),
    pytest.param(_refusal(429), id="429"),
    pytest.param(_refusal(307, location="http://127.0.0.1:9/elsewhere"), id="redirect"),
    pytest.param(Answer(b"<html>", 200), id="unreadable"),
    pytest.param(Answer({"embeddings": []}), id="miscounted"),
    pytest.param(Answer(b"x" * 99, sent_bytes=5), id="broken-off"),
    pytest.param(Answer(b"x" * 9, headers={"content-encoding": "gzip"}), id="not-gzip"),
    pytest.param(Answer(b"", wait_s=5), id="too-slow"),
    pytest.param("refused", id="refused"),
    pytest.param("reset", id="reset"),
]


@pytest.mark.parametrize("way", [_argument, _bearer_header, _credentials, _proxy])
@pytest.mark.parametrize("failure", FAILURES)
def test_what_a_failed_call_shows(
    failure: Any,
    way: Make,
    make: Make,
    make_server: Callable[..., CaptureServer],
    resetting: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The error, its causes, the locals of all their frames, and all logs at DEBUG."""
    caplog.set_level(logging.DEBUG)
    if isinstance(failure, str):
        url = resetting if failure == "reset" else "http://127.0.0.1:9"
    else:
        url = make_server(lambda request: failure).base_url
    embedder = make(_core, way, url, retry=RETRY, timeout_s=0.3)
    with pytest.raises(GeminiEmbedError) as caught:
        embedder.embed_query("x")
    assert not seen(*everything_shown(caught.value), caplog.text, *(vars(r) for r in caplog.records))
    assert not seen(pickle.dumps(caught.value).decode("latin-1"))


@pytest.mark.parametrize("way", [_argument, _bearer_header, _proxy])
def test_what_a_call_shows_that_was_cut_off_in_its_headers(way: Make, make: Make) -> None:
    """More than the sockets' buffers hold, to a server that does not read: the HTTP library's frames hold the bytes."""

    def with_filler(url: str) -> dict[str, Any]:
        options = way(url)
        return {**options, "headers": {**options.get("headers", {}), "x-filler": "a" * 2**24}}

    with socket.create_server(("127.0.0.1", 0)) as listener:
        embedder = make(_core, with_filler, f"http://127.0.0.1:{listener.getsockname()[1]}", retry=RETRY, timeout_s=0.5)
        with pytest.raises(ConnectionFailedError) as caught:
            embedder.embed_query("x")
    assert not seen(*everything_shown(caught.value))


@pytest.mark.parametrize("new", CLASSES)
@pytest.mark.parametrize("door", ["sync", "async"])
def test_what_a_failed_call_of_any_door_shows(
    door: str, new: Make, make: Make, resetting: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    one = make(new, _argument, resetting, retry=RETRY)
    call = getattr(one, {_llama_index: "get_query_embedding"}.get(new, "embed_query"))
    if door == "async":
        awaited = getattr(one, {_llama_index: "aget_query_embedding"}.get(new, "aembed_query"))
        call = lambda text: asyncio.run(awaited(text), debug=True)  # noqa: E731  # as short as the other
    with pytest.raises(GeminiEmbedError) as caught:
        call("x")
    assert not seen(*everything_shown(caught.value), caplog.text)


WRONG = [
    pytest.param({"dimensions": -1}, id="a-number"),
    pytest.param({"task": "no such task"}, id="a-word"),
    pytest.param({"no_such_argument": 1}, id="a-name"),
    pytest.param({"base_url": f"https://{SECRET}@h"}, id="userinfo"),
    pytest.param({"base_url": f"https://h/?key={SECRET}"}, id="query"),
    pytest.param({"api_key": f"{SECRET}\n"}, id="a-key-with-a-line-break"),
    pytest.param({"api_key": [SECRET]}, id="a-list-of-keys"),
    pytest.param({"headers": {"authorization": f"{SECRET}\n"}}, id="a-header-with-a-line-break"),
    pytest.param({"headers": f"authorization: {SECRET}"}, id="headers-as-text"),
    pytest.param({"proxy": SECRET}, id="no-proxy"),
]


@pytest.mark.parametrize("new", CLASSES)
@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_failed_constructor_shows(new: Make, wrong: dict[str, Any]) -> None:
    with pytest.raises((GeminiEmbedError, ValueError, TypeError)) as caught:
        new({**_everything("http://127.0.0.1:9"), **wrong})
    # From our first frame on: those before are the caller's own, and this test's hold the key.
    frames = frames_of(caught.value)
    first = next(i for i, frame in enumerate(frames) if frame.f_globals["__name__"] == "gemini_embed.secret")
    assert not seen(*(text for frame in frames[first:] for text in spread(frame.f_locals)))
    assert not seen(str(caught.value), repr(caught.value), *map(repr, causes_of(caught.value)[1:]))


def test_the_process_is_left_as_it_was(capture: CaptureServer, make: Make) -> None:
    before = dict(os.environ), list(sys.argv), list(sys.orig_argv)
    make(_core, _argument, capture.base_url).embed_query("x")
    assert (dict(os.environ), list(sys.argv), list(sys.orig_argv)) == before


@pytest.mark.parametrize("way", WAYS)
def test_what_is_on_disk(way: Make, make: Make, capture: CaptureServer, tmp_path: Path) -> None:
    from gemini_embed import MultimodalIndex, QdrantStore

    embedder = make(_core, way, capture.base_url, cache=tmp_path / "cache.sqlite", dimensions=8)
    with MultimodalIndex(embedder, QdrantStore(path=tmp_path / "store")) as index:
        index.add(["a", "b"])
        embedder.embed_documents(["c"])
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert len(files) > 1
        assert not seen(*(path.read_bytes().decode("latin-1") for path in files), *files)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("failing", [False, True], ids=["answered", "refused"])
def test_what_spans_and_metrics_tell(
    failing: bool, way: Make, make: Make, make_server: Callable[..., CaptureServer], told: Told
) -> None:
    server = make_server((lambda request: _refusal(400)) if failing else embeddings_for)
    embedder = make(_core, way, server.base_url, retry=RETRY)
    try:
        embedder.embed_query("x")
    except GeminiEmbedError:
        assert failing
    assert told.spans
    assert not seen(*(span.to_json() for span in told.spans), told.metrics())


def test_cassettes() -> None:
    from vcr.request import Request

    headers = {"X-Goog-Api-Key": SECRET, "Authorization": SECRET, "x-other": SECRET}
    sent = Request("POST", f"http://u:{SECRET}@h/v1beta/models/m:x?key={SECRET}", b"{}", headers)
    assert not seen(scrubbed_request(sent)._to_dict())
    for path in (Path(__file__).parents[1] / "cassettes").glob("*.yaml"):
        for interaction in yaml.safe_load(path.read_text("utf-8"))["interactions"]:
            assert not {"x-goog-api-key", "authorization"} & set(map(str.lower, interaction["request"]["headers"]))


@pytest.mark.parametrize("way", [_argument, _bearer_header, _credentials])
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(
    code: int, way: Make, make: Make, capture: CaptureServer, make_server: Callable[..., CaptureServer]
) -> None:
    """A call is a POST that carries a key: neither goes where a reply points."""
    front = make_server(lambda request: Answer(b"", code, {"location": f"{capture.base_url}{request.path}"}))
    with pytest.raises(GeminiEmbedError, match=f"{code} .*redirected to 127.0.0.1; not followed"):
        make(_core, way, front.base_url, retry=RETRY).embed_query("x")
    assert len(front.requests) == 1
    assert not capture.requests


def test_a_fetched_medium_sees_no_key(make: Make, make_server: Callable[..., CaptureServer]) -> None:
    from gemini_embed import Image

    def respond(request: Received) -> Answer:
        return embeddings_for(request) if request.method == "POST" else Answer(PNG)

    server = make_server(respond)
    make(_core, _argument, server.base_url, allow_private_urls=True).embed([Image(f"{server.base_url}/a.png")])
    fetched = [request for request in server.requests if request.method == "GET"]
    assert len(fetched) == 1
    assert not seen(fetched)


PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")

PICKLED = [
    pytest.param(_key_header, "headers['X-Goog-Api-Key']", id="key-header"),
    pytest.param(_bearer_header, "headers['authorization']", id="bearer-header"),
    pytest.param(_proxy, "the user and password of proxy=", id="proxy"),
]


@pytest.mark.parametrize("new", CLASSES)
@pytest.mark.parametrize(("way", "left"), PICKLED)
def test_what_a_pickle_has_left_behind_is_named(new: Make, way: Make, left: str, make: Make) -> None:
    again = pickle.loads(pickle.dumps(make(new, way, "http://127.0.0.1:9")))  # noqa: S301  # our own
    os.environ["GEMINI_API_KEY"] = "found-again"
    embedder = embedder_of(again)
    with embedder, pytest.raises(ConfigurationError, match="did not travel with the pickle: make the object") as caught:
        embedder.embed_query("x")
    assert left in str(caught.value)


def test_harmless_headers_travel_in_a_pickle(capture: CaptureServer, make: Make) -> None:
    one = make(_core, _environment, capture.base_url, headers={"x-team": "search"}, proxy=None)
    with pickle.loads(pickle.dumps(one)) as again:  # noqa: S301  # our own
        again.embed_query("x")
    assert capture.requests[0].headers["x-team"] == "search"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
@pytest.mark.parametrize("way", WAYS)
def test_a_copy_in_the_process_keeps_it(way: Make, duplicate: Make, capture: CaptureServer, make: Make) -> None:
    with duplicate(make(_core, way, capture.base_url)) as again:
        again.embed_query("x")
    assert seen(capture.requests[0].headers)


def test_credentials_that_fail_show_nothing(capture: CaptureServer, make: Make) -> None:
    """google-auth's frames hold the refresh token and the client's secret."""
    from google.oauth2.credentials import Credentials

    def way(url: str) -> dict[str, Any]:
        stale = Credentials(  # type: ignore[no-untyped-call]  # google-auth's
            token=None, refresh_token=SECRET, client_id="c", client_secret=SECRET, token_uri=f"{url}/token"
        )
        return {"project": "p", "credentials": stale, "base_url": url}

    capture.respond = lambda request: Answer({"error": "invalid_grant"}, 400)
    with pytest.raises(AuthenticationError, match="invalid_grant") as caught:
        make(_core, way, capture.base_url).embed_query("x")
    assert seen(capture.requests[0].body)
    assert not seen(*everything_shown(caught.value))


URLS = [
    pytest.param("https://h/a.png", "https://h/a.png", id="plain"),
    pytest.param("https://u:p@h:1/a.png", "https://h:1/a.png", id="userinfo"),
    pytest.param("https://u:p@h", "https://h", id="userinfo-and-no-path"),
    pytest.param("https://h/a.png?X-Goog-Signature=s#f", "https://h/a.png?...", id="query"),
    pytest.param("https://h?key=k/b@c", "https://h?...", id="query-and-no-path"),
    pytest.param("https://h/a@b.png", "https://h/a@b.png", id="an-at-in-the-path"),
    pytest.param("a/b?c.png", "a/b?c.png", id="a-path"),
]


@pytest.mark.parametrize(("url", "shown"), URLS)
def test_a_url_as_it_is_shown(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def embedder_of(one: Any) -> Any:
    """The core's object in an object of any class."""
    return getattr(one, "embedder", one)


def causes_of(error: BaseException) -> list[BaseException]:
    """The error and all that led to it, hidden contexts too."""
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__]
    return found


def frames_of(error: BaseException) -> list[Any]:
    """Every frame of the error and its causes."""
    return [frame for one in causes_of(error) for frame, _ in traceback.walk_tb(one.__traceback__)]


def spread(value: Any, depth: int = 4) -> Iterator[str]:
    """What tools print of a value: its repr, and those of what containers and dataclasses hold."""
    yield repr(value)
    if depth == 0:
        return
    if isinstance(value, Mapping):
        inner: Any = value.items()
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        inner = vars(value).items() if hasattr(value, "__dict__") else ()
    else:
        inner = value if isinstance(value, list | tuple | set | frozenset) else ()
    for one in inner:
        yield from spread(one, depth - 1)


def everything_shown(error: BaseException) -> Iterator[str]:
    """All that error reporters print."""
    for one in causes_of(error):
        yield from (str(one), repr(one), repr(one.args), repr(vars(one)), *spread(vars(one)))
    for frame in frames_of(error):
        yield from spread({name: value for name, value in frame.f_locals.items() if name not in ("way", "failure")})
    yield "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    yield from rich_shows(error)
    yield json.dumps([str(one) for one in causes_of(error)])


def rich_shows(error: BaseException) -> Iterator[str]:
    """What Rich prints of an error: its words, and each frame's line and locals, which take it seconds to colour."""
    try:
        from rich.traceback import Traceback
    except ImportError:
        return
    trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
    for stack in trace.stacks:
        yield stack.exc_value
        for frame in stack.frames:
            yield from (frame.line, *(node.render() for node in (frame.locals or {}).values()))
