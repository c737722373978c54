"""A real Milvus standalone for the slow tier: the binary in the `milvus` wheel, in a process of its own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fix_aliases import Place
from gemini_embed import MilvusStore
from gemini_embed.stores.milvus import lite

_ADDRESS = "GEMINI_EMBED_TEST_MILVUS"
"""The environment variable with the server's address, which child processes inherit."""
_SERVER = """
import sys
from milvus import MilvusServer, MilvusServerConfig

for attempt in range(3):
    server = MilvusServer(MilvusServerConfig(data_dir=f"{sys.argv[1]}/{attempt}"), wait_for_started=False)
    server.start()
    try:
        server.wait_started(timeout=60_000)
        print(server.listen_port, flush=True)
        sys.stdin.read()
        break
    except (TimeoutError, RuntimeError) as failure:
        print(f"attempt {attempt + 1}: {failure}", file=sys.stderr)
    finally:
        server.stop()
"""
"""Chooses free ports, anew when another process takes one meanwhile, and lives until its standard input is closed: it
never outlives the tests."""


@pytest.fixture(scope="session")
def milvus_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Milvus server that is up; skips where its wheel is not installed (Linux x86-64 only)."""
    if importlib.util.find_spec("milvus") is None:
        pytest.skip("no Milvus standalone here: its wheel is for Linux on x86-64, in the first environment")
    folder = tmp_path_factory.mktemp("milvus")
    command = [sys.executable, "-W", "ignore", "-c", _SERVER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - our own interpreter and code
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, "the server did not start: its own words are above"
        address = f"http://127.0.0.1:{port}"
        os.environ[_ADDRESS] = address
        yield address
        del os.environ[_ADDRESS]
        server.communicate()  # closes its input and waits for its end


def milvus_standalone(place: Path) -> MilvusStore:
    """A store on the server under test, in a collection of its own for every place."""
    name = hashlib.sha256(str(place).encode()).hexdigest()[:16]
    return MilvusStore(os.environ[_ADDRESS], collection=f"test_{name}")


@contextmanager
def milvus_place(uri: str) -> Iterator[Place]:
    """Milvus at this address, or Lite in this file, where aliases are pointed by a client of its own."""
    from pymilvus import MilvusClient

    file = None if "://" in uri else Path(uri)
    address = uri if file is None else lite.start(file)[0]
    client = MilvusClient(address)

    def point(alias: str, collection: str) -> None:
        known = [name for each in client.list_collections() for name in client.list_aliases(each)["aliases"]]
        (client.alter_alias if alias in known else client.create_alias)(collection, alias)

    yield Place(lambda name: MilvusStore(uri, collection=name), point, client.drop_collection)
    client.close()
    if file is not None:
        lite.stop(file, address)
