"""Where a subclass overrides a hook the framework's contract holds for it; where none is overridden ours stays fast."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from fix_subclasses import SHAPES, TEXTS, counting_batches, one_by_one, prefixing, texts
from gemini_embed import ConfigurationError
from gemini_embed_emulator import Emulator
from llama_index.core.storage.kvstore import SimpleKVStore
from llama_index.embeddings.gemini_embed import GeminiEmbedding

OPTIONS: dict[str, Any] = {"api_key": "k", "dimensions": 8, "embed_batch_size": 10}


class Counted(counting_batches(GeminiEmbedding)):  # type: ignore[misc]  # made in a function
    """One that can be pickled."""


@pytest.mark.parametrize(("make", "use", "log", "options"), SHAPES)
def test_a_subclass_sees_what_the_framework_promises(
    make: Any, use: Any, log: Any, options: Any, emulator: Emulator
) -> None:
    model = make(GeminiEmbedding)(**OPTIONS, **options, http_options={"base_url": emulator.base_url})
    vectors = use(model)
    assert sorted(model.log, key=str) == sorted(log, key=str)  # batches of an async call run together
    assert {len(vector) for vector in vectors} == {8}


def test_the_vectors_are_those_of_the_class_itself(emulator: Emulator) -> None:
    given = {**OPTIONS, "base_url": emulator.base_url}
    plain = GeminiEmbedding(**given)
    assert texts(one_by_one(GeminiEmbedding)(**given)) == texts(plain)
    prefixed = prefixing(GeminiEmbedding)(**given, prefix="")
    assert prefixed.get_query_embedding("q") == plain.get_query_embedding("q")


def test_without_an_override_all_texts_go_at_once(emulator: Emulator) -> None:
    """A subclass that only adds a field loses nothing: its requests are all under way together."""

    class Named(GeminiEmbedding):
        team: str = "search"

    model = Named(**OPTIONS, base_url=emulator.base_url, team="web")
    assert len(texts(model)) == len(TEXTS)
    assert model.team == "web"
    assert len(emulator.requests) == 3
    assert model._texts.in_batches is False


def test_what_subclasses_make_of_a_text_is_cached_apart(emulator: Emulator) -> None:
    given = {**OPTIONS, "base_url": emulator.base_url, "embeddings_cache": SimpleKVStore()}
    plain = GeminiEmbedding(**given).get_text_embedding("a")
    assert prefixing(GeminiEmbedding)(**given).get_text_embedding("a") != plain
    assert GeminiEmbedding(**given).get_text_embedding("a") == plain
    assert emulator.requests.items_billed == 2


def test_what_neither_takes_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="takes no wait"):
        prefixing(GeminiEmbedding)(**OPTIONS, wait=2)


def test_a_pickle_has_the_fields_of_a_subclass(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "k")
    model = Counted(**OPTIONS, base_url=emulator.base_url, log=["before"])
    loaded = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own bytes
    texts(loaded)
    assert loaded.log == ["before", 10, 10, 5]
