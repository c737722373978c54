"""`GeminiEmbeddings` the way programs use it: threads, loops, pictures, errors, copies, workers."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from fix_langchain import png
from gemini_embed import AuthenticationError, ConfigurationError, Content, Image, InputError, RequestError
from gemini_embed_emulator import Emulator, Fault
from langchain_core.runnables import RunnableLambda
from langchain_gemini_embed import GeminiEmbeddings
from langchain_gemini_embed.blocks import ContentInput

Make = Callable[..., GeminiEmbeddings]


def test_one_object_serves_threads_and_loops(make_langchain: Make) -> None:
    model = make_langchain(dimensions=128)
    texts = [f"text {i}" for i in range(12)]
    expected = model.embed_documents(texts)

    async def gathered(text: str) -> list[float]:
        both = await asyncio.gather(model.aembed_documents([text]), model.aembed_query(text))
        return both[0][0]

    with ThreadPoolExecutor(6) as threads:
        in_threads = threads.map(lambda text: model.embed_documents([text])[0], texts)
        in_loops = threads.map(lambda text: asyncio.run(gathered(text)), texts)
        assert (list(in_threads), list(in_loops)) == (expected, expected)


async def test_a_sync_call_in_a_running_loop(make_langchain: Make) -> None:
    """As in a notebook."""
    model = make_langchain(dimensions=128)
    assert model.embed_query("yeast") == await model.aembed_query("yeast")


async def test_pictures_and_mixtures(make_langchain: Make, emulator: Emulator, tmp_path: Path) -> None:
    model = make_langchain(dimensions=128)
    path = tmp_path / "red.png"
    path.write_bytes(png("red"))
    contents: list[ContentInput] = [
        Image(path),
        "red",
        ["red", path],
        {"type": "text", "text": "red"},
        Content("red", title="Colours"),
    ]

    picture, text, both, block, titled = model.embed(contents)
    assert [picture, text, both, block, titled] == await model.aembed(contents)
    assert model.embed_image([str(path)]) == await model.aembed_image([str(path)]) == [picture]
    assert text == block == model.embed_documents(["red"])[0]
    assert titled == model.embed_documents(["red"], titles=["Colours"])[0]
    assert model.embed(["red"], side="query") == [model.embed_query("red")]
    assert np.dot(picture, both) > np.dot(picture, text)


def test_nothing_is_nothing(make_langchain: Make, emulator: Emulator) -> None:
    model = make_langchain()
    assert model.embed_documents([]) == model.embed([]) == model.embed_image([]) == []
    assert not emulator.requests


def test_errors_are_those_of_the_core(make_langchain: Make, emulator: Emulator) -> None:
    model = make_langchain()
    with pytest.raises(InputError) as empty:
        model.embed_documents(["yeast", ""])
    assert empty.value.position == 1
    with pytest.raises(InputError, match="must be http") as video:
        model.embed(["yeast", {"type": "video", "url": "/etc/v.mp4"}])
    assert video.value.position == 1
    with pytest.raises(AuthenticationError):
        make_langchain(api_key="invalid").embed_query("yeast")
    emulator.faults.push(Fault.status(400))
    with pytest.raises(RequestError):
        model.embed_query("yeast")


def test_a_copy_with_another_size_is_its_own_object(make_langchain: Make) -> None:
    model = make_langchain(dimensions=128, task="clustering")
    with (shorter := model.model_copy(update={"dimensions": 64})).embedder:
        assert len(shorter.embed_query("yeast")) == 64
        assert shorter.task_type == "clustering"
        model.embedder.close()
        assert len(shorter.embed_query("flour")) == 64


def test_in_another_process(make_langchain: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a worker gets is a working object, once the environment holds a key."""
    model = make_langchain(dimensions=128)
    expected = model.embed_query("yeast")
    monkeypatch.setenv("GOOGLE_API_KEY", "key-of-the-worker")
    again: GeminiEmbeddings = pickle.loads(pickle.dumps(model))  # noqa: S301 - our own
    with again.embedder:
        assert again.embed_query("yeast") == expected


async def test_in_a_chain(make_langchain: Make) -> None:
    model = make_langchain(dimensions=128)
    chain = RunnableLambda(model.embed_query, afunc=model.aembed_query) | len
    assert chain.invoke("yeast") == await chain.ainvoke("yeast") == 128


@pytest.mark.parametrize(
    "update", [{"wings": 2}, {"task": "poetry"}, {"client": object()}], ids=lambda u: next(iter(u))
)
def test_a_copy_is_checked_like_a_new_object(make_langchain: Make, update: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        make_langchain().model_copy(update=update)
