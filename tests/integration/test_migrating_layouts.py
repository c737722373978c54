"""Collections as other libraries make them, embedded anew with equal texts and metadata.

LlamaIndex's Milvus store is in the second environment: `compat/test_migrating_llama_index.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fix_langchain import as_langchain
from fix_qdrant_server import QdrantServer
from fix_stores import CountingEmbedder
from gemini_embed import (
    ConfigurationError,
    EdgeStore,
    Embedder,
    FromMilvus,
    FromQdrant,
    Item,
    Migration,
    MultimodalIndex,
    QdrantStore,
    Record,
    StoreError,
)
from langchain_qdrant import QdrantVectorStore as LangChainQdrant
from llama_index.core.schema import ImageNode, NodeRelationship, RelatedNodeInfo, TextNode
from llama_index.vector_stores.qdrant import QdrantVectorStore as LlamaIndexQdrant
from PIL import Image as Pillow
from qdrant_client import QdrantClient, models

MakeEmbedder = Callable[..., Embedder]
TEXTS = ["bread rises because of yeast", "glaciers grind the valley", "tides follow the moon"]
METADATA: list[dict[str, Any]] = [
    {"source": f"{name}.md", "page": number, "tags": ["a", name], "deep": {"x": 1.5}}
    for number, name in enumerate(("bread", "ice", "sea"))
]
SIZE = models.VectorParams(size=32, distance=models.Distance.COSINE)


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture
def target(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "target")) as index:
        yield index


def held(index: MultimodalIndex) -> dict[str, Record]:
    return {record.id: record for batch in index.store.iterate(with_vectors=False) for record in batch.records}


def check_moved(
    migration: Migration, layout: str, ids: list[str] | None, told: list[dict[str, Any]] = METADATA
) -> dict[str, Record]:
    """Everything is there by its text, with all of its metadata, and the same ids where these can be kept."""
    report = migration.run(progress=False)
    assert (migration.layout, report.added, report.skipped) == (layout, len(TEXTS), ())
    records = held(migration.target)
    if ids is not None:
        assert {*records} == {*ids}
    by_text = {record.page_content: record for record in records.values()}
    assert {*by_text} == {*TEXTS}
    for text, metadata in zip(TEXTS, told, strict=True):
        assert {name: by_text[text].metadata.get(name) for name in metadata} == metadata
        assert migration.target.search(text, 1)[0].page_content == text
    again = migration.run(progress=False)
    assert (again.added, again.reused, again.removed) == (0, len(TEXTS), 0)
    assert migration.verify()
    return records


def test_langchain_qdrant(client: QdrantClient, counting_embedder: CountingEmbedder, target: MultimodalIndex) -> None:
    """A field beside text and metadata, which somebody added, is carried over."""
    client.create_collection("docs", SIZE)
    theirs = LangChainQdrant(client=client, collection_name="docs", embedding=as_langchain(counting_embedder))
    ids = [str(one) for one in theirs.add_texts(TEXTS, metadatas=METADATA)]
    client.set_payload("docs", {"tenant": "north", "page": 7}, points=[ids[0]])
    records = check_moved(Migration(FromQdrant(client, "docs"), target), "langchain", [str(UUID(one)) for one in ids])
    first = records[str(UUID(ids[0]))]
    assert first.metadata == {**METADATA[0], "tenant": "north", "payload.page": 7, "modality": "text"}


def test_langchain_qdrant_that_was_taken_over(
    client: QdrantClient, make_embedder: MakeEmbedder, counting_embedder: CountingEmbedder, target: MultimodalIndex
) -> None:
    """Their records keep their ids, which record managers hold, and no title is embedded; ours get new ones."""
    client.create_collection("docs", SIZE)
    theirs = LangChainQdrant(client=client, collection_name="docs", embedding=as_langchain(counting_embedder))
    ids = [
        str(UUID(str(one))) for one in theirs.add_texts(TEXTS, metadatas=[{**one, "title": "x"} for one in METADATA])
    ]
    mover = Migration(FromQdrant(client, "docs"), target)
    mover.run(progress=False)
    untouched = held(target), target.store.vectors(ids)
    target.delete(ids)
    store = QdrantStore(client=client, collection="docs", adopt=True)
    with MultimodalIndex(make_embedder(dimensions=32), store) as index:
        index.add([Item("thunder follows lightning", source="d.md")])
        (own,) = {*held(index)} - {*ids}
        migration = Migration(store, target)
        assert (migration.run(progress=False).added, migration.layout) == (4, "gemini-embed")
        moved = held(target)
        assert own not in moved
        assert {id_: moved[id_] for id_ in ids} == untouched[0]
        assert all((target.store.vectors(ids)[id_] == untouched[1][id_]).all() for id_ in ids)
        assert migration.verify()
        assert migration.run(progress=False).reused == 4
    with MultimodalIndex(target.embedder, EdgeStore(f"{target.store.path}-fresh")) as fresh:  # type: ignore[attr-defined]  # an EdgeStore
        fresh.add([Item("thunder follows lightning", source="d.md")])
        assert {*held(fresh)} == {*moved} - {*ids}


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
def test_llama_index_qdrant(
    client: QdrantClient, counting_embedder: CountingEmbedder, target: MultimodalIndex, tmp_path: Path
) -> None:
    """The document that a node is of stays its source; an image is embedded as one."""
    red = tmp_path / "red.png"
    Pillow.new("RGB", (8, 8), "red").save(red)
    theirs = LlamaIndexQdrant(collection_name="docs", client=client)
    of = {NodeRelationship.SOURCE: RelatedNodeInfo(node_id="book-1")}
    own = [{name: value for name, value in one.items() if name != "source"} for one in METADATA]
    nodes = [TextNode(text=text, metadata=one, relationships=of) for text, one in zip(TEXTS, own, strict=True)]
    image = ImageNode(image_path=str(red), image_mimetype="image/png", metadata={"page": 9})
    for node in (*nodes, image):
        node.embedding = counting_embedder.embed([node.get_content() or "red"]).tolist()[0]
    theirs.add([*nodes, image])
    migration = Migration(FromQdrant(client, "docs"), target)
    report = migration.run(progress=False)
    assert (migration.layout, report.added, report.skipped) == ("llama-index", 4, ())
    records = held(target)
    for node, metadata in zip(nodes, own, strict=True):
        record = records[node.node_id]
        assert (record.page_content, record.source) == (node.text, "book-1")
        assert {name: record.metadata[name] for name in metadata} == metadata
    moved = records[image.node_id]
    assert (moved.modality, moved.uri, moved.metadata["page"]) == ("image", str(red), 9)
    assert migration.verify()
    with MultimodalIndex(target.embedder, QdrantStore(client=client, collection="new")) as opens_there:
        Migration(FromQdrant(client, "docs"), opens_there).run(progress=False)
        again = {node.node_id: node for node in LlamaIndexQdrant(collection_name="new", client=client).get_nodes()}
        assert again[nodes[0].node_id].ref_doc_id == "book-1"
        assert again[nodes[0].node_id].get_content() == TEXTS[0]
        found = again[image.node_id]
        assert isinstance(found, ImageNode)
        assert found.image_path == str(red)


@pytest.mark.parametrize("auto_id", [False, True])
def test_langchain_milvus(
    auto_id: bool, counting_embedder: CountingEmbedder, target: MultimodalIndex, tmp_path: Path
) -> None:
    from langchain_milvus import Milvus

    pytest.importorskip("milvus_lite", exc_type=ImportError)
    place = str(tmp_path / "k.db")
    theirs = Milvus(
        embedding_function=as_langchain(counting_embedder),
        collection_name="docs",
        connection_args={"uri": place},
        auto_id=auto_id,
        index_params={"metric_type": "L2", "index_type": "FLAT"},
        enable_dynamic_field=not auto_id,  # else columns are declared from the first metadata, and lists cannot be
    )
    told = [{"source": one["source"], "page": one["page"]} for one in METADATA] if auto_id else METADATA
    kept = None if auto_id else ["one", "two", "three"]
    ids = [str(one) for one in theirs.add_texts(TEXTS, metadatas=told, ids=kept)]
    # Numbers are ids of points too; others are made new, since Edge takes UUIDs.
    check_moved(Migration(FromMilvus(place, "docs"), target), "langchain", ids if auto_id else None, told)


def test_anybodys_qdrant(client: QdrantClient, counting_embedder: CountingEmbedder, target: MultimodalIndex) -> None:
    """By the names of its fields; what cannot be found out is asked for."""
    client.create_collection("docs", {"dense": SIZE, "other": SIZE})
    vectors = counting_embedder.embed(TEXTS).tolist()
    client.upsert(
        "docs",
        [
            models.PointStruct(id=n, vector={"dense": vector}, payload={"body": text, "heading": text[:5], **metadata})
            for n, (vector, text, metadata) in enumerate(zip(vectors, TEXTS, METADATA, strict=True))
        ],
    )
    with pytest.raises(ConfigurationError, match="has the vectors 'dense', 'other', not ''"):
        Migration(FromQdrant(client, "docs"), target).run()
    source = FromQdrant(client, "docs", "dense")
    with pytest.raises(ConfigurationError, match=r"fields body, deep, heading, page, source, tags(.|\n)*text="):
        Migration(source, target).run()
    with pytest.raises(StoreError, match="no such collection"):
        Migration(FromQdrant(client, "dcos"), target).run()
    migration = Migration(source, target, text="body", title="heading", source_field="heading")
    report = migration.run(progress=False)
    assert report.added == 3
    assert {one.source for one in held(target).values()} == {text[:5] for text in TEXTS}
    assert {*held(target)} == {"0", "1", "2"}
    assert Migration(source, target, text="body", where=models.Filter(must=[])).run(progress=False).reused == 3


def test_anybodys_milvus(
    counting_embedder: CountingEmbedder, target: MultimodalIndex, qdrant_server: QdrantServer, tmp_path: Path
) -> None:
    """Indexes on its fields come along to a Qdrant server; elsewhere the report names them."""
    from pymilvus import DataType, MilvusClient

    pytest.importorskip("milvus_lite", exc_type=ImportError)
    place = str(tmp_path / "k.db")
    client = MilvusClient(place)
    schema = client.create_schema(auto_id=False, enable_dynamic_field=True)
    schema.add_field("number", DataType.INT64, is_primary=True)
    schema.add_field("body", DataType.VARCHAR, max_length=1000)
    schema.add_field("page", DataType.INT64)
    schema.add_field("source", DataType.VARCHAR, max_length=50)
    schema.add_field("tags", DataType.ARRAY, element_type=DataType.VARCHAR, max_capacity=4, max_length=50)
    schema.add_field("v", DataType.FLOAT_VECTOR, dim=32)
    indexes = client.prepare_index_params()
    indexes.add_index("v", index_type="FLAT", metric_type="IP")
    for field in ("page", "source", "body"):
        indexes.add_index(field, index_type="INVERTED")
    client.create_collection("docs", schema=schema, index_params=indexes)
    vectors = counting_embedder.embed(TEXTS).tolist()
    rows = [
        {"number": n, "body": text, "v": vector, **metadata}
        for n, (vector, text, metadata) in enumerate(zip(vectors, TEXTS, METADATA, strict=True))
    ]
    client.insert("docs", rows)
    with pytest.raises(ConfigurationError, match=r"Name the one that holds the text"):
        Migration(FromMilvus(place, "docs"), target).run()
    migration = Migration(FromMilvus(place, "docs"), target, text="body")
    check_moved(migration, "named fields", ["0", "1", "2"])
    report = migration.run(progress=False)
    assert report.unindexed == ("page",), "an EdgeStore has an index on sources, and on nothing of one's own"
    assert "indexes   none in the target on page: filters find the same" in str(report)
    with MultimodalIndex(target.embedder, QdrantStore(url=qdrant_server.url, collection="docs")) as served:
        assert Migration(FromMilvus(place, "docs"), served, text="body").run(progress=False).unindexed == ()
        kinds = qdrant_server.payload_schema["docs"]
        assert (kinds["metadata.page"], kinds["metadata.source"]) == ("integer", "keyword")
        assert not [field for field in kinds if "body" in field or "number" in field]
    client.close()
