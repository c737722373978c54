"""`gemini_embed.daft` on Daft itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_emulator import KEY
from fix_milvus import milvus_standalone
from gemini_embed import ConfigurationError, EdgeStore, Embedder, MultimodalIndex, StoreError
from gemini_embed_emulator import Emulator

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
ROWS: dict[str, list[Any]] = {
    "text": [f"row {n}" for n in range(300)],
    "id": [f"doc{n}" for n in range(300)],
    "lang": ["en"] * 300,
}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find it in their environment."""
    monkeypatch.setenv("GEMINI_API_KEY", KEY)


def test_embed_text_by_an_embedder(make_embedder: Callable[..., Embedder], emulator: Emulator) -> None:
    import daft
    from daft.functions import embed_text
    from gemini_embed.daft import GeminiProvider

    embedder = make_embedder(dimensions=128)
    daft.attach_provider(GeminiProvider(embedder))
    df = daft.from_pydict(ROWS).with_column("vector", embed_text(daft.col("text"), provider="gemini-embed"))
    assert str(df.schema()["vector"].dtype) == "Embedding[Float32; 128]"
    found = df.to_pydict()
    assert emulator.requests.items_billed == 300
    expected = embedder.embed_documents(found["text"]).values
    assert sorted(found["text"]) == sorted(ROWS["text"]), "Daft puts batches in the order in which they come"
    assert np.array_equal(np.array(found["vector"], np.float32), expected)


def test_embed_image_by_an_embedder(make_embedder: Callable[..., Embedder]) -> None:
    import daft
    from daft.functions import embed_image
    from gemini_embed import Image
    from gemini_embed.daft import GeminiProvider
    from PIL import Image as Pictures

    embedder = make_embedder(dimensions=128)
    pictures = [Pictures.new("RGB", (16, 16), color) for color in ("red", "blue")]
    df = daft.from_pydict({"image": [np.asarray(picture) for picture in pictures]})
    df = df.with_column("image", daft.col("image").cast(daft.DataType.image("RGB")))
    df = df.with_column("vector", embed_image(daft.col("image"), provider=GeminiProvider(embedder)))
    expected = embedder.embed([Image(picture) for picture in pictures]).values
    assert np.array_equal(np.array(df.to_pydict()["vector"], np.float32), expected)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"model": "other"}, "this provider's embedder has"), ({"dimensions": 64}, "this provider's embedder makes 128")],
)
def test_a_provider_has_one_model_and_size(
    options: dict[str, Any], said: str, make_embedder: Callable[..., Embedder]
) -> None:
    import daft
    from daft.functions import embed_text
    from gemini_embed.daft import GeminiProvider

    with pytest.raises(ConfigurationError, match=said):
        embed_text(daft.col("text"), provider=GeminiProvider(make_embedder(dimensions=128)), **options)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_a_data_frame_is_indexed(
    workers: int, milvus_server: str, make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    import daft
    from gemini_embed.daft import index_dataframe

    df = daft.from_pydict({**ROWS, "text": [None, *ROWS["text"][1:]]})
    with MultimodalIndex(make_embedder(dimensions=128), milvus_standalone(tmp_path)) as index:
        report = index_dataframe(df, index, source="id", metadata=["lang"], workers=workers)
        assert (report.rows, report.added, report.skipped) == (300, 299, 1)
        assert dict(report.reasons) == {"the row has nothing in its column 'text'": 1}
        assert index.count({"lang": "en"}) == 299
        again = index_dataframe(df, index, source="id", metadata=["lang"], workers=workers)
        assert (again.added, again.reused, emulator.requests.items_billed) == (0, 299, 299)


def test_an_embedded_store_is_refused_before_anything_runs(
    make_embedder: Callable[..., Embedder], emulator: Emulator, tmp_path: Path
) -> None:
    import daft
    from gemini_embed.daft import index_dataframe

    with (
        MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as index,
        pytest.raises(StoreError, match="is embedded"),
    ):
        index_dataframe(daft.from_pydict(ROWS), index)
    assert emulator.requests.items_billed == 0
