"""`GeminiMultimodalRetriever` used the way LangChain's users do, over an index of texts and pictures."""

from __future__ import annotations

import base64
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from fix_langchain import png
from gemini_embed import Image, InputError, MultimodalIndex
from gemini_embed_emulator import Emulator
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnablePassthrough
from langchain_core.tools import create_retriever_tool
from langchain_gemini_embed import GeminiMultimodalRetriever
from PIL import Image as Pillow
from pydantic import ValidationError

BLUE = base64.b64encode(png("blue")).decode()


@pytest.fixture
def retriever(langchain_index: MultimodalIndex) -> GeminiMultimodalRetriever:
    return GeminiMultimodalRetriever(index=langchain_index)


def sources(documents: list[Document]) -> list[str]:
    return [document.metadata["source"] for document in documents]


def test_documents_carry_metadata_score_and_id(retriever: GeminiMultimodalRetriever) -> None:
    first, second, *_ = retriever.invoke("why does the bread rise: yeast?")
    assert first.page_content == "Bread rises because of yeast."
    assert first.metadata["page"] == 3
    assert (first.metadata["source"], first.metadata["modality"]) == ("bread.md", "text")
    assert 1 >= first.metadata["score"] > second.metadata["score"]
    (record,) = retriever.index.get([first.id or ""])
    assert record.page_content == first.page_content


@pytest.mark.parametrize(
    ("query", "best"),
    [
        pytest.param("glaciers and valleys", "ice.md", id="text"),
        pytest.param({"type": "image", "base64": BLUE, "mime_type": "image/png"}, "blue.png", id="block"),
        pytest.param(
            [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{BLUE}"}}], "blue.png", id="list of one"
        ),
        pytest.param(Image(png("red")), "red.png", id="image of the core"),
        pytest.param(Pillow.open(BytesIO(png("red"))), "red.png", id="PIL image"),
        pytest.param(["red", Image(png("red"))], "red.png", id="text and image"),
        pytest.param(
            HumanMessage(["blue", {"type": "image", "base64": BLUE, "mime_type": "image/png"}]),
            "blue.png",
            id="message",
        ),
    ],
)
async def test_every_kind_of_query(retriever: GeminiMultimodalRetriever, query: Any, best: str) -> None:
    assert sources(retriever.invoke(query, k=1)) == [best]
    assert sources(await retriever.ainvoke(query, k=1)) == [best]


def test_a_list_is_one_query(retriever: GeminiMultimodalRetriever, emulator: Emulator) -> None:
    emulator.requests.clear()
    retriever.invoke(["like this", Image(png("red"))])
    (request,) = emulator.requests
    ((first, second),) = [one["content"]["parts"] for one in request.json["requests"]]
    assert first == {"text": "task: search result | query: like this"}
    assert list(second) == ["inlineData"]


async def test_limits_of_the_object_and_of_the_call(langchain_index: MultimodalIndex) -> None:
    pictures = GeminiMultimodalRetriever(index=langchain_index, k=2, filter={"modality": "image"})
    assert sorted(sources(pictures.invoke("red"))) == ["blue.png", "red.png"]
    assert len(await pictures.ainvoke("red", k=1)) == 1
    assert sources(pictures.invoke("bread", filter={"source": "bread.md"})) == ["bread.md"]
    assert sources(await pictures.ainvoke("bread", filter={"page": {"gte": 3}})) == ["bread.md"]

    close = GeminiMultimodalRetriever(index=langchain_index, score_threshold={"image": 0.999, "text": 0.999})
    assert sources(close.invoke(Image(png("red")))) == ["red.png"]
    assert len(close.invoke(Image(png("red")), score_threshold=None)) == 4
    assert len(close.invoke(Image(png("red")), score_threshold={"image": 0.999}, k=9)) == 4, "and three texts"


def test_a_block_that_cannot_be_embedded_keeps_the_core_error(retriever: GeminiMultimodalRetriever) -> None:
    with pytest.raises(InputError, match=r"^part 1: a block of type 'reasoning' .* holds nothing to embed"):
        retriever.invoke(["like this", {"type": "reasoning", "reasoning": "hm"}])


def test_unknown_arguments_are_refused(langchain_index: MultimodalIndex, retriever: GeminiMultimodalRetriever) -> None:
    with pytest.raises(ValidationError, match="top_k"):
        GeminiMultimodalRetriever(index=langchain_index, top_k=3)  # type: ignore[call-arg]  # the point
    with pytest.raises(TypeError, match="top_k"):
        retriever.invoke("red", top_k=3)


async def test_in_a_chain(retriever: GeminiMultimodalRetriever) -> None:
    """The usual retrieval chain, with a function in the model's place."""
    prompt = ChatPromptTemplate.from_template("{context} | {question}")
    answer = RunnableLambda(lambda prompted: prompted.to_messages()[0].content)
    context = retriever.bind(k=1) | (lambda documents: documents[0].page_content)
    chain: Any = {"context": context, "question": RunnablePassthrough()} | prompt | answer | StrOutputParser()

    said = "Bread rises because of yeast. | why does bread rise?"
    assert chain.invoke("why does bread rise?") == said
    assert await chain.ainvoke("why does bread rise?") == said
    assert len(retriever.batch(["red", "blue", "ice"])) == 3
    assert len(await retriever.abatch(["red", "blue"])) == 2


def test_k_is_configurable(retriever: GeminiMultimodalRetriever) -> None:
    configurable = retriever.configurable_fields(k=ConfigurableField(id="k"))
    assert len(configurable.invoke("red", config={"configurable": {"k": 2}})) == 2


def test_as_a_tool(retriever: GeminiMultimodalRetriever) -> None:
    tool = create_retriever_tool(retriever, "notes", "Searches the notes.")
    assert "Bread rises because of yeast." in tool.invoke({"query": "bread and yeast"})


def test_callbacks_and_traces_see_the_call(retriever: GeminiMultimodalRetriever) -> None:
    seen: list[Any] = []

    class Handler(BaseCallbackHandler):
        def on_retriever_start(self, serialized: Any, query: str, **kwargs: Any) -> None:
            seen.append((query, kwargs["metadata"]["ls_embedding_model"]))

        def on_retriever_end(self, documents: Any, **kwargs: Any) -> None:
            seen.append(len(documents))

    retriever.invoke("red", config={"callbacks": [Handler()]}, k=2)
    assert seen == [("red", "gemini-embedding-2"), 2]


def test_pictures_from_disk(retriever: GeminiMultimodalRetriever, tmp_path: Path) -> None:
    (tmp_path / "blue.png").write_bytes(png("blue"))
    assert sources(retriever.invoke(tmp_path / "blue.png", k=1)) == ["blue.png"]
