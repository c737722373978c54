"""LlamaIndex's nodes and documents into an index and out again."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import InputError, MultimodalIndex, QdrantStore
from gemini_embed_emulator import Emulator
from llama_index.core.schema import (
    BaseNode,
    Document,
    ImageDocument,
    ImageNode,
    MediaResource,
    Node,
    NodeRelationship,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever
from llama_index.retrievers.gemini_embed.nodes import items_of

Make = Callable[..., GeminiEmbedding]


@pytest.fixture
def retriever(make_llama_index: Make) -> Any:
    index = MultimodalIndex(make_llama_index(dimensions=64).embedder, QdrantStore(":memory:"))
    yield GeminiMultimodalRetriever(index, similarity_top_k=2)
    index.close()


FROM_DOCUMENT = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="doc-1")}


@pytest.mark.parametrize(
    ("node", "source", "text"),
    [
        pytest.param(TextNode(text="a", id_="n"), "n", "a", id="its-own-id"),
        pytest.param(TextNode(text="a", relationships=FROM_DOCUMENT), "doc-1", "a", id="its-documents-id"),
        pytest.param(
            TextNode(text="a", metadata={"file_path": "a.md"}, relationships=FROM_DOCUMENT),
            "a.md",
            "file_path: a.md\n\na",
            id="the-readers-path",
        ),
        pytest.param(
            TextNode(
                text="a", metadata={"source": "s", "file_path": "a.md"}, excluded_embed_metadata_keys=["file_path"]
            ),
            "s",
            "source: s\n\na",
            id="a-source-of-its-own",
        ),
        pytest.param(Document(text="a", doc_id="d"), "d", "a", id="document"),
    ],
)
def test_what_becomes_of_a_text(node: BaseNode, source: str, text: str) -> None:
    (item,) = items_of([node])
    assert (item.content, item.source, item.page_content, item.metadata) == (text, source, "a", node.metadata)


def test_a_page_number_is_no_source(retriever: GeminiMultimodalRetriever) -> None:
    """Else the pages of one file would replace those of another."""
    for name in ("a.pdf", "b.pdf"):
        page = TextNode(text=f"a page of {name}", metadata={"source": "7", "file_path": name})
        assert retriever.insert_nodes([page]).replaced == 0
    found = retriever.retrieve("a page")
    assert {(one.metadata["source"], one.metadata["page_label"]) for one in found} == {("a.pdf", "7"), ("b.pdf", "7")}


def image_nodes(path: Path) -> list[Any]:
    data = base64.b64encode(path.read_bytes()).decode()
    return [
        ImageNode(image_path=str(path), text="a red square"),
        ImageNode(image=data, text="a red square"),
        ImageDocument(image_path=str(path), text="a red square"),
        ImageDocument(image=data, text="a red square"),
        Node(image_resource=MediaResource(path=path), text_resource=MediaResource(text="a red square")),
    ]


@pytest.mark.parametrize("which", range(5), ids=["path", "base64", "document", "document-base64", "resource"])
def test_an_image_is_found_by_its_looks(
    retriever: GeminiMultimodalRetriever, pictures: Callable[[str], Path], emulator: Emulator, which: int
) -> None:
    node = image_nodes(pictures("red"))[which]
    report = retriever.insert_nodes([node, ImageNode(image_path=str(pictures("blue")))])
    assert report.added == 2
    assert b"a red square" not in emulator.requests[0].body  # the caption is kept, not embedded

    best = retriever.retrieve("red")[0].node
    assert (best.get_content(), best.metadata["modality"]) == ("a red square", "image")


async def test_the_async_twin_embeds_only_what_is_new(retriever: GeminiMultimodalRetriever, emulator: Emulator) -> None:
    """A reader makes up new ids each time, and sets the path."""
    for _ in range(2):
        documents = [Document(text="Bread rises.", metadata={"file_path": "bread.md"})]
        report = await retriever.ainsert_nodes(documents)
    assert (report.added, report.reused, emulator.requests.items_billed) == (0, 1, 1)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        pytest.param("a text", "input 1: a str is no node", id="no-node"),
        pytest.param(TextNode(text=" ", metadata={"source": "s"}), "^input 1: ", id="nothing-but-metadata"),
        pytest.param(ImageNode(image="*"), "input 1: the image's base64 is damaged", id="damaged"),
    ],
)
def test_what_cannot_be_indexed_is_named(retriever: GeminiMultimodalRetriever, node: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        retriever.insert_nodes([TextNode(text="a"), node])


def test_a_damaged_node_is_skipped_on_request(retriever: GeminiMultimodalRetriever) -> None:
    damaged = ImageNode(image="*", metadata={"source": "cup.png"})
    report = retriever.insert_nodes([TextNode(text="a"), damaged, TextNode(text="b")], on_error="skip")
    assert report.added == 2
    assert [(one.position, one.source) for one in report.skipped] == [(1, "cup.png")]
    assert "the image's base64 is damaged" in report.skipped[0].reason
