"""What a newcomer without a key is told, word for word, through every door: a sentence, and hardly a frame of ours."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_cli import Command
from gemini_embed import ConfigurationError, EdgeStore, Embedder, GeminiEmbeddingFunction, MultimodalIndex

TRY = "python -m gemini_embed_emulator PROGRAM.py (package gemini-embed-emulator), or gemini-embed ... --emulator"
NO_KEY = (
    "no API key: set GEMINI_API_KEY (https://aistudio.google.com/apikey) or GOOGLE_API_KEY, or pass api_key=; "
    f"Vertex AI takes project= instead; to try without a key: {TRY}"
)
NO_CREDENTIALS = (
    "no credentials for Vertex AI (Your default credentials were not found): run gcloud auth application-default "
    "login, set GOOGLE_APPLICATION_CREDENTIALS to the file of a service account, or pass credentials=; a key of the "
    f"Gemini Developer API goes into GEMINI_API_KEY, without project=; to try without either: {TRY}"
)
OURS = 3
"""Frames of ours that may stand in a traceback: the door, and where it waits."""


def langchain(**access: Any) -> Any:
    from langchain_gemini_embed import GeminiEmbeddings

    return GeminiEmbeddings(output_dimensionality=768, **access)


def llama_index(**access: Any) -> Any:
    from llama_index.embeddings.gemini_embed import GeminiEmbedding

    return GeminiEmbedding(dimensions=768, **access)


def core(**access: Any) -> Any:
    return Embedder(dimensions=768, **access)


def index(**access: Any) -> Any:
    return MultimodalIndex(core(**access), EdgeStore("index"))


def langchain_retriever(**access: Any) -> Any:
    from langchain_gemini_embed import GeminiMultimodalRetriever

    return GeminiMultimodalRetriever(index=index(**access))


def llama_index_retriever(**access: Any) -> Any:
    from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

    return GeminiMultimodalRetriever(index=index(**access))


def told(error: BaseException) -> tuple[str, list[str]]:
    """The words, and the frames of ours behind the first that is not."""
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None, "nothing of a library's is chained to it"
    frames = traceback.extract_tb(error.__traceback__)
    return str(error), [f"{Path(one.filename).name}: {one.name}" for one in frames if "/packages/" in one.filename]


DOORS = [core, langchain, llama_index, index, langchain_retriever, llama_index_retriever, GeminiEmbeddingFunction]


@pytest.mark.parametrize("make", DOORS)
def test_no_key_is_told_where_the_object_is_made(make: Callable[[], Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        make()
    words, frames = told(refused.value)
    assert (words, len(frames) <= OURS) == (NO_KEY, True), frames


CALLS = [
    pytest.param(core, lambda one: one.embed_query("x"), id="core"),
    pytest.param(core, lambda one: asyncio.run(one.aembed_query("x")), id="core-async"),
    pytest.param(langchain, lambda one: one.embed_documents(["x"]), id="langchain"),
    pytest.param(llama_index, lambda one: one.embedder.embed_query("x"), id="llama-index"),
    pytest.param(index, lambda one: one.add(["x"]), id="index"),
    pytest.param(index, lambda one: one.search("x"), id="search"),
    pytest.param(langchain_retriever, lambda one: one.invoke("x"), id="langchain-retriever"),
    pytest.param(llama_index_retriever, lambda one: one.retrieve("x"), id="llama-index-retriever"),
]


@pytest.fixture
def nobodys_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without credentials of Google's, and not one of Google's machines."""
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("nobodys_machine")
@pytest.mark.parametrize(("make", "call"), CALLS)
def test_no_credentials_are_told_by_the_first_call(make: Callable[..., Any], call: Callable[[Any], Any]) -> None:
    with pytest.raises(ConfigurationError) as refused:
        call(make(project="p"))
    words, frames = told(refused.value)
    assert (words, len(frames) <= OURS + 2) == (NO_CREDENTIALS, True), frames


@pytest.mark.usefixtures("nobodys_machine")
@pytest.mark.parametrize(
    ("environ", "words"),
    [
        pytest.param({}, "there is no key: set GEMINI_API_KEY (from https://aistudio.google.com/apikey), or for Vertex "
                     "AI GOOGLE_GENAI_USE_VERTEXAI=true and GOOGLE_CLOUD_PROJECT; or add --emulator to try everything "
                     "without one (its vectors are not the model's, and stay apart)", id="nothing"),
        pytest.param({"GOOGLE_CLOUD_PROJECT": "p"}, "there is no key: set GEMINI_API_KEY", id="a-project-alone"),
        pytest.param({"GOOGLE_GENAI_USE_VERTEXAI": "false"}, "there is no key: set GEMINI_API_KEY", id="vertex-off"),
        pytest.param({"GOOGLE_GENAI_USE_VERTEXAI": "1"}, "Vertex AI needs a project: pass project=, set GOOGLE_CLOUD_"
                     "PROJECT", id="vertex"),
        pytest.param({"GOOGLE_GENAI_USE_VERTEXAI": "1", "GOOGLE_CLOUD_PROJECT": "p"}, NO_CREDENTIALS, id="credentials"),
    ],
)  # fmt: skip
def test_the_command_tells_it_in_a_line(
    environ: dict[str, str], words: str, command: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And by the usage's exit code: nothing was asked of the service."""
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (home / "house-manual.pdf").unlink()
    ran = command("sync", "--yes")
    last = ran.err.splitlines()[-1]
    assert (ran.code, last.startswith(f"gemini-embed: {words}")) == (2, True), ran.err
