"""Descriptions and what is around them: spans, Vertex AI, both frameworks, failures, sentences that are made later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fix_describing import CHAT, asked
from fix_media import drawn, film
from fix_telemetry import Told
from gemini_embed import (
    ApiError,
    Audio,
    EdgeStore,
    Embedder,
    GeminiDescriber,
    MultimodalIndex,
    Video,
    Words,
    track_usage,
)
from gemini_embed_emulator import Emulator, Fault, tone_speech
from gemini_embed_emulator.vectors.audio import read_samples
from gemini_embed_emulator.vectors.tones import heard_text
from langchain_gemini_embed import GeminiMultimodalRetriever
from langchain_gemini_embed.documents import hit_of
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as LlamaRetriever

MakeEmbedder = Callable[..., Embedder]
Asked = Callable[[], list[Any]]
DESCRIBER = GeminiDescriber(model=CHAT)
LECTURE = "we begin with bees. the queen lives for five years. thank you all. "
QUEEN = "the queen lives for five years."


@cache
def _film() -> bytes:
    return film((drawn("red circle"), 9), sound=tone_speech(LECTURE))


@pytest.fixture
def lecture(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "lecture.mp4").write_bytes(_film())
    return folder


@pytest.fixture
def open_index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[Callable[..., MultimodalIndex]]:
    made: list[MultimodalIndex] = []

    def make(**options: Any) -> MultimodalIndex:
        store = EdgeStore(tmp_path / "index", lexical=True)
        made.append(MultimodalIndex(make_embedder(**{"dimensions": 128, **options}), store))
        return made[-1]

    yield make
    for index in made:
        index.close()


def said(index: MultimodalIndex) -> list[str]:
    batches = index.store.iterate(with_vectors=False)
    return sorted(record.page_content for batch in batches for record in batch.records if record.is_said)


SENTENCES = sorted(["we begin with bees.", QUEEN, "thank you all."])


def test_spans_and_usage(
    open_index: Callable[..., MultimodalIndex], lecture: Path, hearing: Asked, told: Told, emulator: Emulator
) -> None:
    """A span of the chat model's name for each question, with the tokens that the service counted."""
    index = open_index()
    with track_usage() as tracker:
        report = index.add(lecture, describe=DESCRIBER)
    (span,) = [one for one in told.spans if one.name == f"generate_content {CHAT}"]
    attributes = dict(span.attributes or {})
    usage = tracker.by_model[CHAT]
    assert attributes["gen_ai.operation.name"] == "generate_content"
    assert attributes["gen_ai.request.model"] == CHAT
    assert attributes["gen_ai.usage.input_tokens"] == usage.prompt_tokens
    assert usage.prompt_tokens
    assert usage.output_tokens
    assert report.usage.output_tokens == usage.output_tokens
    assert LECTURE[:12] not in str(attributes), "no words in a span"
    emulator.faults.push(Fault.status(404, "no such model"), action="generateContent")
    drawn("green circle").save(lecture / "sign.png")
    with pytest.raises(ApiError, match="no such model"):
        index.add(lecture / "sign.png", describe=DESCRIBER)
    failed = [one for one in told.spans if one.name == f"generate_content {CHAT}"][-1]
    assert dict(failed.attributes or {})["error.type"] == "404"


def test_on_vertex(
    open_index: Callable[..., MultimodalIndex],
    lecture: Path,
    hearing: Asked,
    emulator: Emulator,
    fake_credentials: Any,
) -> None:
    """The same under a project and its credentials."""
    index = open_index(vertexai=True, project="p", credentials=fake_credentials)
    report = index.add(lecture, describe=DESCRIBER)
    assert (report.skipped, report.undescribed) == ((), ())
    assert said(index) == SENTENCES
    (question,) = [one for one in emulator.requests if one.action == "generateContent"]
    assert question.path.endswith(f"/projects/p/locations/global/publishers/google/models/{CHAT}:generateContent")
    assert question.headers["authorization"].startswith("Bearer ")
    assert len(asked(emulator)) == 1


def test_both_frameworks(open_index: Callable[..., MultimodalIndex], lecture: Path, hearing: Asked) -> None:
    """What they add is described, a sentence is found by words and by meaning, and its clip plays it."""
    index = open_index()
    chain = GeminiMultimodalRetriever(index=index, k=1, filter={"modality": "text"})
    assert chain.index.sync(lecture, describe=DESCRIBER).added == 4
    llama = LlamaRetriever(index, similarity_top_k=1, filters={"modality": "text"})
    for lexical in (None, Words("queen", only=True)):
        (document,) = chain.invoke("how many years does the queen live?", lexical=lexical)
        (found,) = llama.with_options(lexical=lexical).retrieve("how many years does the queen live?")
        assert document.page_content == found.node.get_content() == QUEEN
        start_s = document.metadata["start_s"]
        assert start_s == found.node.metadata["start_s"] == pytest.approx(LECTURE.index(QUEEN) * 0.12, abs=0.2)
        clip = hit_of(document).clip()
        assert isinstance(clip, Audio | Video)
        assert "queen lives for five years" in heard_text(read_samples(clip.data or b"", 180))


def test_options_of_adding_go_through_frameworks(
    open_index: Callable[..., MultimodalIndex], lecture: Path, hearing: Asked
) -> None:
    from langchain_core.documents import Document
    from llama_index.core.schema import TextNode

    index = open_index()
    assert GeminiMultimodalRetriever(index=index).add_documents([Document("Rye.")], describe=DESCRIBER).added == 1
    assert LlamaRetriever(index).insert_nodes([TextNode(text="Spelt.")], describe=DESCRIBER).added == 1


def fails_to_read(path: Path) -> str:
    raise ValueError("y" * 10_000)


def test_a_failure_is_a_short_line(open_index: Callable[..., MultimodalIndex], lecture: Path) -> None:
    """Whatever the error holds: of a codec, the whole file."""

    def fails(window: Any) -> str:
        raise ValueError("no words", window.data, "x" * 10_000)

    index = open_index()
    (skipped,) = index.sync(lecture, describe=fails).skipped
    assert skipped.reason.startswith("describe= failed: ValueError")
    assert len(skipped.reason) < 400
    (lecture / "a.rst").write_text("words")
    (skipped,) = index.add(lecture / "a.rst", readers={".rst": fails_to_read}).skipped
    assert len(skipped.reason) < 900


def test_sentences_that_could_not_be_embedded_are_made_later(
    open_index: Callable[..., MultimodalIndex], lecture: Path, hearing: Asked, emulator: Emulator, tmp_path: Path
) -> None:
    """Their window waits with them: what is held would not be asked about again."""
    drawn("green circle").save(lecture / "sign.png")
    index = open_index(cache=tmp_path / "vectors.db")
    emulator.faults.rule = lambda request: Fault.status(403, "not now") if QUEEN.encode() in request.body else None
    with pytest.raises(ApiError, match="not now"):
        index.sync(lecture, describe=DESCRIBER)
    assert index.count({"modality": "video"}) == 0
    assert index.count({"modality": "image"}) == 1, "what has no part in it is in"
    questions = len(hearing())

    emulator.faults.clear()
    report = index.sync(lecture, describe=DESCRIBER)
    assert said(index) == SENTENCES
    assert index.count({"modality": "video"}) == 1
    assert len(hearing()) == questions, "what was answered is kept"
    assert report.skipped == ()
    assert index.sync(lecture, describe=DESCRIBER).added == 0
