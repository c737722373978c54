"""A user's program: never run, only checked, by `mypy --strict` with no settings of ours."""

from pathlib import Path
from typing import Literal, assert_type

import numpy as np
from gemini_embed import (
    AddReport,
    ApiError,
    Audio,
    Content,
    EdgeStore,
    Embedder,
    EmbeddingResult,
    GeminiEmbeddingFunction,
    GeminiEmbedError,
    Hit,
    Hits,
    Image,
    InputError,
    Item,
    Lexical,
    MultimodalIndex,
    Precision,
    QdrantStore,
    Record,
    Reranked,
    RetryPolicy,
    Task,
    Text,
    Usage,
    UsageTracker,
    Words,
    rerank,
    track_usage,
)
from gemini_embed.analysis import clusters, nearest_label
from gemini_embed.evaluation import recall_table
from gemini_embed.windows import Cutting, Window
from gemini_embed_emulator import Emulator
from numpy.typing import NDArray


def vectors(task: Task) -> NDArray[np.float32]:
    """Texts and interleaved contents to arrays."""
    with Embedder(dimensions=768, task=task, retry=RetryPolicy(max_attempts=3)) as embedder:
        result = embedder.embed_documents(["a", "b"], titles=["A", None])
        assert_type(result, EmbeddingResult)
        assert_type(result.usage, Usage)
        assert_type(result.usage + embedder.embed_query("q").usage, Usage)
        assert_type(result.tolist(), list[list[float]])
        assert_type(list(result), list[NDArray[np.float32]])
        assert_type(embedder.dimensions, int | None)
        with track_usage() as spent:
            embedder.embed_query("q")
        assert_type(spent, UsageTracker)
        assert_type(spent.by_model, dict[str, Usage])
        embedder.embed(["plain", Text("part"), Image(Path("a.png")), Content("both", Image(b"..."), title="A")])
        embedder.embed([["a chart", Image("https://example.com/a.png")]], side="query")
        return result.values


async def awaited() -> NDArray[np.float32]:
    """The same through the async door."""
    async with Embedder() as embedder:
        assert_type(await embedder.aembed_documents(["a"]), EmbeddingResult)
        assert_type(await embedder.aembed([Image("a.png")]), EmbeddingResult)
        return (await embedder.aembed_query("q")).vector


def index(folder: Path) -> list[str]:
    """Add, search, filter, copy."""
    with MultimodalIndex(Embedder(), EdgeStore(folder)) as own:
        assert_type(own.add(["text", Path("a.png"), Item("b", source="s", metadata={"year": 2026})]), AddReport)
        hits = own.search(["like this, but red", Image("a.png")], k=3, filter={"year": {"gte": 2020}})
        assert_type(hits, Hits)
        assert_type(own.get([hit.record.id for hit in hits]), list[Record])
        assert_type(own.delete(source="s"), int)
        assert_type(own.sync("media", cutting=Cutting(video_s=20), describe=caption, on_error="raise"), AddReport)
        assert_type(own.estimate("media/**/*.pdf").usd, float | None)
        assert_type(own.search("a", precision=Precision(exact=True)), Hits)
        table = recall_table(own, ["a"], limits=(10,), oversampling=(1, 3))
        assert_type(table.recall[10, 3, True], float)
        own.optimize(quantization="turbo4")
        mixed = own.search(Audio("a.wav"), fusion="standardized", quotas={"video": 2}, score_threshold={"text": 0.5})
        assert_type(own.search_vector(np.zeros(768), 3, mmr=0.5, merge=True, padding=5), Hits)
        assert_type(own.search("E4217", lexical=0.3), Hits)
        worded = own.search(Image("a.png"), lexical=Words('"E4217" pump', weight=0.3))
        assert_type(worded[0].found_by, tuple[Literal["vector", "words"], ...])
        assert_type(own.add_lexical(Lexical("english")), int)
        assert_type([(hit.link, hit.window.start_s) for hit in mixed], list[tuple[str, float | None]])
        assert_type(own.copy_to(QdrantStore(":memory:"), dimensions=768), int)
        own.search("why?", hypothetical=["since"])
        own.search("why?", hypothetical=lambda words: f"since {words}")
        assert_type(rerank(own.embedder, "q", hits, top_k=3, hypothetical="since")[0].candidate, Hit)
        assert_type(rerank(own.embedder, Image("a.png"), ["a", "b"], top_k=1), list[Reranked[str]])
        assert_type(clusters(own.vectors({"modality": "text"}), 3).groups, list[list[int]])
        assert_type(nearest_label(own, own.vectors(), ["a", "b"]).labels, list[str])
        return [hit.source or "" for hit in hits]


def caption(window: Window) -> str:
    """Says what is in a window."""
    assert_type(window.page_start, int | None)
    return f"{window.mime_type} of {len(window.data)} bytes"


def errors() -> None:
    """What an error carries."""
    try:
        Embedder().embed_query("")
    except InputError as error:
        assert_type(error.position, int | None)
    except ApiError as error:
        assert_type(error.code, int)
        assert_type(error.retry_after_s, float | None)
    except GeminiEmbedError as error:
        raise SystemExit(str(error)) from error


def milvus() -> list[NDArray[np.float32]]:
    """The drop-in for Milvus's class."""
    function = GeminiEmbeddingFunction(model_name="gemini-embedding-2", api_key="k")
    assert_type(function.dim, int)
    return function.encode_documents(["a"])


def emulator() -> str:
    """The emulator in a test."""
    with Emulator() as server:
        return server.base_url


def mistakes() -> None:
    """Each of these is an error to mypy, else the `ignore` would be one."""
    photo: EmbeddingResult = Embedder().embed_query(["like this", Image("a.png")])
    assert len(photo) == 1
    Embedder().embed_documents(["a"], title="A")  # type: ignore[arg-type]  # it is titles=
    Embedder(dimension=768)  # type: ignore[call-arg]  # a misspelt argument
    Embedder(overflow="cut")  # type: ignore[arg-type]  # not one of the three
    EdgeStore("a", quantization="int4")  # type: ignore[arg-type]  # none of the names
    MultimodalIndex(Embedder(), EdgeStore("a")).search("a", fusion="best")  # type: ignore[arg-type]  # no such fusion
    MultimodalIndex(Embedder(), EdgeStore("a")).search("a", lexical="E4217")  # type: ignore[arg-type]  # Words("E4217")
    Lexical(tokenizer="bpe")  # type: ignore[arg-type]  # none of the three
    Embedder().embed(["a"], side="documents")  # type: ignore[arg-type]  # the sides are query and document
