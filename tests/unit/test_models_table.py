"""The table of models: names, overrides, and pairs it does not know."""

from datetime import date
from typing import Any

import pytest
from gemini_embed import ConfigurationError, Embedder, GeminiEmbedWarning
from gemini_embed.models import MODELS, ModelFacts, bare_name, facts_for

EVER_EXISTED = {
    ("gemini-embedding-2", "developer"),
    ("gemini-embedding-2-preview", "developer"),
    ("gemini-embedding-001", "developer"),
    ("gemini-embedding-exp-03-07", "developer"),
    ("text-embedding-004", "developer"),
    ("embedding-001", "developer"),
    ("gemini-embedding-2", "vertex"),
    ("gemini-embedding-2-preview", "vertex"),
    ("gemini-embedding-001", "vertex"),
    ("text-embedding-004", "vertex"),
    ("text-embedding-005", "vertex"),
    ("text-multilingual-embedding-002", "vertex"),
}


def test_every_pair_that_ever_existed_has_a_row() -> None:
    assert set(MODELS) >= EVER_EXISTED


@pytest.mark.parametrize("facts", MODELS.values(), ids=lambda f: f"{f.backend}-{f.name}")
def test_rows_agree_with_themselves(facts: ModelFacts) -> None:
    assert facts.source, "each fact has a source"
    assert facts.known
    assert facts.default_dimensions is not None
    assert facts.default_dimensions <= (facts.max_dimensions or 0)
    assert (facts.endpoint == "embedContent") <= (facts.max_batch_items == 1)
    assert (facts.conditioning == "prefix") == facts.name.startswith("gemini-embedding-2")
    assert facts.image_types >= {"image/png", "image/jpeg"}
    if facts.retired:
        assert facts.successor


NAMES = [
    pytest.param("gemini-embedding-2", id="bare"),
    pytest.param("models/gemini-embedding-2", id="models"),
    pytest.param("publishers/google/models/gemini-embedding-2", id="publishers"),
    pytest.param("projects/p/locations/l/publishers/google/models/gemini-embedding-2", id="full"),
    pytest.param(" gemini-embedding-2\n", id="spaces"),
]


@pytest.mark.parametrize("name", NAMES)
def test_names(name: str) -> None:
    assert bare_name(name) == "gemini-embedding-2"


@pytest.mark.parametrize(
    ("name", "backend", "endpoint", "conditioning", "items"),
    [
        pytest.param("gemini-embedding-9", "developer", "batchEmbedContents", "task_type", 100, id="new"),
        pytest.param("gemini-embedding-9", "vertex", "embedContent", "task_type", 1, id="new-on-vertex"),
        pytest.param("text-embedding-009", "vertex", "predict", "task_type", 1, id="text-on-vertex"),
        pytest.param("text-embedding-005", "developer", "batchEmbedContents", "task_type", 100, id="elsewhere"),
        pytest.param("gemini-embedding-exp-03-07", "vertex", "embedContent", "task_type", 1, id="never-on-vertex"),
    ],
)
def test_unknown_pairs_get_careful_facts(name: str, backend: Any, endpoint: str, conditioning: str, items: int) -> None:
    facts = facts_for(name, backend)
    assert not facts.known
    assert facts.retired is None
    assert (facts.endpoint, facts.conditioning, facts.max_batch_items) == (endpoint, conditioning, items)


def test_a_version_keeps_the_facts_of_its_model() -> None:
    facts = facts_for("publishers/google/models/text-embedding-005@001", "vertex")
    assert (facts.name, facts.known, facts.max_batch_items) == ("text-embedding-005@001", True, 250)


def test_a_pair_keeps_what_the_model_is_elsewhere() -> None:
    assert facts_for("text-embedding-005", "developer").max_dimensions == 768


def test_overrides() -> None:
    facts = facts_for("gemini-embedding-2", "developer", {"max_batch_items": 250, "max_tokens": None})
    assert (facts.max_batch_items, facts.max_tokens, facts.max_dimensions) == (250, None, 3072)
    assert MODELS["gemini-embedding-2", "developer"].max_batch_items == 100


def test_overrides_that_do_not_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"facts= names batch, tokens; a model's facts are backend, .*"):
        facts_for("gemini-embedding-2", "developer", {"tokens": 1, "batch": 2})


@pytest.mark.parametrize(
    ("today", "retired"), [(date(2026, 8, 9), False), (date(2026, 8, 10), True)], ids=["the-day-before", "on-the-day"]
)
def test_retirement(today: date, retired: bool) -> None:
    assert MODELS["gemini-embedding-2-preview", "developer"].is_retired(today) == retired


@pytest.mark.parametrize(
    ("name", "day", "successor"),
    [
        ("gemini-embedding-2-preview", "2026-08-10", "gemini-embedding-2"),
        ("gemini-embedding-exp-03-07", "2025-10-30", "gemini-embedding-001"),
        ("text-embedding-004", "2026-01-14", "gemini-embedding-2"),
        ("embedding-001", "2025-10-30", "gemini-embedding-2"),
    ],
)
def test_retired_models_warn_with_date_and_successor(name: str, day: str, successor: str) -> None:
    with pytest.warns(
        GeminiEmbedWarning, match=f"shut down on the Gemini Developer API on {day}; use {successor} "
    ) as w:
        Embedder(name, api_key="k")
    assert len(w) == 1
    assert w[0].filename == __file__
