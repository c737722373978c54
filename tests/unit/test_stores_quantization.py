"""The table of codes: what each engine is told, and how what it keeps is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import qdrant_edge
from gemini_embed import ConfigurationError, EdgeStore, MilvusStore, QdrantStore
from gemini_embed.stores.quantization import (
    CODES,
    Quantization,
    bytes_a_vector,
    check_kept,
    client_config,
    edge_config,
    name_of,
)
from qdrant_client import models

CLIENT = {
    "int8": {"scalar": {"type": "int8", "always_ram": True}},
    "turbo4": {"turbo": {"bits": "bits4", "always_ram": True}},
    "turbo2": {"turbo": {"bits": "bits2", "always_ram": True}},
    "turbo1": {"turbo": {"bits": "bits1", "always_ram": True}},
    "binary": {"binary": {"encoding": "one_bit", "query_encoding": "scalar8bits", "always_ram": True}},
}
EDGE = {
    "int8": "ScalarQuantizationConfig(r#type=ScalarType.Int8,",
    "turbo4": "bits=TurboQuantBitSize.Bits4)",
    "turbo2": "bits=TurboQuantBitSize.Bits2)",
    "turbo1": "bits=TurboQuantBitSize.Bits1)",
    "binary": "query_encoding=BinaryQuantizationQueryEncoding.Scalar8Bits",
}
NAMES = pytest.mark.parametrize("name", CODES)


def test_the_table_has_every_name() -> None:
    assert [*CODES, "none"] == list(get_args(Quantization))
    assert list(CLIENT) == list(EDGE) == list(CODES)


@NAMES
def test_qdrant_client_is_told_in_its_own_models(name: str) -> None:
    told = client_config(name, models)
    assert told.model_dump(mode="json", exclude_none=True) == CLIENT[name]
    assert name_of(CLIENT[name]) == name


@NAMES
def test_edge_is_told_the_same(name: str) -> None:
    assert EDGE[name] in repr(edge_config(name, qdrant_edge))


def test_none_takes_codes_away() -> None:
    assert client_config("none", models) == models.Disabled.DISABLED
    assert edge_config("none", qdrant_edge) is None


@pytest.mark.parametrize(
    ("kept", "name"),
    [
        pytest.param(None, "none", id="nothing"),
        pytest.param({}, "none", id="empty"),
        pytest.param({"scalar": {"type": "int8", "quantile": 0.99, "memory": "pinned"}}, "int8", id="placed-elsewhere"),
        pytest.param(
            {"binary": {"always_ram": True}}, "binary (encoding one_bit, query_encoding default)", id="their-binary"
        ),
        pytest.param(
            {"binary": {"encoding": None, "query_encoding": "scalar8bits"}}, "binary", id="an-encoding-left-out"
        ),
        pytest.param({"turbo": {"bits": "bits1_5"}}, "turbo (bits bits1_5)", id="bits-that-have-no-name"),
        pytest.param({"product": {"compression": "x16"}}, "product (compression x16)", id="product"),
    ],
)
def test_what_is_kept_has_a_name(kept: Any, name: str) -> None:
    assert name_of(kept) == name


@pytest.mark.parametrize(
    ("name", "size"),
    [("int8", 3072), ("turbo4", 1536), ("turbo2", 768), ("turbo1", 384), ("binary", 384), ("none", 12288)],
)
def test_bytes_of_a_vector(name: str, size: int) -> None:
    """Of 3072 numbers."""
    assert bytes_a_vector(name, 3072) == size


@pytest.mark.parametrize(
    ("kept", "asked", "is_error"),
    [
        pytest.param("turbo1", None, False, id="not-asked-for"),
        pytest.param("turbo1", "turbo1", False, id="the-same"),
        pytest.param("none", "turbo1", False, id="none-so-far"),
        pytest.param("turbo1", "binary", True, id="another"),
        pytest.param("turbo1", "none", True, id="none-asked-for"),
    ],
)
def test_another_code_is_an_error_that_names_both(kept: str, asked: str | None, is_error: bool) -> None:
    if not is_error:
        check_kept("store", kept, asked)
        return
    with pytest.raises(ConfigurationError, match=rf"store holds the codes '{kept}', .* quantization='{asked}'"):
        check_kept("store", kept, asked)


@pytest.mark.parametrize("name", ["int4", "", "Turbo1", 1, ["int8"]])
def test_an_unknown_name_is_refused_with_those_there_are(name: Any, tmp_path: Path) -> None:
    for make in (EdgeStore, lambda place, **options: QdrantStore(url="http://x", **options)):
        with pytest.raises(ConfigurationError, match=r"is none of 'int8', 'turbo4', .*'none'"):
            make(tmp_path, quantization=name)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"quantization": "turbo1"}, "Milvus has no 'turbo1': of these codes it has 'int8'", id="turbo1"),
        pytest.param({"quantization": "binary"}, "IVF_RABITQ", id="binary"),
        pytest.param({"quantization": "none"}, "Milvus has no 'none'", id="none"),
        pytest.param({"quantization": "int9"}, "'int9' is none of", id="unknown"),
        pytest.param({"quantization": "int8", "index_type": "FLAT"}, "HNSW_SQ, and you ask for FLAT", id="two-indexes"),
    ],
)
def test_milvus_says_what_it_has(options: dict[str, Any], words: str) -> None:
    for place in ("k.db", "http://127.0.0.1:1"):
        with pytest.raises(ConfigurationError, match=words):
            MilvusStore(place, **options)
