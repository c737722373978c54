"""What calls used, as LlamaIndex's events and callback handlers hear of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from fix_llama_index import Seen
from gemini_embed import Usage, track_usage
from gemini_embed_emulator import Emulator, Fault
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.callbacks.schema import EventPayload
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.embeddings.gemini_embed import GeminiEmbedding

Make = Callable[..., GeminiEmbedding]

DOORS = [
    pytest.param(lambda m: m.get_text_embedding_batch(list("abcde")), id="sync"),
    pytest.param(lambda m: asyncio.run(m.aget_text_embedding_batch(list("abcde"))), id="async"),
]


def told(seen: Seen) -> list[Any]:
    """The usage on each end event, None where there is none."""
    return [event.tags.get("gemini_embed_usage") for event in seen.events if event.class_name() == "EmbeddingEndEvent"]


@pytest.mark.parametrize("door", DOORS)
def test_the_last_event_of_a_call_has_its_usage(make_llama_index: Make, seen: Seen, door: Any) -> None:
    with track_usage() as spent:
        door(make_llama_index(dimensions=8, embed_batch_size=2))

    assert told(seen) == [None, None, asdict(spent.usage)]
    assert spent.usage.requests == 3
    assert spent.usage.prompt_tokens


def test_a_query_and_an_image_have_it_too(make_llama_index: Make, seen: Seen, pictures: Callable[[str], Path]) -> None:
    model = make_llama_index(dimensions=8)
    model.get_query_embedding("cat")
    model.get_image_embedding(str(pictures("red")))
    text, image = told(seen)
    assert list(text["by_modality"]) == ["TEXT"]
    assert "IMAGE" in image["by_modality"]


def test_retries_are_in_it(make_llama_index: Make, emulator: Emulator, seen: Seen) -> None:
    emulator.faults.push(Fault.status(503))
    make_llama_index(dimensions=8).get_text_embedding("cat")
    (usage,) = told(seen)
    assert (usage["retries"], list(usage["waited_s"])) == (1, ["server"])


def test_what_the_kv_cache_answers_costs_nothing(make_llama_index: Make, seen: Seen) -> None:
    model = make_llama_index(dimensions=8, embeddings_cache=SimpleKVStore())
    model.get_text_embedding("cat")
    model.get_text_embedding("cat")
    assert told(seen)[1] == asdict(Usage())


def test_callbacks_have_it_in_their_payload(make_llama_index: Make, pictures: Callable[[str], Path]) -> None:
    debug = LlamaDebugHandler(print_trace_on_end=False)
    model = make_llama_index(dimensions=8, embed_batch_size=2, callback_manager=CallbackManager([debug]))
    model.get_text_embedding_batch(["a", "b", "c"])

    ends = [end.payload or {} for _, end in debug.get_event_pairs(CBEventType.EMBEDDING)]
    assert [end[EventPayload.CHUNKS] for end in ends] == [["a", "b"], ["c"]]
    usage = [end.get(EventPayload.ADDITIONAL_KWARGS, {}).get("usage", {}).get("requests") for end in ends]
    assert usage == [None, 2]


def characters(text: str) -> list[str]:
    """A tokenizer that any str will do for, and nothing else."""
    assert type(text) is str
    return list(text)


@pytest.mark.parametrize("show_progress", [False, True])
@pytest.mark.parametrize(
    "options", [pytest.param({}, id="one-call"), pytest.param({"embed_batch_size": 2}, id="batches")]
)
def test_token_counting_counts_each_text_once(make_llama_index: Make, options: Any, show_progress: bool) -> None:
    counter = TokenCountingHandler(tokenizer=characters)
    model = make_llama_index(dimensions=8, callback_manager=CallbackManager([counter]), **options)
    model.get_text_embedding_batch(["a", "bb", "ccc"], show_progress=show_progress)
    asyncio.run(model.aget_text_embedding_batch(["a", "bb", "ccc"], show_progress=show_progress))
    model.get_query_embedding("dddd")
    assert counter.total_embedding_token_count == 6 + 6 + 4


def test_token_counting_through_an_index(make_llama_index: Make) -> None:
    counter = TokenCountingHandler(tokenizer=characters)
    callbacks = CallbackManager([counter])
    model = make_llama_index(dimensions=8, callback_manager=callbacks)
    index = VectorStoreIndex.from_documents([Document(text="bread")], embed_model=model, callback_manager=callbacks)
    assert counter.total_embedding_token_count == len("bread")
    index.as_retriever().retrieve("ice")
    assert counter.total_embedding_token_count == len("bread") + len("ice")


def test_token_counting_survives_images(make_llama_index: Make, pictures: Callable[[str], Path]) -> None:
    """Its chunks are texts: an image goes by its name."""
    counter = TokenCountingHandler(tokenizer=characters)
    model = make_llama_index(dimensions=8, callback_manager=CallbackManager([counter]))
    model.get_image_embedding(pictures("red"))
    model.get_content_embedding(["a red square", pictures("red")])
    assert counter.embedding_token_counts[0].prompt == str(pictures("red"))
