"""The behaviours that docs/coming-from-llama-index.md sets side by side are the official class's, and ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fix_docs import ROOT, tables_under
from fix_official import NEW, OLD, told_in
from gemini_embed import GeminiEmbedError, InputError, MultimodalIndex, QdrantStore
from gemini_embed_emulator import Emulator, Fault
from google.genai.errors import APIError
from llama_index.core import VectorStoreIndex
from llama_index.core.schema import QueryBundle
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

pytestmark = pytest.mark.compat

PAGE = ROOT / "docs/coming-from-llama-index.md"
Make = Callable[..., Any]


def keeps_the_task(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for make, told in ((theirs, "RETRIEVAL_DOCUMENT"), (ours, "CLUSTERING")):
        make(embedding_config={"task_type": "CLUSTERING"}).get_text_embedding("x")
        assert told_in(emulator) == {told, "x"}
    ours(embedding_config={"task_type": "RETRIEVAL_DOCUMENT"}).get_query_embedding("x")
    assert told_in(emulator) == {"RETRIEVAL_QUERY", "x"}


def tells_tasks_by_prefixes(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for make, given, told in (
        (theirs, {}, {"RETRIEVAL_QUERY", "x"}),
        (ours, {}, {"task: search result | query: x"}),
        (ours, {"task": "raw"}, {"x"}),
    ):
        make(model_name=NEW, **given).get_query_embedding("x")
        assert told_in(emulator) == told


def keys_by_side(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for make, are_equal in ((theirs, True), (ours, False)):
        model = make(embeddings_cache=SimpleKVStore())
        assert (model.get_text_embedding("x") == model.get_query_embedding("x")) == are_equal


def sends_batches_together(theirs: Make, ours: Make, emulator: Emulator) -> None:
    emulator.latency_s = 0.2
    for make, most in ((theirs, 1), (ours, 3)):
        make(embed_batch_size=1).get_text_embedding_batch(["x", "y", "z"])
        assert emulator.requests.max_in_flight == most


def keeps_what_was_finished(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for make in (theirs, ours):
        emulator.faults.push(None, Fault.status(403))
        with pytest.raises((APIError, GeminiEmbedError)) as failed:
            make(embed_batch_size=1).get_text_embedding_batch(["x", "y"])
        assert (getattr(failed.value, "completed", None) is not None) == (make is ours)


def refuses_an_empty_text(theirs: Make, ours: Make, emulator: Emulator) -> None:
    with pytest.raises(APIError):
        theirs().get_text_embedding_batch(["x", ""])
    emulator.requests.clear()
    with pytest.raises(InputError) as refused:
        ours().get_text_embedding_batch(["x", ""])
    assert (refused.value.position, len(emulator.requests)) == (1, 0)


def has_a_name_of_its_own(theirs: Make, ours: Make, emulator: Emulator) -> None:
    assert theirs().class_name() == "GeminiEmbedding"
    assert ours().class_name() == "gemini_embed.GeminiEmbedding"


def embeds_media(theirs: Make, ours: Make, emulator: Emulator) -> None:
    assert not hasattr(theirs(), "get_image_embedding")
    assert hasattr(ours(), "get_image_embedding")


def sends_made_up_answers_as_documents(theirs: Make, ours: Make, emulator: Emulator) -> None:
    """Of a bundle such as `HyDEQueryTransform` makes."""
    made: dict[str, Any] = {
        "query_str": "x?",
        "custom_embedding_strs": ["made up", "x?"],
    }  # as HyDEQueryTransform makes it
    VectorStoreIndex([], embed_model=theirs()).as_retriever().retrieve(QueryBundle(**made))
    assert _sides_of_all(emulator) == {("RETRIEVAL_QUERY", "made up"), ("RETRIEVAL_QUERY", "x?")}
    with MultimodalIndex(ours().embedder, QdrantStore(":memory:")) as index:
        index.add(["y"])
        emulator.requests.clear()
        GeminiMultimodalRetriever(index).retrieve(QueryBundle(**made))
    assert _sides_of_all(emulator) == {("RETRIEVAL_DOCUMENT", "made up"), ("RETRIEVAL_QUERY", "x?")}


def _sides_of_all(emulator: Emulator) -> set[tuple[str, str]]:
    """Task type and text, of all requests."""
    sent = [one for request in emulator.requests for one in request.json["requests"]]
    return {(one["taskType"], one["content"]["parts"][0]["text"]) for one in sent}


BEHAVIOURS: dict[str, Callable[[Make, Make, Emulator], None]] = {
    "a `task_type` in the config": keeps_the_task,
    "tasks on gemini-embedding-2": tells_tasks_by_prefixes,
    "`embeddings_cache`": keys_by_side,
    "batches of a sync call": sends_batches_together,
    "a failed call": keeps_what_was_finished,
    "an empty text": refuses_an_empty_text,
    "`class_name()`": has_a_name_of_its_own,
    "images and other media": embeds_media,
    "`HyDEQueryTransform`": sends_made_up_answers_as_documents,
}


@pytest.mark.parametrize("row", tables_under(PAGE, "Behaviours")[0], ids=lambda row: row[0])
def test_the_behaviours(row: list[str], official_llama_index: Make, make_llama_index: Make, emulator: Emulator) -> None:
    def ours(**given: Any) -> Any:
        return make_llama_index(**{"model_name": OLD, **given})

    BEHAVIOURS[row[0]](official_llama_index, ours, emulator)
