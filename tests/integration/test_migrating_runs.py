"""A migration from its estimate to its end: what it moves, what it leaves out, and what it never pays twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from fix_documents import SVG, mail, page
from fix_emulator import KEY, QUICK
from fix_media import pdf, png, wav
from fix_qdrant_server import QdrantServer
from fix_signs import Signs
from gemini_embed import (
    ConfigurationError,
    Cutting,
    EdgeStore,
    Embedder,
    FingerprintMismatchError,
    Image,
    Item,
    Migration,
    MilvusStore,
    MultimodalIndex,
    QdrantStore,
    Record,
    StoreError,
    Text,
)
from gemini_embed_emulator import Emulator, Fault, ReceivedRequest
from qdrant_client import QdrantClient, models

MakeEmbedder = Callable[..., Embedder]


@pytest.fixture
def old(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "docs_v1")) as index:
        yield index


@pytest.fixture
def new(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "docs_v2")) as index:
        yield index


def held(index: MultimodalIndex) -> dict[str, Record]:
    return {record.id: record for batch in index.store.iterate(with_vectors=False) for record in batch.records}


def texts(count: int) -> list[Item]:
    words = ("bread", "glacier", "tide", "moss", "copper", "violin", "ledger", "harbour", "thunder", "saffron")
    return [
        Item(f"{words[n % 10]} of number {n} beside {words[n // 10 % 10]}", source=f"{n % 7}.md", title=f"note {n}")
        for n in range(count)
    ]


@pytest.mark.slow
def test_all_modalities_become_what_adding_their_files_makes(
    signs: Signs, old: MultimodalIndex, new: MultimodalIndex, make_embedder: MakeEmbedder, tmp_path: Path
) -> None:
    """The same ids, records and vectors; so the folder is known to the new index afterwards."""
    old.add(signs.folder, progress=False)
    migration = Migration(old.store, new)
    estimate = migration.estimate()
    assert (estimate.records, estimate.left_out, estimate.embedded.items > 0) == (old.count(), {}, True)
    report = migration.run(progress=False)
    assert (report.records, report.added, report.skipped) == (old.count(), old.count(), ())
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "fresh")) as fresh:
        fresh.add(signs.folder, progress=False)
        assert held(new) == held(fresh)
        ids = [*held(new)]
        mine, theirs = new.store.vectors(ids), fresh.store.vectors(ids)
        assert [id_ for id_ in ids if not np.allclose(mine[id_], theirs[id_], atol=1e-6)] == []
    assert new.add(signs.folder, progress=False).added == 0
    found = migration.verify(["anything"])
    assert found.passed, str(found)
    assert found.source == found.target
    assert found.sources[0] == found.sources[1]
    assert "passed" in str(found)


def test_pictures_in_documents_are_read_out_of_them_again(
    old: MultimodalIndex, new: MultimodalIndex, make_embedder: MakeEmbedder, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, data in (("mill.html", page().encode()), ("roof.eml", mail()), ("garden.svg", SVG.encode())):
        (folder / name).write_bytes(data)
    old.add(folder)
    migration = Migration(old.store, new)
    assert migration.estimate().left_out == {}
    report = migration.run(progress=False)
    assert (report.added, report.left_out) == (old.count(), {})
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "fresh")) as fresh:
        fresh.add(folder)
        assert held(new) == held(fresh)
        pictures = [id_ for id_, one in held(new).items() if one.modality == "image"]
        mine, theirs = new.store.vectors(pictures), fresh.store.vectors(pictures)
    assert len(pictures) == 3
    assert all(np.allclose(mine[id_], theirs[id_], atol=1e-6) for id_ in pictures)


def test_a_picture_that_its_document_has_no_more(old: MultimodalIndex, new: MultimodalIndex, tmp_path: Path) -> None:
    path = tmp_path / "mill.html"
    path.write_text(page())
    old.add(path)
    path.write_text("<p>only words now</p>")
    assert Migration(old.store, new).run(progress=False).left_out == {"changed": 1}


def test_again_until_it_adds_nothing(old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator) -> None:
    """What the source gets, changes and loses; and what others add to the target stays."""
    old.add(texts(40))
    old.add([Item("short lived", source="gone.md")])
    migration = Migration(old.store, new)
    assert migration.run(batch_size=7).added == 41
    billed = emulator.requests.items_billed
    old.add([Item("late", source="late.md")])
    old.delete(source="gone.md")
    new.add([Item("only here", source="new.md")])
    report = migration.run()
    assert (report.added, report.reused, report.removed) == (1, 40, 2)
    assert emulator.requests.items_billed == billed + 3  # late and only here, and late once more
    assert {one.source for one in held(new).values()} == {one.source for one in held(old).values()}
    assert asyncio.run(migration.arun()).added == 0
    assert (str(report).splitlines()[0], "1 added" in repr(report)) == (
        "source    41 records, layout gemini-embed",
        True,
    )
    old.delete(source="late.md")
    old.delete(filter={"modality": "text"})
    assert (migration.run().removed, new.count()) == (0, 41), "an empty source is an accident"


def test_what_cannot_be_embedded_anew(old: MultimodalIndex, new: MultimodalIndex, tmp_path: Path) -> None:
    """Is left out, counted by its reason, and named; or its text is embedded instead."""
    for name, data in (("gone.png", png(8, 8)), ("new.png", png(9, 9)), ("stays.png", png(7, 7))):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "pages.pdf").write_bytes(pdf("page one says yeast", "page two says flour"))
    (tmp_path / "talk.wav").write_bytes(wav((440, 1.0), (880, 1.0)))
    old.add(
        [
            *(
                Item(tmp_path / name, page_content=f"caption of {name}")
                for name in ("gone.png", "new.png", "stays.png")
            ),
            tmp_path / "pages.pdf",
            Item([Text("beside"), Image(tmp_path / "stays.png")], source="both"),
            Item(Image(png(5, 5)), source="memory"),
        ]
    )
    old.add(tmp_path / "talk.wav", cutting=Cutting(audio_s=1.0), progress=False)
    old.store.update([Record(one.id, "", one.metadata) for one in held(old).values() if one.source == "both"])
    (tmp_path / "gone.png").unlink()
    (tmp_path / "new.png").write_bytes(png(6, 6))
    migration = Migration(old.store, new)
    why = {"gone": 1, "changed": 1, "mixed": 1, "from memory": 1}
    assert migration.estimate().left_out == why
    report = migration.run(progress=False)
    assert (report.added, report.left_out, len(report.skipped)) == (5, why, 4)
    assert any("gone.png" in one.reason for one in report.skipped)
    found = migration.verify()
    assert (found.passed, found.left_out) == (True, why)
    assert Migration(old.store, new).verify().left_out == why, "in another process too"
    captions = Migration(old.store, new, on_missing="text").run(progress=False)
    assert (captions.added, captions.captioned, captions.left_out) == (2, 2, {"mixed": 1, "from memory": 1})
    with pytest.raises(Exception, match=r"bytes came from memory|interleaved parts"):
        Migration(old.store, new).run(on_error="raise")


def test_a_text_that_its_store_has_cut(make_embedder: MakeEmbedder, new: MultimodalIndex, tmp_path: Path) -> None:
    """Comes from its file, whole, where that still says the same."""
    pytest.importorskip("milvus_lite", exc_type=ImportError)
    file = tmp_path / "long.md"
    file.write_text("before " + (text := "word " * 20_000))
    told = {"modality": "text", "uri": str(file), "char_start": 7, "sha256": sha256(text.encode()).hexdigest()}
    with MultimodalIndex(make_embedder(dimensions=64), MilvusStore(tmp_path / "k.db", collection="docs")) as old:
        old.add([Item("short", source="s")])
        there = Record("there", text, told)
        changed = Record("changed", text, {**told, "sha256": "of another"})
        nowhere = Record("nowhere", text, {"modality": "text"})
        old.store.upsert([there, changed, nowhere], np.ones((3, 64), np.float32))
        with pytest.warns(UserWarning, match="more than the model reads|tokens"):
            report = Migration(old.store, new).run(progress=False)
        assert (report.added, report.left_out) == (2, {"text cut": 2})
        assert {one.page_content for one in held(new).values()} == {"short", text}
        assert "holds another one now" in " ".join(one.reason for one in report.skipped)


def test_a_second_try_after_a_failure_pays_for_the_rest_only(
    old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator
) -> None:
    old.add(texts(60))
    before = emulator.requests.items_billed
    migration = Migration(old.store, new)
    with pytest.raises(Exception, match="max_cost_usd"):
        migration.run(batch_size=10, max_cost_usd=0.00004)
    there = new.count()
    assert emulator.requests.items_billed - before == there
    assert 0 <= there < 60
    assert migration.run(batch_size=10).added == 60 - there
    assert emulator.requests.items_billed - before == 60


def test_what_the_service_refuses(old: MultimodalIndex, new: MultimodalIndex, emulator: Emulator) -> None:
    """Is named, and no reason to fail for all others; it is tried again the next time."""
    old.add(texts(9))
    guilty = held(old)[[*held(old)][3]].page_content

    def rule(request: ReceivedRequest) -> Fault | None:
        return Fault.status(400, "* content: not allowed") if guilty.encode() in request.body else None

    emulator.faults.rule = rule
    migration = Migration(old.store, new)
    report = migration.run()
    assert (report.added, report.left_out) == (8, {"refused": 1})
    assert "not allowed" in report.skipped[0].reason
    emulator.faults.rule = None
    found = migration.verify()
    assert (found.passed, found.left_out) == (True, {"refused": 1})
    assert (migration.run().added, migration.verify().left_out) == (1, {})


def test_records_planted_wrong_are_found(make_embedder: MakeEmbedder, tmp_path: Path) -> None:
    """Missing ones, other texts, metadata, vectors of nothing, and vectors of other texts."""
    client = QdrantClient(":memory:")
    with (
        MultimodalIndex(make_embedder(dimensions=64), QdrantStore(client=client, collection="a")) as old,
        MultimodalIndex(make_embedder(dimensions=128), QdrantStore(client=client, collection="b")) as new,
    ):
        old.add(texts(200))
        migration = Migration(old.store, new)
        migration.run()
        assert migration.verify(sample=None).passed
        ids = sorted(held(new))
        vectors = new.store.vectors(ids)
        new.delete(ids[:5])
        changed = [Record(id_, "another text", held(new)[id_].metadata) for id_ in ids[5:8]]
        changed += [Record(id_, held(new)[id_].page_content, {"source": "x"}) for id_ in ids[8:10]]
        new.store.update(changed)
        client.update_vectors("b", [models.PointVectors(id=id_, vector=[0.0] * 128) for id_ in ids[10:15]])
        away = -np.mean([vectors[id_] for id_ in ids], axis=0)
        client.update_vectors("b", [models.PointVectors(id=id_, vector=away.tolist()) for id_ in ids[15:20]])
        found = migration.verify(sample=None)
        assert ({*found.missing}, {*found.different}) == ({*ids[:5]}, {*ids[5:10]})
        assert ({*found.damaged}, {*ids[15:20]} <= {*found.suspects}) == ({*ids[10:15]}, True)
        assert not found.passed
        assert "of the sample, more than max_suspects=0.01" in str(found)
        with pytest.raises(StoreError, match="no verify"):
            migration.switch("live")
    client.close()


def test_switch_back_and_finish(qdrant_server: QdrantServer, make_embedder: MakeEmbedder, emulator: Emulator) -> None:
    """The alias is made where there is none; payload indexes come along; the old one goes when nothing leads to it."""

    def place(name: str) -> QdrantStore:
        return QdrantStore(url=qdrant_server.url, collection=name)

    with (
        MultimodalIndex(make_embedder("gemini-embedding-001", dimensions=64), place("docs_v1")) as old,
        MultimodalIndex(make_embedder(dimensions=64), place("docs_v2")) as new,
    ):
        old.add(texts(12))
        qdrant_server.payload_schema["docs_v1"] = {"metadata.lang": "keyword", "year": "integer"}
        migration = Migration(old.store, new)
        migration.run()
        assert (
            qdrant_server.payload_schema["docs_v2"].items()
            >= {
                "metadata.lang": "keyword",
                "metadata.year": "integer",
            }.items()
        )
        with pytest.raises(StoreError, match=r"no verify\(\) has passed since the last run"):
            migration.switch("live")
        assert migration.verify()
        with pytest.raises(StoreError, match="leads to None, not to 'docs_v0'"):
            migration.switch("live", expect="docs_v0")
        with pytest.raises(StoreError, match=r"'docs_v1' is a collection itself(.|\n)*Point another name at it"):
            migration.switch("docs_v1")
        with pytest.raises(StoreError, match="no alias leads to 'docs_v2'"):
            migration.finish()
        old_store = place("any")
        old_store.point_alias("live", "docs_v1")
        connection = {"base_url": emulator.base_url, "api_key": KEY, "retry": QUICK, "verify": False}
        with MultimodalIndex.following(place("live"), **connection) as readers:
            assert readers.embedder.model == "gemini-embedding-001"
            migration.switch("live", expect="docs_v1")
            assert readers.followed.look()  # type: ignore[attr-defined]  # 30 s later
            assert readers.embedder.model == "gemini-embedding-2"
            migration.back("live")
            assert old_store.aliases() == {"live": "docs_v1"}
            with pytest.raises(StoreError, match="'live' still leads to 'docs_v1'"):
                migration.finish()
            migration.switch("live")
            migration.finish()
            assert len(readers.search("bread", 3)) == 3
        assert old_store.made_with() is None
        assert old_store.aliases() == {"live": "docs_v2"}


def test_of_a_folder(old: MultimodalIndex, new: MultimodalIndex, tmp_path: Path) -> None:
    """An `EdgeStore` has a file that points to its folder; the old folder goes at the end."""
    old.add(texts(5))
    migration = Migration(old.store, new)
    migration.run()
    assert asyncio.run(migration.averify(sample=2)).passed
    migration.switch("docs")
    assert MultimodalIndex(new.embedder, EdgeStore(tmp_path / "docs")).store.leads_to() == "docs_v2"  # type: ignore[attr-defined]  # an EdgeStore
    migration.finish()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["docs", "docs_v2"]


def test_mirroring(old: MultimodalIndex, new: MultimodalIndex) -> None:
    """Writers write to both while records are moved, and nothing is lost or left over."""
    old.add(texts(20))
    migration = Migration(old.store, new)
    with migration.mirroring(old) as index:
        assert index.add([Item("mirrored", source="m.md")]).added == 1
        assert (old.count(), new.count()) == (21, 1)
        assert migration.run().added == 20
        doomed = next(iter(held(old)))
        assert index.delete([doomed]) == 1
        assert index.delete(source="m.md") == 1
        assert asyncio.run(index.aadd(Item(f"late {n}", source="late.md") for n in range(3))).added == 3
        assert (index.count(), new.count()) == (22, 22)
    assert (migration.run().added, migration.verify().passed) == (0, True)


def test_targets_and_sources_that_cannot_be(
    old: MultimodalIndex, new: MultimodalIndex, make_embedder: MakeEmbedder, tmp_path: Path
) -> None:
    old.add(texts(2))
    with pytest.raises(ConfigurationError, match=r"are the same collection|made as this embedder"):
        Migration(old.store, old).run()
    twin = MultimodalIndex(make_embedder(dimensions=64), EdgeStore(tmp_path / "twin"))
    with pytest.raises(ConfigurationError, match="copy_to"):
        Migration(old.store, twin).run()
    new.add(["x"])
    other = MultimodalIndex(make_embedder(dimensions=256), EdgeStore(tmp_path / "docs_v2"))
    new.close()
    with pytest.raises(FingerprintMismatchError, match="dimensions 128 against 256"):
        Migration(old.store, other).run()
    with pytest.raises(StoreError, match="keeps no fingerprint"):
        Migration(EdgeStore(tmp_path / "nothing"), other).run()
    with pytest.raises(ConfigurationError, match=r"of an index take its .store"):
        Migration(old, other)  # type: ignore[arg-type]  # the mistake
    with pytest.raises(ConfigurationError, match="ids='all'"):
        Migration(old.store, other, ids="all")  # type: ignore[arg-type]  # the mistake
