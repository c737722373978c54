"""`GeminiMultimodalRetriever` as LlamaIndex uses retrievers: bundles in, scored nodes out, filters, events, async."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gemini_embed import GeminiEmbedWarning, Hit, Hits, Image, InputError, Item, MultimodalIndex, QdrantStore, Record
from gemini_embed_emulator import Emulator
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import ImageNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.vector_stores import FilterCondition, FilterOperator, MetadataFilter, MetadataFilters
from llama_index.embeddings.gemini_embed import GeminiEmbedding
from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever

Pictures = Callable[[str], Path]


@pytest.fixture
def index(make_llama_index: Callable[..., GeminiEmbedding], pictures: Pictures) -> Iterator[MultimodalIndex]:
    """Texts, pictures and one of both."""
    with MultimodalIndex(make_llama_index(dimensions=768).embedder, QdrantStore(":memory:")) as index:
        index.add(
            [
                Item("Bread rises because of yeast.", source="bread", metadata={"page": 3, "tags": ["food", "how"]}),
                Item("Glaciers grind valleys.", source="ice", metadata={"page": 9, "on": "2026-05-01"}, title="Ice"),
                Item(Image(pictures("red")), source="red", metadata={"page": 5, "tags": ["food"]}),
                Item(Image(pictures("blue")), source="blue", page_content="a caption"),
                Item(["a green leaf", Image(pictures("green"))], source="leaf"),
            ]
        )
        yield index


def sources(nodes: list[NodeWithScore]) -> list[str]:
    return [node.metadata["source"] for node in nodes]


def test_text_finds_text_and_pictures_in_one_ranking(index: MultimodalIndex, emulator: Emulator) -> None:
    retriever = GeminiMultimodalRetriever(index, similarity_top_k=2)
    emulator.requests.clear()

    assert sources(retriever.retrieve("bread with yeast"))[0] == "bread"
    assert sources(retriever.retrieve("something red"))[0] == "red"
    nodes = retriever.retrieve(QueryBundle("glaciers"))
    assert sources(nodes)[0] == "ice"
    assert len(nodes) == 2
    assert [node.score for node in nodes] == sorted((node.get_score() for node in nodes), reverse=True)
    assert len(emulator.requests) == 3  # one embedding a query


@pytest.mark.parametrize(
    ("bundle", "parts", "found"),
    [
        pytest.param(lambda red: QueryBundle("", image_path=red), ["image"], "red", id="image"),
        pytest.param(
            lambda red: QueryBundle("this, but as a loaf of bread", image_path=red),
            ["task: search result | query: this, but as a loaf of bread", "image"],
            "red",
            id="text-and-image",
        ),
        pytest.param(
            lambda red: QueryBundle("What?", custom_embedding_strs=["glaciers"]),
            ["title: none | text: glaciers"],
            "ice",
            id="hypothetical-answer-alone",
        ),
    ],
)
async def test_what_a_bundle_asks(
    index: MultimodalIndex, emulator: Emulator, pictures: Pictures, bundle: Any, parts: list[str], found: str
) -> None:
    retriever, query = GeminiMultimodalRetriever(index), bundle(str(pictures("red")))
    emulator.requests.clear()
    nodes = retriever.retrieve(query)

    assert sources(nodes)[0] == found
    (request,) = emulator.requests
    (item,) = request.json["requests"]
    assert [part.get("text", "image") for part in item["content"]["parts"]] == parts
    assert await retriever.aretrieve(query) == nodes
    assert query.embedding is None  # the caller's bundle is left as it was


async def test_a_vector_that_came_along_is_used(index: MultimodalIndex, emulator: Emulator) -> None:
    retriever = GeminiMultimodalRetriever(index, similarity_top_k=1)
    bundle = QueryBundle("bread", embedding=index.embedder.embed_query("glaciers").vector.tolist())
    emulator.requests.clear()

    assert sources(retriever.retrieve(bundle)) == sources(await retriever.aretrieve(bundle)) == ["ice"]
    assert len(emulator.requests) == 0


async def test_an_empty_query_is_refused(index: MultimodalIndex) -> None:
    retriever = GeminiMultimodalRetriever(index)
    with pytest.raises(InputError, match="query_str, image_path, parts or embedding"):
        retriever.retrieve("")
    with pytest.raises(InputError, match="query_str, image_path, parts or embedding"):
        await retriever.aretrieve(QueryBundle(""))


def test_nodes(index: MultimodalIndex, pictures: Pictures) -> None:
    found = {node.metadata["source"]: node.node for node in GeminiMultimodalRetriever(index).retrieve("bread")}

    assert type(found["bread"]) is TextNode
    assert found["bread"].get_content() == "Bread rises because of yeast."
    assert found["bread"].metadata["page"] == 3
    assert found["bread"].ref_doc_id == "bread"
    assert found["ice"].metadata["title"] == "Ice"
    places = {source: node.image_path for source, node in found.items() if isinstance(node, ImageNode)}
    assert places == {name: str(pictures(colour)) for name, colour in
                      {"red": "red", "blue": "blue", "leaf": "green"}.items()}  # fmt: skip
    assert found["blue"].get_content() == "a caption"
    assert found["leaf"].get_content() == "a green leaf"
    assert "sha256" not in found["bread"].get_content(MetadataMode.LLM)


def test_an_image_of_a_url_keeps_it(index: MultimodalIndex) -> None:
    url = "https://example.com/a.png"
    record = Record("00000000-0000-0000-0000-000000000001", "", {"modality": "image", "uri": url, "source": url})

    class OneHit(MultimodalIndex):
        def search(self, *args: Any, **kwargs: Any) -> Hits:
            return Hits([Hit(record, 0.5)])

    (node,) = GeminiMultimodalRetriever(OneHit(index.embedder, index.store)).retrieve("a picture")
    assert isinstance(node.node, ImageNode)
    assert (node.node.image_url, node.node.image_path, node.score) == (url, None, 0.5)


def one(key: str, operator: FilterOperator, value: Any) -> MetadataFilters:
    return MetadataFilters(filters=[MetadataFilter(key=key, operator=operator, value=value)])


def many(condition: FilterCondition, *filters: Any) -> MetadataFilters:
    return MetadataFilters(filters=list(filters), condition=condition)


PAGE_3 = MetadataFilter(key="page", value=3)
PAGE_9 = MetadataFilter(key="page", value=9)
O = FilterOperator  # noqa: E741 - short in the table

FILTERS = [
    pytest.param(one("source", O.EQ, "red"), "red", id="eq"),
    pytest.param(one("modality", O.NE, "text"), "red blue leaf", id="ne"),
    pytest.param(one("page", O.GT, 3), "ice red", id="gt"),
    pytest.param(one("page", O.GTE, 3), "bread ice red", id="gte"),
    pytest.param(one("page", O.LT, 9), "bread red", id="lt"),
    pytest.param(one("page", O.LTE, 9), "bread ice red", id="lte"),
    pytest.param(one("on", O.GTE, "2026-01-01"), "ice", id="gte-date"),
    pytest.param(one("on", O.LT, "2026-01-01"), "", id="lt-date"),
    pytest.param(one("source", O.IN, ["red", "ice"]), "ice red", id="in"),
    pytest.param(one("source", O.NIN, ["red", "ice"]), "bread blue leaf", id="nin"),
    pytest.param(one("tags", O.ANY, ["how", "why"]), "bread", id="any"),
    pytest.param(one("tags", O.ALL, ["food", "how"]), "bread", id="all"),
    pytest.param(one("tags", O.CONTAINS, "food"), "bread red", id="contains"),
    pytest.param(one("page", O.IS_EMPTY, None), "blue leaf", id="is-empty"),
    pytest.param(many(FilterCondition.OR, PAGE_3, PAGE_9), "bread ice", id="or"),
    pytest.param(many(FilterCondition.AND, PAGE_3, PAGE_9), "", id="and"),
    pytest.param(many(FilterCondition.NOT, PAGE_3, PAGE_9), "red blue leaf", id="none-of"),
    pytest.param(
        many(FilterCondition.OR, PAGE_3, many(FilterCondition.AND, PAGE_9, one("source", O.EQ, "ice"))),
        "bread ice",
        id="nested",
    ),
    pytest.param(many(FilterCondition.AND), "bread ice red blue leaf", id="empty"),
    pytest.param({"modality": "image"}, "red blue", id="neutral-form"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
async def test_filters(index: MultimodalIndex, filters: Any, expected: str) -> None:
    retriever = GeminiMultimodalRetriever(index, filters=filters)
    assert sorted(sources(retriever.retrieve("bread"))) == sorted(expected.split())
    assert sorted(sources(await retriever.aretrieve("bread"))) == sorted(expected.split())


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        pytest.param(one("a", O.TEXT_MATCH, "x"), "filter on 'a': text_match has no neutral form", id="text_match"),
        pytest.param(one("a", O.GT, "x"), "a range is over numbers or ISO dates, not 'x'", id="text-range"),
    ],
)
def test_filters_without_a_neutral_form(index: MultimodalIndex, filters: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        GeminiMultimodalRetriever(index, filters=filters).retrieve("bread")


def test_a_score_threshold(index: MultimodalIndex) -> None:
    texts = GeminiMultimodalRetriever(index, filters={"modality": "text"}).retrieve("bread")
    limits = {"text": texts[0].get_score() - 1e-6, "image": 2.0, "mixed": 2.0}
    assert GeminiMultimodalRetriever(index, score_threshold=limits).retrieve("bread") == texts[:1]
    with pytest.warns(GeminiEmbedWarning, match="cannot be compared"):
        GeminiMultimodalRetriever(index, score_threshold=limits["text"]).retrieve("bread")


def test_callbacks_and_a_query_engine(index: MultimodalIndex) -> None:
    handler = LlamaDebugHandler(print_trace_on_end=False)
    retriever = GeminiMultimodalRetriever(
        index, similarity_top_k=1, filters={"modality": "text"}, callback_manager=CallbackManager([handler])
    )
    engine = RetrieverQueryEngine.from_args(retriever, llm=MockLLM())
    response = engine.query("bread with yeast")

    assert sources(response.source_nodes) == ["bread"]
    assert "Bread rises because of yeast." in str(response)
    ((start, end),) = handler.get_event_pairs(CBEventType.RETRIEVE)
    assert (start.payload or {})["query_str"] == "bread with yeast"
    assert sources((end.payload or {})["nodes"]) == ["bread"]
