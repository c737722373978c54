"""Control over HTTP: faults, quota, settings and the log, for tests that are not written in Python."""

from __future__ import annotations

import base64
import ssl
from typing import Any

import httpx
import pytest
from gemini_embed_emulator import Emulator, Fault, Quota

ONE = "/v1beta/models/gemini-embedding-2:embedContent"
BATCH = "/v1beta/models/gemini-embedding-2:batchEmbedContents"
KEY = {"x-goog-api-key": "a-secret"}
TEXT = {"content": {"parts": [{"text": "x"}]}}
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # spares each call the loading of certificates


def control(server: Emulator, method: str, name: str, payload: Any = None, **options: Any) -> httpx.Response:
    body = {} if payload is None else {"json": payload}
    return httpx.request(method, f"{server.base_url}/__emulator__/{name}", verify=NO_TLS, **body, **options)


def ask(server: Emulator, path: str = ONE, payload: Any = TEXT) -> httpx.Response:
    return httpx.post(server.base_url + path, json=payload, headers=KEY, verify=NO_TLS)


def statuses(server: Emulator, times: int) -> list[int]:
    return [ask(server).status_code for _ in range(times)]


def test_faults_are_pushed_shown_and_cleared(emulator: Emulator) -> None:
    pushed = control(emulator, "POST", "faults", {"push": [{"status": 503}, None, {"rate_limited": {}}], "times": 2})
    assert pushed.json() == {"queued": 6, "rule": None}
    assert statuses(emulator, 4) == [503, 200, 429, 503]
    assert control(emulator, "GET", "faults").json()["queued"] == 2
    assert control(emulator, "DELETE", "faults").json()["queued"] == 0
    assert statuses(emulator, 2) == [200, 200]


def test_a_rule_strikes_every_so_many_requests_of_an_action(emulator: Emulator) -> None:
    rule = {"fault": {"status": {"code": 500, "message": "mine"}}, "every": 2, "action": "embedContent"}
    assert control(emulator, "POST", "faults", {"rule": rule}).json() == {"queued": 0, "rule": rule}
    assert statuses(emulator, 4) == [200, 500, 200, 500]
    batch = {"requests": [{"model": "models/gemini-embedding-2", **TEXT}]}
    assert [ask(emulator, BATCH, batch).status_code for _ in range(3)] == [200] * 3
    control(emulator, "POST", "faults", {"rule": None})
    assert statuses(emulator, 2) == [200, 200]


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        pytest.param("garbage", Fault.garbage(), id="a word"),
        pytest.param({"status": 404}, Fault.status(404), id="its first argument"),
        pytest.param({"status": {"code": 429, "retry_delay_s": 2}}, Fault.status(429, retry_delay_s=2), id="by name"),
        pytest.param({"rate_limited": "day"}, Fault.rate_limited("day"), id="a quota"),
        pytest.param({"rate_limited": {"retry_delay_s": 9}}, Fault.rate_limited(retry_delay_s=9), id="a delay"),
        pytest.param("vertex_exhausted", Fault.vertex_exhausted(), id="vertex"),
        pytest.param("bad_key", Fault.bad_key(), id="a bad key"),
        pytest.param({"html": 500}, Fault.html(500), id="a page"),
        pytest.param({"raw_body": "{", "after": 0.01}, Fault.raw_body(b"{").after(0.01), id="raw, later"),
        pytest.param(
            {"raw_body": {"body": {"base64": "AP8="}, "status": 201, "headers": {"x-a": "b"}}},
            Fault.raw_body(b"\x00\xff", status=201, headers={"x-a": "b"}), id="raw bytes",
        ),
    ],
)  # fmt: skip
def test_faults_have_the_words_of_the_python_api(emulator: Emulator, told: Any, meant: Fault) -> None:
    control(emulator, "POST", "faults", {"push": [told]})
    by_http = ask(emulator)
    emulator.faults.push(meant)
    by_python = ask(emulator)
    assert (by_http.status_code, by_http.content) == (by_python.status_code, by_python.content)


@pytest.mark.parametrize(
    ("told", "size"),
    [
        pytest.param("missing_values", None, id="missing"),
        pytest.param({"wrong_size": 5}, 5, id="size"),
        pytest.param({"zeros": {"position": 0}}, 3072, id="zeros"),
    ],
)
@pytest.mark.parametrize(
    ("path", "payload"), [(ONE, TEXT), ("/v1beta/openai/embeddings", {"model": "gemini-embedding-2", "input": "x"})]
)
def test_wrong_replies_can_be_scripted(
    emulator: Emulator, told: Any, size: int | None, path: str, payload: Any
) -> None:
    control(emulator, "POST", "faults", {"push": [told]})
    reply = httpx.post(
        emulator.base_url + path, json=payload, headers={**KEY, "authorization": "Bearer k"}, verify=NO_TLS
    ).json()
    vector = reply["data"][0].get("embedding") if "data" in reply else reply["embedding"].get("values")
    assert (vector and len(vector)) == size


def test_only_a_rule_that_was_told_is_shown(emulator: Emulator) -> None:
    control(emulator, "POST", "faults", {"rule": {"fault": "garbage", "every": 9}})
    emulator.faults.rule = lambda request: None
    assert control(emulator, "GET", "faults").json()["rule"] == "a function in Python"


def test_a_fault_that_does_not_fit_says_so(emulator: Emulator) -> None:
    control(emulator, "POST", "faults", {"push": [{"zeros": 7}, {"zeros": 0}]})
    count = "/v1beta/models/gemini-embedding-2:countTokens"
    for reply in (ask(emulator), ask(emulator, count, {"contents": [TEXT["content"]]})):
        assert reply.status_code == 500
        assert "no such vector" in reply.json()["error"]["message"]


def test_broken_connections_can_be_scripted(emulator: Emulator) -> None:
    control(emulator, "POST", "faults", {"push": ["drop_before", "drop_mid_body", {"latency": 0.01}]})
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            ask(emulator)
    assert ask(emulator).status_code == 200


def test_a_quota_is_set_shown_and_dropped(emulator: Emulator) -> None:
    told = {"requests_per_minute": 1, "minute_s": 60}
    for _ in range(2):  # set again it is full again
        shown = control(emulator, "POST", "quota", told).json()["quota"]
        assert Quota(**shown) == Quota(requests_per_minute=1)
        assert statuses(emulator, 2) == [200, 429]
    assert control(emulator, "DELETE", "quota").json() == {"quota": None}
    assert statuses(emulator, 2) == [200, 200]


def test_the_log_is_read_without_keys_and_cleared(emulator: Emulator) -> None:
    ask(emulator)
    httpx.post(f"{emulator.base_url}{ONE}?key=a-secret&prettyPrint=false", json=TEXT, verify=NO_TLS)
    told = control(emulator, "GET", "requests")
    first, second = told.json()["requests"]
    assert (first["number"], first["method"], first["path"], first["action"]) == (1, "POST", ONE, "embedContent")
    assert (first["json"], first["headers"]["x-goog-api-key"]) == (TEXT, "<hidden>")
    assert second["query"] == {"key": "<hidden>", "prettyPrint": "false"}
    assert "a-secret" not in told.text
    assert (told.json()["items_billed"], told.json()["tokens_billed"], told.json()["in_flight"]) == (2, 2, 0)
    later = control(emulator, "GET", "requests?after=1").json()["requests"]
    assert [one["number"] for one in later] == [2]
    assert control(emulator, "DELETE", "requests").json()["requests"] == []
    assert len(emulator.requests) == 0


def test_settings_are_changed_and_shown(emulator: Emulator) -> None:
    told = {
        "retired": "serve",
        "usage": False,
        "api_keys": ["k"],
        "latency_s": 0.01,
        "gcs": {"gs://b/o": {"base64": base64.b64encode(b"\xff").decode()}, "gs://b/p": "text"},
        "quota": {"requests_per_day": 7},
    }
    shown = control(emulator, "POST", "settings", told).json()
    assert (emulator.retired, emulator.usage, emulator.api_keys) == ("serve", False, ("k",))
    assert (emulator.gcs, emulator.quota) == (
        {"gs://b/o": b"\xff", "gs://b/p": b"text"},
        Quota(requests_per_day=7),
    )
    assert shown == control(emulator, "GET", "settings").json()
    assert (shown["api_keys"], shown["latency_s"], shown["gcs"]["gs://b/o"]) == (["<hidden>"], 0.01, {"base64": "/w=="})


def test_reset_is_everything_as_at_the_start() -> None:
    with Emulator(usage=False) as server:
        ask(server)
        uploaded = httpx.post(
            f"{server.base_url}/upload/v1beta/files",
            headers={**KEY, "x-goog-upload-command": "start"},
            verify=NO_TLS,
        ).headers["x-goog-upload-url"]
        control(server, "POST", "settings", {"usage": True, "quota": {"requests_per_minute": 1}})
        control(server, "POST", "faults", {"push": [{"status": 500}], "rule": {"fault": "garbage"}})
        assert control(server, "POST", "reset").json() == {"reset": True}
        assert (server.usage, server.quota, len(server.faults), server.faults.rule) == (False, None, 0, None)
        assert (len(server.requests), server.requests.items_billed) == (0, 0)
        assert httpx.post(uploaded, headers={"x-goog-upload-command": "query"}, verify=NO_TLS).status_code == 404


def test_settings_that_are_shown_may_be_told_back() -> None:
    """Keys are hidden then, and stay what they are."""
    with Emulator(api_keys=["a-secret"]) as server:
        control(server, "POST", "settings", control(server, "GET", "settings").json() | {"usage": False})
        assert (server.api_keys, server.usage) == (["a-secret"], False)


def test_reset_finds_a_collection_as_it_was_though_it_was_changed_in_place() -> None:
    with Emulator(gcs={}) as server:
        for _ in range(2):
            assert isinstance(server.gcs, dict)
            server.gcs["gs://b/o"] = b"x"
            control(server, "POST", "reset")
            assert server.gcs == {}


def test_reset_gives_a_used_quota_back() -> None:
    with Emulator(quota=Quota(requests_per_day=1)) as server:
        assert statuses(server, 2) == [200, 429]
        control(server, "POST", "reset")
        assert statuses(server, 2) == [200, 429]


@pytest.mark.parametrize(
    ("method", "name", "payload", "code", "message"),
    [
        pytest.param("POST", "faults", {"push": [{"explode": 1}]}, 400, "push[0]: one fault is wanted", id="no fault"),
        pytest.param("POST", "faults", {"push": "x"}, 400, "a list of faults", id="no list"),
        pytest.param("POST", "faults", {}, 400, '{"push": [', id="nothing"),
        pytest.param("POST", "faults", {"push": [{"status": {"kode": 1}}]}, 400, "there is no kode", id="argument"),
        pytest.param("POST", "faults", {"push": [{"status": {}}]}, 400, "code is wanted", id="argument missing"),
        pytest.param("POST", "faults", {"push": [{"rate_limited": "year"}]}, 400, '"minute" or "day"', id="choice"),
        pytest.param("POST", "faults", {"push": [{"status": 99}]}, 400, "400 to 599", id="no status"),
        pytest.param(
            "POST", "faults", {"push": [{"html": 99}]}, 400, "html.status: 99 is no", id="no status of a page"
        ),
        pytest.param("POST", "faults", {"push": [{"html": 204}]}, 400, "204 has none", id="a page in no body"),
        pytest.param("POST", "faults", {"push": [{"short_rows": 0}]}, 400, "short_rows.by: 0 rows", id="no rows"),
        pytest.param("POST", "faults", {"push": [None], "times": 0}, 400, "times: 0 is not possible", id="never"),
        pytest.param("POST", "faults", {"push": [None], "times": 10**9}, 400, "100,000 faults", id="no room for them"),
        pytest.param("POST", "settings", {"latency_s": -1}, 400, "settings.latency_s: -1.0 is not", id="below 0"),
        pytest.param("POST", "settings", {"modality_gap": 11}, 400, "0 to 10", id="too far apart"),
        pytest.param(
            "POST",
            "faults",
            {"push": [{"raw_body": {"body": "", "headers": {"a": "b\r\nc: d"}}}]},
            400,
            "one line",
            id="two headers in one",
        ),
        pytest.param(
            "POST",
            "faults",
            {"push": [{"raw_body": {"body": "", "headers": {"a": "€"}}}]},
            400,
            "8859",
            id="no Latin-1",
        ),
        pytest.param("POST", "faults", {"push": [{"garbage": 1}]}, 400, "takes no arguments", id="takes none"),
        pytest.param("POST", "faults", {"rule": {"fault": "zeros", "every": 0}}, 400, "too small", id="every"),
        pytest.param("POST", "quota", {"rpm": 1}, 400, "quota: there is no rpm. There are: req", id="quota"),
        pytest.param("POST", "quota", {"requests_per_day": 0}, 400, "limits are 1 or more", id="a quota of nothing"),
        pytest.param("POST", "quota", {"minute_s": 0}, 400, "more than 0 seconds", id="a minute of nothing"),
        pytest.param("POST", "settings", {"api_keys": "k"}, 400, "a list", id="no list of keys"),
        pytest.param("POST", "settings", {"gcs": 1}, 400, "an object", id="no mapping"),
        pytest.param("POST", "quota", [], 400, "an object is wanted", id="no object"),
        pytest.param("POST", "settings", {"latency": 1}, 400, "settings: there is no latency.", id="no setting"),
        pytest.param("POST", "settings", {"usage": 1}, 400, "true or false", id="type"),
        pytest.param("POST", "settings", {"latency_s": True}, 400, "a number", id="true is no number"),
        pytest.param("POST", "settings", {"port": 1}, 400, "there is no port", id="port"),
        pytest.param("POST", "settings", {"gcs": {"gs://x": {"base64": "?"}}}, 400, "not base64", id="base64"),
        pytest.param("GET", "requests?after=x", None, 400, "Invalid value at 'after': x", id="after"),
        pytest.param("GET", "reset", None, 405, "takes POST, not GET", id="method"),
        pytest.param("GET", "fault", None, 404, "There are: /__emulator__/health, /__emulator__/faults", id="nowhere"),
    ],
)
def test_what_makes_no_sense_is_answered_with_what_would(
    emulator: Emulator, method: str, name: str, payload: Any, code: int, message: str
) -> None:
    reply = control(emulator, method, name, payload)
    assert reply.status_code == code
    assert message in reply.json()["error"]["message"]
    assert statuses(emulator, 1) == [200]


def test_control_can_be_switched_off_and_health_stays() -> None:
    with Emulator(control=False) as server:
        assert control(server, "GET", "settings").status_code == 403
        assert control(server, "POST", "settings", {"control": True}).status_code == 403
        health = control(server, "GET", "health")
        assert (health.status_code, health.json()["status"]) == (200, "ok")
        asked = control(server, "HEAD", "health")  # as tools do that wait for a server
        assert (asked.status_code, asked.content) == (200, b"")
        assert len(server.requests) == 0


def test_pages_of_other_origins_may_not_control(emulator: Emulator) -> None:
    other = {"headers": {"origin": "https://example.com"}}
    assert control(emulator, "POST", "reset", **other).status_code == 403
    emulator.cors = True
    assert control(emulator, "POST", "reset", **other).status_code == 200


def test_control_meets_no_faults_and_leaves_no_trace(emulator: Emulator) -> None:
    emulator.faults.rule = lambda _: Fault.status(500)
    emulator.latency_s = 3600
    assert control(emulator, "GET", "requests").json()["requests"] == []
