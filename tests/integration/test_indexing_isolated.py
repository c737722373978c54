"""Files that crash what reads them, or keep it busy for ever, in a child process: a line of the report each."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_isolated import Pupil, crashing, endless, greedy, raising, telling
from fix_media import drawn, film, pdf, png, recoded, wav
from gemini_embed import ConfigurationError, Cutting, EdgeStore, Embedder, Image, Item, MultimodalIndex, Record
from gemini_embed.indexing import isolating
from gemini_embed.isolation import CrashedError, Process, StalledError

DOORS = (
    *((room, "av_reading") for room in ("media.probing", "windows.audio", "windows.video")),
    *((room, "pdfium") for room in ("media.probing", "windows.pdfs")),
    *((room, "opened_picture") for room in ("media.probing", "preparing.loading", "windows.frames")),
)
"""Where this process would open media; the emulator in it has its own."""
MakeEmbedder = Callable[..., Embedder]
CUTTING = Cutting(audio_s=2, video_s=2, video_sound=True)


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A file of each kind, and one that is damaged."""
    folder = tmp_path / "docs"
    folder.mkdir()
    drawn("red circle").save(folder / "p.gif")
    for name, data in {
        "a.md": b"# Bread\n\nIt is baked at dawn.",
        "c.py": b"def one() -> int:\n    return 1\n",
        "p.png": png(),
        "pages.pdf": pdf("page one of two", "page two of two"),
        "tone.ogg": recoded(wav((440, 4)), "ogg", "libopus"),
        "film.mp4": film((drawn("red circle"), 4), sound=wav((440, 4))),
        "broken.png": png()[:60],
    }.items():
        (folder / name).write_bytes(data)
    return folder


def held(index: MultimodalIndex) -> dict[str, tuple[Record, Any]]:
    found = index.vectors()
    return {one.id: (one, row) for one, row in zip(found.records, found.values, strict=True)}


@pytest.mark.slow
def test_what_goes_in_is_the_same(
    index: MultimodalIndex, make_embedder: MakeEmbedder, docs: Path, tmp_path: Path
) -> None:
    report = index.add(docs, cutting=CUTTING, isolate=True)
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "other")) as other:
        expected = other.add(docs, cutting=CUTTING)
        assert [one.reason for one in report.skipped] == [one.reason for one in expected.skipped]
        ours, theirs = held(index), held(other)
    assert {id_: one for id_, (one, _) in ours.items()} == {id_: one for id_, (one, _) in theirs.items()}
    for id_, (_, row) in ours.items():
        np.testing.assert_allclose(row, theirs[id_][1], atol=1e-6)
    assert index.sync(docs, cutting=CUTTING, isolate=True).added == 0
    assert index.estimate(docs, cutting=CUTTING, isolate=True).known == len(ours)


@pytest.mark.slow
def test_nothing_is_decoded_here(index: MultimodalIndex, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    for room, what in DOORS:
        monkeypatch.setattr(f"gemini_embed.{room}.{what}", lambda *given, **_: opened.append(given))
    report = index.add(docs, isolate=True, cutting=CUTTING)
    assert (len(report.skipped), opened) == (1, [])
    assert report.added > 8


def test_a_crash_costs_a_line(index: MultimodalIndex, docs: Path) -> None:
    """Those before it and after it come in."""
    (docs / "b.crash").write_text("x")
    report = index.add([docs / name for name in ("a.md", "b.crash", "c.py")], on_error="skip", isolate=True,
                       readers={".crash": crashing})  # fmt: skip
    assert report.added == 2
    assert [Path(one.source or "").name for one in report.skipped] == ["b.crash"]


@pytest.mark.slow
def test_two_crashes_cost_two_lines(index: MultimodalIndex, docs: Path) -> None:
    (docs / "b.crash").write_text("x")
    (docs / "z.crash").write_text("x")
    report = index.add(docs, isolate=True, readers={".crash": crashing})
    assert report.added == 8
    first, _, last = sorted(report.skipped, key=lambda one: one.source or "")
    assert [Path(one.source or "").name for one in (first, last)] == ["b.crash", "z.crash"]
    assert "b.crash crashes what reads it: it" in first.reason


def test_what_never_ends_costs_a_line(index: MultimodalIndex, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolating, "LEAST_S", 0.5)  # of the parent, which does the waiting
    monkeypatch.setattr("gemini_embed.isolation.process._STARTED_S", 20.0)
    for name in ("a.md", "z.loop"):
        (docs / name).write_text("a text")
    report = index.add([docs / "a.md", docs / "z.loop", docs / "c.py"], on_error="skip", isolate=True,
                       readers={".loop": endless})  # fmt: skip
    (skipped,) = report.skipped
    assert (report.added, Path(skipped.source or "").name) == (2, "z.loop")
    assert "cannot be read to its end: it took longer than" in skipped.reason


@pytest.mark.slow
def test_a_bare_exception_is_told(index: MultimodalIndex, docs: Path) -> None:
    (docs / "a.odd").write_text("x")
    (skipped,) = index.add([docs / "a.odd"], on_error="skip", isolate=True, readers={".odd": raising}).skipped
    assert "a.odd is damaged" in skipped.reason


@pytest.mark.slow
def test_it_is_another_process_and_ends(index: MultimodalIndex, docs: Path) -> None:
    (docs / "a.pid").write_text("x")
    index.add([docs / "a.pid"], isolate=True, readers={".pid": telling})
    (record,) = index.vectors().records
    child = int(record.page_content.rpartition(" ")[2])
    assert child != os.getpid()
    with pytest.raises(OSError):  # noqa: PT011 - Windows has another error for it than Linux
        os.kill(child, 0)


@pytest.mark.slow
async def test_other_items_and_the_async_door(index: MultimodalIndex, docs: Path) -> None:
    items = [
        "a text",
        Item(docs / "p.png", metadata={"team": "red"}),
        ["a caption", Image(docs / "p.gif")],
        Image(png()),
        docs / "pages.pdf",
    ]
    report = await index.aadd(items, isolate=True)
    assert report.added == 6
    assert index.count({"team": "red"}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("door", ["sync", "async"])
async def test_crashes_by_other_doors(index: MultimodalIndex, docs: Path, door: str) -> None:
    (docs / "b.crash").write_text("x")
    told: Any = {"isolate": True, "readers": {".crash": crashing}}
    report = index.sync(docs, **told) if door == "sync" else await index.aadd(docs, **told)
    assert [Path(one.source or "").name for one in report.skipped] == ["b.crash", "broken.png"]
    assert report.added == 8


@pytest.mark.slow
def test_a_file_that_crashes_now_keeps_what_it_had(index: MultimodalIndex, docs: Path) -> None:
    index.sync(docs)
    report = index.sync(docs, isolate=True, readers={".md": crashing})
    assert (len(report.skipped), report.removed, report.replaced) == (2, 0, 0)
    assert index.count({"source": str(docs / "a.md")}) == 1


@pytest.mark.slow
def test_programs_that_a_reader_calls(index: MultimodalIndex, docs: Path) -> None:
    """ffmpeg reads its input: it must not get our requests, nor wait for them."""
    (docs / "a.greedy").write_text("x")
    report = index.add([docs / "a.greedy", docs / "a.md"], isolate=True, readers={".greedy": greedy})
    assert report.added == 2
    assert "a.greedy: 0" in {one.page_content.strip() for one in index.vectors().records}


@pytest.mark.slow
def test_a_function_of_the_script_is_told(tmp_path: Path) -> None:
    """No file is blamed for it."""
    script = tmp_path / "script.py"
    script.write_text(
        "from gemini_embed.isolation import Process\n"
        "class Mine:\n    def answer(self): pass\n"
        "try:\n    Process(Mine).ask(limit_s=20)\n"
        "except Exception as error:\n    print(type(error).__name__, error)\n"
    )
    said = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)  # noqa: S603 - our own
    assert "ConfigurationError" in said.stdout
    assert "not in the script that is run" in said.stdout


@pytest.mark.slow
def test_documents_and_nodes_of_frameworks(index: MultimodalIndex, docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from langchain_core.documents import Document
    from langchain_gemini_embed import GeminiMultimodalRetriever as OfLangChain
    from llama_index.core.schema import ImageNode
    from llama_index.retrievers.gemini_embed import GeminiMultimodalRetriever as OfLlamaIndex

    opened: list[Any] = []
    for room, what in DOORS:
        monkeypatch.setattr(f"gemini_embed.{room}.{what}", lambda *given, **_: opened.append(given))
    nodes = [ImageNode(image_path=str(docs / name)) for name in ("p.gif", "broken.png")]
    report = OfLlamaIndex(index=index).insert_nodes(nodes, isolate=True, on_error="skip")
    assert (report.added, len(report.skipped), opened) == (1, 1, [])
    assert OfLangChain(index=index).add_documents([Document("a text")], isolate=True).added == 1
    with pytest.raises(ConfigurationError, match="isolate"):
        OfLangChain(index=index).add_documents([Document("a text")], isolate="yes")  # type: ignore[arg-type]  # on purpose


def test_a_child_that_ends_in_between_is_nobody_s_fault() -> None:
    process = Process(Pupil)
    first = process.ask("id", limit_s=20)
    os.kill(first, signal.SIGTERM)
    assert process._child is not None
    process._child._process.wait()
    assert process.ask("id", limit_s=20) != first
    assert process.starts == 2
    process.close()


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are counted as Linux tells them")
def test_nothing_is_left_of_children() -> None:
    process = Process(Pupil)
    ids = [process.ask("id", limit_s=20)]
    before = len(os.listdir("/proc/self/fd"))
    for what, error in (("crash", CrashedError), ("loop", StalledError), ("crash", CrashedError)):
        with pytest.raises(error):
            process.ask(what, limit_s=0.2)
        ids.append(process.ask("id", limit_s=20))
    assert len(os.listdir("/proc/self/fd")) == before
    process.close()
    assert len(set(ids)) == 4
    assert not any(Path("/proc", str(one)).exists() for one in ids), "nor as a zombie"


def test_what_cannot_be_sent(index: MultimodalIndex, docs: Path) -> None:
    with pytest.raises(ConfigurationError, match="must have a name in a module"):
        index.add(docs, isolate=True, readers={".md": lambda path: "x"})


def test_what_is_no_switch(index: MultimodalIndex, docs: Path) -> None:
    with pytest.raises(ConfigurationError, match="isolate"):
        index.add(docs, isolate="yes")  # type: ignore[arg-type]  # on purpose
