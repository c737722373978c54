"""Recall and nDCG of searches, by the modality of questions and of what answers them; fusions side by side."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fusion
import numpy as np
import pytest
from fix_signs import Signs
from fusion import FEW, MANY, measured
from gemini_embed import ConfigurationError, Content, EdgeStore, Embedder, InputError, MultimodalIndex
from gemini_embed.evaluation import (
    FusionTable,
    Question,
    RelevanceTable,
    afusion_table,
    arelevance_table,
    fusion_table,
    mixed_modalities,
    relevance_table,
)
from gemini_embed.searching import Fusion
from gemini_embed_emulator import Emulator
from signs import SIGNS

BOTH: tuple[Fusion, ...] = ("above_chance", "rrf")
ROWS = np.load(Path(__file__).parents[2] / "examples" / "glosses.npy").astype(np.float32)


@pytest.fixture(scope="module")
def index(signs: Signs, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MultimodalIndex]:
    with (
        Emulator(modality_gap=1.0) as server,
        Embedder(dimensions=256, base_url=server.base_url, api_key="k") as embedder,
        MultimodalIndex(embedder, EdgeStore(tmp_path_factory.mktemp("signs") / "index", lexical=True)) as index,
    ):
        index.add(signs.folder)
        yield index


@pytest.fixture(scope="module")
def questions(signs: Signs, index: MultimodalIndex) -> list[Question]:
    """Each sign, asked for in two modalities; answers are sources, a page is a link."""
    asked: list[Question] = []
    for number, sign in enumerate(SIGNS):
        target = {m: str(signs.folder / signs.targets[sign.name, m].file) for m in ("text", "image", "pdf")}
        target["pdf"] += f"#page={number + 1}"
        links = [record.link() for batch in index.store.iterate(with_vectors=False) for record in batch.records]
        assert target["pdf"] in links
        asked += [Question(signs.asked[sign.name, m], {*target.values()}) for m in ("text", "image")]
    return asked


def test_by_modality_of_question_and_answer(index: MultimodalIndex, questions: list[Question]) -> None:
    table = relevance_table(index, questions, k=5)
    pairs = {(asked, target) for asked in ("text", "image") for target in ("text", "image", "pdf", "all")}
    assert {*table.recall} == {*table.ndcg} == pairs
    assert {*table.recall.values()} == {1.0}
    assert table.strangers == {"text": 2.0, "image": 2.0}, "a recording and a video"
    assert (table.k, table.questions, table.records) == (5, 12, 30)
    raw = relevance_table(index, questions, k=5, fusion="raw")
    assert raw.recall["text", "image"] == 0.0
    assert raw.ndcg["text", "all"] < table.ndcg["text", "all"]
    alone = relevance_table(index, questions, k=3, filter={"modality": ["text", "image", "pdf"]})
    assert alone.ndcg["text", "all"] == 1.0


def test_it_prints_and_shows(index: MultimodalIndex, questions: list[Question]) -> None:
    table = relevance_table(index, questions, k=5)
    lines = str(table).splitlines()
    assert lines[0].startswith("Recall@5 / nDCG@5 of 12 questions to 30 records")
    assert lines[2] == "| question | text | image | pdf | all | strangers |"
    assert lines[4].startswith("| text | 1.00 / ")
    assert "<th>question</th><th>text</th>" in table._repr_html_()
    both = fusion_table(index, questions, k=5, fusions=("rrf", "raw"))
    assert [line.split(" | ")[0] for line in str(both).splitlines()[4:]] == ["| rrf", "| raw"]
    assert both.tables["rrf"] == relevance_table(index, questions, k=5, fusion="rrf")
    assert "<td>raw</td>" in both._repr_html_()


def test_questions_are_embedded_once(index: MultimodalIndex, questions: list[Question]) -> None:
    def embedded() -> Any:
        return index.embedder.budget.spent_usd

    before = embedded()
    relevance_table(index, questions)
    once = embedded() - before
    fusion_table(index, questions)
    assert embedded() - before == pytest.approx(2 * once)
    asked = index.embedder.embed([Content.of(one.query) for one in questions], side="query").values
    before = embedded()
    vectors = [Question(row, one.relevant, "text") for row, one in zip(asked, questions, strict=True)]
    assert set(relevance_table(index, vectors).strangers) == {"text"}
    assert embedded() == before


def test_searches_by_words_too(index: MultimodalIndex, signs: Signs) -> None:
    """They are the question's own."""
    found = relevance_table(
        index,
        [Question(one.statement, [str(signs.folder / f"texts/{one.name}.md")]) for one in SIGNS],
        k=1,
        lexical=True,
    )
    assert found.recall == {("text", "text"): 1.0, ("text", "all"): 1.0}


def test_a_task_and_imagined_answers_are_those_of_a_search(
    index: MultimodalIndex, signs: Signs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A vector has neither words nor a task: they are told before it is made."""
    asked: list[str] = []

    def imagined(words: str) -> str:
        asked.append(words)
        return words

    sign = SIGNS[0]
    question = Question(signs.asked[sign.name, "text"], [str(signs.folder / signs.targets[sign.name, "image"].file)])
    relevance_table(index, [question], k=3, hypothetical=imagined)
    assert asked == [signs.asked[sign.name, "text"]]
    tasks: list[str | None] = []
    embed = index.embedder.embed

    def spied(*given: Any, **told: Any) -> Any:
        tasks.append(told["task"])
        return embed(*given, **told)

    monkeypatch.setattr(index.embedder, "embed", spied)
    relevance_table(index, [question], k=3, task="question_answering")
    assert tasks == ["question_answering"]
    with pytest.raises(ConfigurationError, match="documents of this index"):
        relevance_table(index, [question], k=3, task="clustering")
    with pytest.raises(InputError, match="fusions= names none"):
        fusion_table(index, [question], fusions=[])


async def test_async_doors(index: MultimodalIndex, questions: list[Question]) -> None:
    assert await arelevance_table(index, questions, k=5) == relevance_table(index, questions, k=5)
    tables: FusionTable = await afusion_table(index, questions, k=5, fusions=("raw",))
    assert isinstance(tables.tables["raw"], RelevanceTable)


@pytest.mark.parametrize(
    ("asked", "options", "said"),
    [
        pytest.param([], {}, "there is nothing to ask", id="no questions"),
        pytest.param([Question("a", ["nowhere.txt"])], {}, "has the name 'nowhere.txt'", id="an unknown name"),
        pytest.param([Question("a", [])], {}, "name something", id="nothing relevant"),
        pytest.param([Question("a", ["b"])], {"k": 0}, "k=0", id="no hits"),
    ],
)
def test_what_cannot_be_measured(
    asked: list[Question], options: dict[str, Any], said: str, index: MultimodalIndex
) -> None:
    before = index.embedder.budget.spent_usd
    with pytest.raises(InputError, match=said):
        relevance_table(index, asked, **options)
    assert index.embedder.budget.spent_usd == before


def test_mixed_modalities_lie_apart() -> None:
    mixed = mixed_modalities(ROWS, MANY, answers=("text", "image"), questions=30)
    assert [sum(one.modality == name for one in mixed.records) for name in MANY] == list(MANY.values())
    kinds = np.array([one.modality for one in mixed.records])
    texts = mixed.vectors[kinds == "text"]
    within, across = texts @ texts.T, texts @ mixed.vectors[kinds == "image"].T
    assert within.mean() > 0.5 > 0.2 > across.mean()
    assert [len(one.relevant) for one in mixed.questions] == [2] * 30
    again = mixed_modalities(ROWS, MANY, answers=("text", "image"), questions=30)
    assert np.array_equal(again.vectors, mixed.vectors), "by chance, but the same"


@pytest.mark.parametrize(
    ("counts", "answers", "said"),
    [
        pytest.param({"text": 9}, ("text",), "text has to answer 30 questions with 9 records", id="too few"),
        pytest.param({"text": 50}, ("image",), "image has to answer 30 questions with 0", id="a modality without any"),
        pytest.param({"text": 600}, ("text",), "600 vectors are needed beside a tenth", id="too many"),
    ],
)
def test_mixed_modalities_need_vectors(counts: dict[str, int], answers: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError, match=said):
        mixed_modalities(ROWS, counts, answers=answers, questions=30)


def test_the_default_lets_less_in_and_loses_nothing() -> None:
    """What docs/retrieval.md says, on real vectors of texts: more than half of the strangers go where they are few."""
    few = measured(FEW, ("text",), 50, fusions=BOTH).tables
    assert few["rrf"].strangers["text"] == 3.0
    assert few["above_chance"].strangers["text"] < 1.4
    assert few["above_chance"].recall["text", "text"] >= few["rrf"].recall["text", "text"]
    image = measured(MANY, ("image",), 50, fusions=BOTH).tables
    assert image["above_chance"].recall["text", "image"] >= image["rrf"].recall["text", "image"]
    assert image["above_chance"].ndcg["text", "image"] > image["rrf"].ndcg["text", "image"] + 0.2
    both = measured(MANY, ("text", "image"), 50, fusions=BOTH).tables
    for pair, share in both["rrf"].recall.items():
        assert both["above_chance"].recall[pair] >= share - 0.04
    assert both["above_chance"].strangers["text"] < both["rrf"].strangers["text"] - 0.5


def test_the_example_prints_every_fusion(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("fusion.CASES", [({"text": 60, "image": 20}, ("text", "image"), 5)])
    fusion.main()
    said = capsys.readouterr().out
    assert [line.split(" | ")[0] for line in said.splitlines() if line.startswith("| ")] == [
        "| fusion", "| ---:", "| above_chance", "| rrf", "| standardized", "| raw",
    ]  # fmt: skip
