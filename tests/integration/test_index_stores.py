"""`MultimodalIndex` over every store, with an embedder that counts what it is asked."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_stores import CountingEmbedder
from gemini_embed import (
    ApiError,
    Completed,
    Content,
    FingerprintMismatchError,
    Image,
    InputError,
    Item,
    MultimodalIndex,
    Store,
    StoreError,
    Text,
)
from PIL import Image as Pillow


@pytest.fixture
def index(counting_embedder: CountingEmbedder, make_store: Callable[..., Store]) -> MultimodalIndex:
    return MultimodalIndex(counting_embedder, make_store())  # type: ignore[arg-type]  # a stand-in


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return picture(tmp_path / "red.png", "red")


def picture(path: Path, colour: str) -> Path:
    Pillow.new("RGB", (4, 4), colour).save(path)
    return path


def embedded(index: MultimodalIndex) -> int:
    return len(index.embedder.embedded)  # type: ignore[attr-defined]  # the stand-in's


def test_add_and_search_every_kind_of_item(index: MultimodalIndex, red: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.md"
    notes.write_text("# Notes\non cups", encoding="utf-8")
    blue = Pillow.new("RGB", (4, 4), "blue")
    report = index.add(
        [
            "a bare text",
            Text("a text part"),
            notes,
            red,
            Image(red.read_bytes()),
            blue,
            ["a cup", Image(red)],
            Item("with everything", source="s", metadata={"n": {"deep": 1}}, title="T", page_content="shown"),
        ]
    )
    assert (report.added, report.reused, report.replaced) == (8, 0, 0)
    assert report.tokens == embedded(index) == 7, "the image's bytes and its file are one content"
    assert index.count() == 8
    assert index.count({"modality": "image"}) == 3
    found = index.search(["a cup", Image(red)], 1)[0]
    assert (found.modality, found.source, found.page_content) == ("mixed", str(red), "a cup")
    note = index.search(Text("# Notes\non cups"), 1)[0]
    assert (note.source, note.metadata["mime_type"], note.page_content) == (
        str(notes),
        "text/markdown",
        "# Notes\non cups",
    )


def test_a_record_tells_where_it_came_from(index: MultimodalIndex, red: Path) -> None:
    index.add(
        [
            Item(
                Image(red), source="product 17", metadata={"price": 3, "day": date(2026, 1, 2), "at": red}, title="Cup"
            ),
            Item("x", metadata={"source": "given in metadata"}),
        ]
    )
    (image,) = (hit.record for hit in index.search("?", filter={"modality": "image"}))
    assert image.metadata == {
        "price": 3,
        "day": "2026-01-02",
        "at": str(red),
        "source": "product 17",
        "modality": "image",
        "mime_type": "image/png",
        "title": "Cup",
        "sha256": hashlib.sha256(red.read_bytes()).hexdigest(),
        "uri": str(red),
    }
    assert index.count({"source": "given in metadata"}) == 1


def test_adding_again_embeds_nothing(index: MultimodalIndex, red: Path) -> None:
    items = ["one", "two", red, Item("three", source="s")]
    index.add(items)
    before = embedded(index)
    report = index.add(items)
    assert (report.added, report.reused, report.replaced, report.tokens) == (0, 4, 0, 0)
    assert embedded(index) == before
    assert index.count() == 4


def test_the_same_thing_twice_in_one_call_is_embedded_once(index: MultimodalIndex) -> None:
    report = index.add(["same", "same", Item("same", source="elsewhere"), Item("same", title="titled")])
    assert (report.added, report.reused) == (3, 1)
    assert embedded(index) == 2, "a title changes the vector, a source does not"
    assert index.count({"source": "elsewhere"}) == 1


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_a_changed_source_is_replaced(index: MultimodalIndex, batch_size: int) -> None:
    index.add([Item("a1", source="a"), Item("a2", source="a"), Item("b", source="b")])
    report = index.add([Item("a2", source="a"), Item("c", source="c"), Item("a3", source="a")], batch_size=batch_size)
    assert (report.added, report.reused, report.replaced) == (2, 1, 1)
    contents = {hit.page_content for hit in index.search("?", 100)}
    assert contents == {"a2", "a3", "b", "c"}


def test_an_edited_file_is_replaced(index: MultimodalIndex, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("before", encoding="utf-8")
    index.add([file])
    file.write_text("after", encoding="utf-8")
    assert index.add([file]).replaced == 1
    assert [hit.page_content for hit in index.search("?")] == ["after"]


def test_new_metadata_arrives_without_embedding(index: MultimodalIndex) -> None:
    index.add([Item("x", source="s", metadata={"v": 1})])
    report = index.add([Item("x", source="s", metadata={"v": 2}, page_content="caption")])
    assert (report.added, report.reused, embedded(index)) == (0, 1, 1)
    (hit,) = index.search("x")
    assert (hit.metadata["v"], hit.page_content) == (2, "caption")


def test_old_records_stay_until_the_new_ones_are_in(index: MultimodalIndex) -> None:
    index.add([Item("old", source="s")])
    index.embedder.fail_at = (1, ApiError(503, "UNAVAILABLE", "no"))  # type: ignore[attr-defined]  # the stand-in's
    with pytest.raises(ApiError):
        index.add([Item("new", source="s")])
    assert [hit.page_content for hit in index.search("?")] == ["old"]
    assert index.add([Item("new", source="s")]).replaced == 1


def test_finished_batches_stay_when_a_later_one_fails(index: MultimodalIndex) -> None:
    error = ApiError(429, "RESOURCE_EXHAUSTED", "no more")
    error.positions = [1]
    error.completed = Completed([0], np.ones((1, 32), np.float32))
    index.embedder.fail_at = (2, error)  # type: ignore[attr-defined]  # the stand-in's
    items = [f"text {i}" for i in range(6)]
    with pytest.raises(ApiError) as caught:
        index.add(items, batch_size=2)
    assert index.count() == 5, "two batches, and what was finished of the third"
    assert list(caught.value.positions) == [5]
    assert caught.value.completed is not None
    assert list(caught.value.completed.positions) == [4]
    report = index.add(items, batch_size=2)
    assert (report.added, report.reused) == (1, 5)


WRONG_KEY: Any = {1: 2}


@pytest.mark.parametrize(
    ("make", "position", "words"),
    [
        pytest.param(lambda d: ["a", d / "nowhere.txt"], 1, "nowhere.txt", id="missing-file"),
        pytest.param(lambda d: ["a", "b", file(d / "a.pdf", b"%PDF-1.7 ...")], 2, "damaged or cut short", id="pdf"),
        pytest.param(lambda d: [file(d / "a.bin", b"\xff\xfe\x00")], 0, "nor text: it begins", id="binary"),
        pytest.param(lambda d: [file(d / "a.svg", b"<svg/>")], 0, "draws nothing", id="svg"),
        pytest.param(lambda d: ["a", file(d / "a.md", b" \n")], 1, "is empty", id="empty-file"),
        pytest.param(lambda d: ["a", 3], 1, "cannot embed a int", id="number"),
        pytest.param(lambda d: ["a", Item("b", metadata={"x": object()})], 1, "only JSON values", id="metadata"),
        pytest.param(lambda d: [Item("b", metadata={"x": float("nan")})], 0, "only JSON values", id="nan"),
        pytest.param(lambda d: [Item("b", metadata={"x": 2**63})], 0, "of 65 bits, stores keep 64", id="large"),
        pytest.param(lambda d: [Item("b", metadata={"x": [-(10**5000)]})], 0, "stores keep 64", id="huge"),
        pytest.param(lambda d: [Item("b", metadata=WRONG_KEY)], 0, "keys are strings", id="metadata-key"),
        pytest.param(lambda d: ["a", "\ud800"], 1, "lone surrogate", id="surrogate"),
    ],
)
def test_a_bad_item_is_named(
    index: MultimodalIndex, tmp_path: Path, make: Callable[[Path], list[Any]], position: int, words: str
) -> None:
    with pytest.raises(InputError, match=words) as caught:
        index.add(make(tmp_path))
    assert caught.value.position == position


@pytest.mark.parametrize("number", [-(2**63), 2**63 - 1])
def test_the_largest_whole_numbers_come_back(index: MultimodalIndex, number: int) -> None:
    index.add([Item("x", metadata={"n": number}), Item("y", metadata={"n": 0})])
    assert [batch.records[0].metadata["n"] for batch in index.store.iterate(filter={"n": number})] == [number]


def file(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_position_the_embedder_names_is_the_item_s(index: MultimodalIndex) -> None:
    index.add(["known"])
    index.embedder.fail_at = (2, InputError("too many images", position=1))  # type: ignore[attr-defined]  # stand-in's
    with pytest.raises(InputError, match=r"^input 5: too many images") as caught:
        index.add(["a", "b", "known", "c", "c", "d"], batch_size=3)
    assert caught.value.position == 5


@pytest.mark.parametrize("one", [Text("x"), b"x", Content("x"), Item("x")], ids=lambda x: type(x).__name__)
def test_a_single_item_is_not_a_list(index: MultimodalIndex, one: Any) -> None:
    with pytest.raises(InputError, match=r"\[x\] for a single one"):
        index.add(one)


def test_queries_are_queries_and_documents_documents(index: MultimodalIndex) -> None:
    index.add(["x"])
    index.search("x")
    sides = [side for side, _ in index.embedder.embedded]  # type: ignore[attr-defined]  # the stand-in's
    assert sides == ["document", "query"]


@pytest.mark.parametrize(
    "wrong", [pytest.param({"k": 0}, id="k"), pytest.param({"filter": {"page": {"ne": 1}}}, id="filter")]
)
def test_a_search_that_cannot_be_is_refused_before_it_is_paid(index: MultimodalIndex, wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        index.search("x", **wrong)
    assert embedded(index) == 0


def test_score_threshold(index: MultimodalIndex) -> None:
    index.add(["x", "y"])
    assert [hit.page_content for hit in index.search("x", score_threshold=0.999)] == ["x"]
    assert index.search("x", score_threshold=1.1) == []


def test_search_by_vector_embeds_nothing(index: MultimodalIndex) -> None:
    index.add(["x", "y"])
    vector = index.embedder.vector(Content("y")).tolist()  # type: ignore[attr-defined]  # the stand-in's
    before = embedded(index)
    assert [hit.page_content for hit in index.search_vector(vector, 1)] == ["y"]
    assert embedded(index) == before


@pytest.mark.parametrize(
    ("how", "left"),
    [
        pytest.param({"source": "a"}, {"z"}, id="source"),
        pytest.param({"source": Path("a")}, {"z"}, id="path"),
        pytest.param({"filter": {"n": {"gte": 2}}}, {"x"}, id="filter"),
        pytest.param({"ids": []}, {"x", "y", "z"}, id="no-ids"),
    ],
)
def test_delete(index: MultimodalIndex, how: dict[str, Any], left: set[str]) -> None:
    texts = {"x": "a", "y": "a", "z": "b"}
    index.add(Item(text, source=source, metadata={"n": n}) for n, (text, source) in enumerate(texts.items(), 1))
    assert index.delete(**how) == 3 - len(left)
    assert {hit.page_content for hit in index.search("?")} == left


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"source": "a", "filter": {"a": 1}}, id="two"),
        pytest.param({"filter": {}}, id="everything"),
        pytest.param({"ids": "abc"}, id="one-id"),
    ],
)
def test_delete_must_be_meant(index: MultimodalIndex, how: dict[str, Any]) -> None:
    index.add(["x"])
    with pytest.raises(InputError):
        index.delete(**how)
    assert index.count() == 1


def test_get(index: MultimodalIndex) -> None:
    index.add(["x", "y"])
    ids = [hit.record.id for hit in index.search("?")]
    assert [record.id for record in index.get(ids)] == ids
    with pytest.raises(InputError, match="list of ids"):
        index.get(ids[0])


def test_copy_moves_records_and_vectors(index: MultimodalIndex, make_store: Callable[..., Store]) -> None:
    index.add([f"text {i}" for i in range(300)])
    before = embedded(index)
    target = make_store("copy")
    assert index.copy_to(target) == 300
    copy = MultimodalIndex(index.embedder, target)
    assert [hit.page_content for hit in copy.search("text 7", 1)] == ["text 7"]
    assert embedded(index) == before + 1
    assert copy.add(["text 7"]).reused == 1
    with pytest.raises(InputError, match="its own store"):
        index.copy_to(index.store)


def test_another_embedder_is_refused_before_anything_is_embedded(index: MultimodalIndex) -> None:
    index.add(["x"])
    other = CountingEmbedder(model="another")
    with pytest.raises(FingerprintMismatchError, match="model 'stand-in' against 'another'"):
        MultimodalIndex(other, index.store).search("x")  # type: ignore[arg-type]  # a stand-in
    assert other.embedded == []


def test_closed(index: MultimodalIndex) -> None:
    with index:
        index.add(["x"])
    index.close()
    with pytest.raises(StoreError, match="this index is closed"):
        index.count()


def test_async_doors(index: MultimodalIndex, make_store: Callable[..., Store]) -> None:
    async def main() -> None:
        async with index:
            report = await index.aadd(["x", Item("y", source="s")])
            assert report.added == 2
            hit = (await index.asearch("x", 1, score_threshold=0.9))[0]
            assert await index.aget([hit.record.id]) == [hit.record]
            vector = index.embedder.vector(Content("y"))  # type: ignore[attr-defined]  # the stand-in's
            assert (await index.asearch_vector(vector, 1))[0].source == "s"
            assert await index.acopy_to(make_store("copy")) == 2
            assert await index.adelete(source="s") == 1
            assert await index.acount() == 1
            with pytest.raises(InputError, match="input 1"):
                await index.aadd(["z", 3])

    asyncio.run(main())
    with pytest.raises(StoreError, match="closed"):
        index.count()


def test_async_add_leaves_the_loop_free(index: MultimodalIndex) -> None:
    """Reading items blocks here until the loop has run something else."""
    loop_ran = threading.Event()

    def items() -> Iterator[str]:
        assert loop_ran.wait(30)
        yield "x"

    async def main() -> int:
        adding = asyncio.create_task(index.aadd(items()))
        await asyncio.sleep(0)
        loop_ran.set()
        return (await adding).added

    assert asyncio.run(main()) == 1


def test_hits_and_records_print_well(index: MultimodalIndex, red: Path) -> None:
    index.add([Item(Image(red), source="charts/red.png"), Item("some\n  words", source="a.md"), "bare"])
    image, words, bare = (
        index.search("?", filter={"source": source})[0]
        for source in ("charts/red.png", "a.md", f"sha256:{hashlib.sha256(b'bare').hexdigest()}")
    )
    assert str(image) == f"{image.score:.2f} image charts/red.png"
    assert repr(words) == f'<Hit {words.score:.2f} text a.md: "some words">'
    assert str(bare.record).startswith("text sha256:")
    assert len(str(bare.record)) < 40
