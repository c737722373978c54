"""What a server of an outsider answers costs no more memory than `max_media_bytes` says, however it is packed."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from fix_capture import Answer, CaptureServer
from gemini_embed import Embedder, InputError

Serve = Callable[..., CaptureServer]

MIB = 2**20
LIMIT = 4 * MIB


def gzipped(mib: int) -> bytes:
    """So many MiB of zeros."""
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(packing.compress(bytes(MIB)) for _ in range(mib)) + packing.flush()


BOMB = gzipped(64)
EMPTY_BLOCK = b"\0\0\0\xff\xff"
"""A stored block of DEFLATE that holds nothing."""
ENDLESS = zlib.compressobj(9, zlib.DEFLATED, 31).flush(zlib.Z_FULL_FLUSH) + EMPTY_BLOCK * (2 * MIB)

TOO_LARGE, OTHER = f"is larger than max_media_bytes={LIMIT}", "one gzip at most is understood"
BOMBS = [
    pytest.param("gzip", BOMB, TOO_LARGE, id="gzip"),
    pytest.param("gzip, gzip", gzip.compress(BOMB), OTHER, id="gzip-twice"),
    pytest.param("zstd", b"\x28\xb5\x2f\xfd" + bytes(99), OTHER, id="zstd"),
    pytest.param("br", bytes(99), OTHER, id="brotli"),
    pytest.param("gzip", ENDLESS, TOO_LARGE, id="gzip-without-content"),
    pytest.param("", bytes(2 * LIMIT), TOO_LARGE, id="plain"),
    pytest.param("gzip", b"\x1f\x8b" + bytes(99), "damaged", id="damaged"),
    pytest.param("gzip", gzip.compress(b"a" * 999)[:-9], "cut short", id="cut-short"),
]


@pytest.mark.parametrize(("encoding", "body", "message"), BOMBS)
def test_a_bomb_is_refused_within_the_limit(encoding: str, body: bytes, message: str, make_server: Serve) -> None:
    server = make_server(lambda request: Answer(body, headers={"content-encoding": encoding}))
    with Embedder(api_key="k", allow_private_urls=True, max_media_bytes=LIMIT) as embedder:
        peak, error = peak_of(embedder, server.base_url)
    assert isinstance(error, InputError)
    assert message in str(error)
    assert peak < 3 * LIMIT
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "GZIP", "deflate"])
def test_a_medium_of_the_limit_arrives(encoding: str, make_server: Serve) -> None:
    """A server may store it compressed; one gzip or deflate is understood, and costs no more."""
    medium = bytes(range(256)) * (LIMIT // 256)
    packed = {"gzip": gzip.compress(medium), "deflate": zlib.compress(medium)}.get(encoding.lower(), medium)
    server = make_server(lambda request: Answer(packed, headers={"content-encoding": encoding}))
    with Embedder(api_key="k", allow_private_urls=True, max_media_bytes=LIMIT) as embedder:
        assert embedder.fetch(server.base_url) == medium
        peak, error = peak_of(embedder, server.base_url)
    assert error is None
    assert peak < 3 * LIMIT


def peak_of(embedder: Embedder, url: str) -> tuple[int, Exception | None]:
    """Bytes that a fetch takes at most, and its error."""
    error: Exception | None = None
    tracemalloc.start()
    try:
        embedder.fetch(url)
    except InputError as e:
        error = e
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak, error
