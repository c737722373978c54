"""How a MilvusStore is told where its collection is; its rows and expressions; files shared, locked and forked."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gemini_embed import ConfigurationError, Fingerprint, InputError, MilvusStore, Record, StoreError
from gemini_embed.stores.milvus.filters import expression
from gemini_embed.stores.milvus.rows import check_size, from_row, to_row

FINGERPRINT = Fingerprint("m", 4, "raw", "unit")
ID = "11111111-1111-1111-1111-111111111111"


@pytest.fixture
def milvus_lite() -> None:
    """Its pyarrow does not load beside the oldest NumPy that we allow."""
    pytest.importorskip("milvus_lite", exc_type=ImportError)


@pytest.mark.parametrize(
    ("uri", "options", "words"),
    [
        pytest.param("kitchen", {}, r"a file that ends in \.db", id="no-file-of-lite"),
        pytest.param("k.db", {"token": "t"}, "token goes with the address", id="token-for-a-file"),
        pytest.param("k.db", {"index_type": "DISKANN"}, "builds none", id="index-that-lite-has-not"),
        pytest.param("k.db", {"index_params": {"M": 8}}, "ignores M with AUTOINDEX", id="parameter-of-no-use"),
        pytest.param("k.db", {"search_params": {"reorder_k": 8}}, "ignores reorder_k", id="search-parameter"),
    ],
)
def test_arguments_that_cannot_be_honoured(uri: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        MilvusStore(uri, **options)


def test_the_token_is_not_in_the_repr() -> None:
    store = MilvusStore("http://127.0.0.1:1", token="root:very-secret", collection="c")
    assert repr(store) == "MilvusStore('http://127.0.0.1:1', collection='c')"


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(StoreError, match=r"127\.0\.0\.1:1"):
        MilvusStore("http://127.0.0.1:1", timeout_s=0.5).open(FINGERPRINT)


@pytest.mark.usefixtures("milvus_lite")
def test_another_index_than_there_is_is_refused(tmp_path: Path) -> None:
    flat = MilvusStore(tmp_path / "k.db", index_type="FLAT")
    flat.open(FINGERPRINT)
    flat.close()
    with pytest.raises(ConfigurationError, match=r"has an index with \{'index_type': 'FLAT'\}"):
        MilvusStore(tmp_path / "k.db", index_type="HNSW").open(FINGERPRINT)
    as_it_is = MilvusStore(tmp_path / "k.db")
    as_it_is.open(FINGERPRINT)
    as_it_is.close()


@pytest.mark.usefixtures("milvus_lite")
def test_more_hits_than_milvus_gives_are_refused(tmp_path: Path) -> None:
    store = MilvusStore(tmp_path / "k.db")
    store.open(FINGERPRINT)
    with pytest.raises(InputError, match="at most 16,384 hits"):
        store.search(np.ones(4, np.float32), 16_385)
    store.close()


METADATA = [
    pytest.param({"source": "a.md", "page": 1}, id="plain"),
    pytest.param({"text": 1, "pk": [2], "metadata_text": 3, "metadata_metadata_id": 4, "id": 5}, id="names-of-ours"),
    pytest.param({"$meta": 1, "_node_content": "x", "gemini_embed": {"tokens": []}}, id="names-of-milvus"),
    pytest.param({"none": None, "empty": [], "deep": {"none": None, "x": {}}}, id="empty-values"),
    pytest.param({"at": "2026-02-30", "big": 2**70, "bool": [True, 1, 1.0]}, id="odd-values"),
]


@pytest.mark.parametrize("metadata", METADATA)
def test_a_row_gives_its_record_back(metadata: dict[str, Any]) -> None:
    record = Record(ID, "words", metadata)
    row = to_row(record, np.arange(4, dtype=np.float32))
    assert from_row(row) == record
    assert (row["pk"], row["text"], row["vector"]) == (ID, "words", [0.0, 1.0, 2.0, 3.0])


@pytest.mark.parametrize("metadata", METADATA)
def test_a_row_of_langchain_gives_its_metadata_back(metadata: dict[str, Any]) -> None:
    """Without the node: from the fields alone, where null and empty values are not kept."""
    row = to_row(Record(ID, "words", metadata), np.zeros(4, np.float32))
    del row["_node_content"]
    got = from_row(row).metadata
    assert got == {key: got[key] for key, value in metadata.items() if value not in (None, [])}
    assert set(got) == {key for key, value in metadata.items() if value not in (None, [])}


def test_metadata_beyond_a_server_s_limit_are_refused_by_name() -> None:
    check_size(to_row(Record(ID, "x" * 60_000, {"notes": "y" * 30_000}), np.zeros(4, np.float32)))
    with pytest.raises(InputError, match=rf"record {ID}: its metadata takes 8\d,\d\d\d bytes"):
        check_size(to_row(Record(ID, "", {"notes": "y" * 40_000}), np.zeros(4, np.float32)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(None, "", id="none"),
        pytest.param('page == 3 and source like "a%"', 'page == 3 and source like "a%"', id="native"),
        pytest.param({"a": []}, '(pk == "")', id="any-of-nothing"),
        pytest.param({"a.b": None}, '(not (exists $meta["a"]["b"]))', id="missing"),
        pytest.param({"text": None}, '(not (exists $meta["metadata_text"]))', id="name-of-ours"),
        pytest.param(
            {"a": 'x" or 1==1 \\'},
            '(((exists $meta["a"]) and (($meta["a"] == "x\\" or 1==1 \\\\"))) or '
            'json_contains_any(gemini_embed["tokens"], ["[\\"a\\", \\"x\\\\\\" or 1==1 \\\\\\\\\\"]"]))',
            id="hostile-value",
        ),
        pytest.param({"source": "a"}, '(((exists $meta["source"]) and (($meta["source"] == "a"))))', id="one-source"),
        pytest.param(
            {"source": ["a", '"]']}, '(((exists $meta["source"]) and ((source in ["a", "\\"]"]))))', id="many-sources"
        ),
        pytest.param(
            {"at": {"gte": datetime(2026, 1, 1, tzinfo=UTC)}},
            '((exists gemini_embed["moments"]["[\\"at\\"]"]) and '
            '(gemini_embed["moments"]["[\\"at\\"]"] >= 1767225600.0))',
            id="datetime",
        ),
    ],
)
def test_expressions(given: Any, expected: str) -> None:
    assert expression(given) == expected


def test_what_only_a_server_takes() -> None:
    given = expression({"a.b": ["x", "y", 1]}, is_lite=False)
    assert given.startswith('(((exists $meta["a"]["b"]) and (($meta["a"]["b"] in ["x", "y"]) or ')
    assert '$meta["a"]["b"] in' not in expression({"a.b": ["x", "y", 1]}), "Lite takes no nested field"


FORKING = """
import os, sys
import numpy as np
from gemini_embed import Fingerprint, MilvusStore, Record

store = MilvusStore(sys.argv[1])
store.open(Fingerprint("m", 4, "raw", "unit"))
store.upsert([Record("a", "before", {})], np.ones((1, 4), np.float32))
child = os.fork()
if child == 0:
    sys.exit(0)  # runs the handlers at exit, milvus-lite's among them
os.waitpid(child, 0)
store.upsert([Record("b", "after", {})], np.ones((1, 4), np.float32))
print(sorted(record.page_content for record in store.get(["a", "b"])))
print([len(batch.records) for batch in store.iterate()])
store.close()
again = MilvusStore(sys.argv[1])
again.open(Fingerprint("m", 4, "raw", "unit"))
print(again.count())
"""


@pytest.mark.usefixtures("milvus_lite")
@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no fork on Windows")
def test_a_forked_child_leaves_the_file_alone_and_nothing_is_printed(tmp_path: Path) -> None:
    """The last store is left open: it ends with the process, without noise."""
    quiet = ["-W", "ignore:This process:DeprecationWarning"]  # Python 3.12's own word on forks beside threads
    done = subprocess.run(  # noqa: S603 - our own interpreter and code
        [sys.executable, *quiet, "-c", FORKING, str(tmp_path / "k.db")], capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == ["['after', 'before']", "[2]", "2"]
    noise = [line for line in done.stderr.splitlines() if "fork_posix" not in line]  # gRPC's own word on forks
    assert noise == []
