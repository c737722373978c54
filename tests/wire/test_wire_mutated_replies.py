"""Real replies, damaged: all readers give our error or right vectors, the same ones, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fix_readers import READERS, reading_by
from fix_recordings import embedding_exchanges
from gemini_embed import ReplyError
from gemini_embed.calls.vectors import check_and_fill, check_count
from gemini_embed.wire import CODECS, Reply
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VALUES_KEPT = 6
"""Of each vector: damage is to meet the structure too, and not only digits."""
SWAPPED: list[Any] = [
    None, True, False, 0, -1, 0.5, 2**63, 2**64, 10**400, "", "1", "values", [], [1], [[1]], [1, [2]], {},
    {"values": [1.0]}, {"values": [[1.0]]}, {"values": []},
]  # fmt: skip
INSERTED = [b"[", b"]", b"{", b"}", b",", b'"', b"-", b"0", b"9", b"e999", b"\\", b"\x00", b"\xc3", b"NaN", b"null"]


def samples() -> list[tuple[Any, bytes]]:
    """Every recorded shape of a good reply, its vectors cut to a few values, as (endpoint, body)."""
    found = {
        (exchange.method, json.dumps(_cut(exchange.reply), separators=(",", ":")).encode())
        for exchange in embedding_exchanges()
        if exchange.status == 200
    }
    return sorted(found, key=lambda sample: (sample[0], sample[1]))


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: v[:VALUES_KEPT] if k == "values" else _cut(v) for k, v in value.items()}
    return [_cut(one) for one in value] if isinstance(value, list) else value


SAMPLES = samples()


def outcome(method: Any, body: bytes, asked: int) -> list[list[float]] | str:
    """The vectors, or the kind of our error; any other error fails the test."""
    try:
        reply: Reply = CODECS[method].decode(body)
        check_count(len(reply.rows), asked, "m")
        out = np.zeros((asked, VALUES_KEPT), np.float32)
        check_and_fill(out, reply.rows, positions=range(asked), model="m")
    except ReplyError as e:
        return type(e).__name__
    assert reply.usage.requests == 1
    assert all(count >= 0 for count in (reply.usage.prompt_tokens or 0, *reply.usage.by_modality.values()))
    return [[*row, reply.usage.prompt_tokens or 0] for row in out.tolist()]


@st.composite
def damaged(draw: st.DrawFn) -> tuple[Any, bytes, int]:
    """A sample, its count of vectors, and a change or two to its text or to its tree."""
    method, body = draw(st.sampled_from(SAMPLES))
    asked = body.count(b'"values"')
    for _ in range(draw(st.integers(1, 2))):
        if draw(st.booleans()):
            body = _damaged_text(draw, body)
        else:
            try:
                tree = json.loads(body)
            except (ValueError, RecursionError):
                continue
            body = json.dumps(_damaged_tree(draw, tree), separators=(",", ":")).encode()
    return method, body, asked


def _damaged_text(draw: st.DrawFn, body: bytes) -> bytes:
    at = draw(st.integers(0, max(len(body) - 1, 0)))
    kind = draw(st.sampled_from(["flip", "cut", "insert", "drop", "repeat"]))
    if kind == "flip" and body:
        return body[:at] + bytes([body[at] ^ (1 << draw(st.integers(0, 7)))]) + body[at + 1 :]
    if kind == "cut":
        return body[:at]
    if kind == "insert":
        return body[:at] + draw(st.sampled_from(INSERTED)) + body[at:]
    end = min(len(body), at + draw(st.integers(1, 40)))
    return body[:at] + body[end:] if kind == "drop" else body[:end] + body[at:]


def _damaged_tree(draw: st.DrawFn, tree: Any) -> Any:
    """One place of the tree renamed, swapped or taken out."""
    places = list(_places(tree))
    if not places:
        return draw(st.sampled_from(SWAPPED))
    holder, key = draw(st.sampled_from(places))
    kind = draw(st.sampled_from(["swap", "drop", "rename"]))
    if kind == "swap":
        holder[key] = draw(st.sampled_from(SWAPPED))
    else:
        taken = holder.pop(key)
        if kind == "rename" and isinstance(holder, dict):
            holder[f"{key}s"] = taken
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield tree, key
        yield from _places(value)


@pytest.mark.skipif(not SAMPLES, reason="GEMINI_EMBED_RECORDINGS names no folder of recordings")
@pytest.mark.skipif(len(READERS) < 2, reason="needs pysimdjson or orjson, to compare with plain json")
@settings(max_examples=600, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_damaged_replies(case: tuple[Any, bytes, int]) -> None:
    method, body, asked = case
    outcomes = {}
    for reader in READERS:
        with reading_by(reader):
            outcomes[reader] = outcome(method, body, asked)
    assert outcomes == dict.fromkeys(READERS, outcomes["json"])


@pytest.mark.skipif(not SAMPLES, reason="GEMINI_EMBED_RECORDINGS names no folder of recordings")
def test_the_samples_are_good_as_they_are() -> None:
    assert {method for method, _ in SAMPLES} == {"batchEmbedContents", "embedContent", "predict"}
    for method, body in SAMPLES:
        assert len(outcome(method, body, body.count(b'"values"'))) == body.count(b'"values"')
