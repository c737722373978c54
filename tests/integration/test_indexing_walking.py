"""Folders and globs into an index, kept in step with it; and what a folder may hold that cannot be embedded."""

from __future__ import annotations

import mimetypes
import os
import shutil
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer
from fix_media import drawn, film, jpeg, pdf, png, silent_film, wav
from gemini_embed import (
    Audio,
    EdgeStore,
    Embedder,
    GeminiEmbedWarning,
    Image,
    InputError,
    Item,
    MediaError,
    MultimodalIndex,
    Pdf,
    Video,
)
from gemini_embed_emulator import Emulator

MakeEmbedder = Callable[..., Embedder]
MP4, WAV, PDF = film((drawn("red circle"), 4)), wav((440, 4)), pdf("one", "two")


@pytest.fixture
def index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[MultimodalIndex]:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        yield index


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory holds `docs`, with three texts and what is to be left out."""
    monkeypatch.chdir(tmp_path)
    docs = Path("docs")
    (docs / "deep" / "deeper").mkdir(parents=True)
    for name in ("a.md", "deep/b.txt", "deep/deeper/c.md", ".hidden.md"):
        (docs / name).write_text(f"what stands in {name}")
    (docs / ".git").mkdir()
    (docs / ".git" / "config").write_text("not for an index")
    return docs


def sources(index: MultimodalIndex) -> list[str]:
    return sorted(record.source or "" for batch in index.store.iterate(with_vectors=False) for record in batch.records)


ALL = ["docs/a.md", "docs/deep/b.txt", "docs/deep/deeper/c.md"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        pytest.param("docs", ALL, id="folder as str"),
        pytest.param(Path("docs"), ALL, id="folder as path"),
        pytest.param("docs/", ALL, id="with a slash"),
        pytest.param("docs/**/*.md", [ALL[0], ALL[2]], id="glob"),
        pytest.param("docs/a.md", ALL[:1], id="one file as str"),
        pytest.param([Path("docs")], ALL, id="folder in a list"),
        pytest.param([Item(Path("docs/deep")), "a text"], [*ALL[1:], "sha256:"], id="folder beside a text"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_places(index: MultimodalIndex, place: Any, expected: list[str]) -> None:
    index.add(place)
    assert [source[:7] if source.startswith("sha256") else source for source in sources(index)] == expected


async def test_async_doors(index: MultimodalIndex, folder: Path) -> None:
    assert (await index.aadd("docs")).added == 3
    (folder / "a.md").unlink()
    assert (await index.async_sync("docs")).removed == 1
    assert (await index.aestimate("docs")).known == 2


@pytest.mark.parametrize(
    ("place", "said"),
    [
        pytest.param("nowhere", "there is no file or folder 'nowhere'; texts go in a list", id="nothing there"),
        pytest.param("docs/*.pdf", "'docs/*.pdf' matches no file", id="a glob without matches"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_places_that_are_none(index: MultimodalIndex, place: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        index.add(place)
    assert said in str(caught.value)


def test_an_item_s_metadata_go_to_all_files_of_its_folder(index: MultimodalIndex, folder: Path) -> None:
    index.add([Item(folder, metadata={"team": "red"})])
    assert index.count({"team": "red"}) == 3


def test_sync_keeps_the_index_in_step(index: MultimodalIndex, folder: Path, emulator: Emulator) -> None:
    index.add(["a text from elsewhere", Item("another", source="docs-of-others/x.md")])
    first = index.sync("docs")
    assert (first.added, first.removed) == (3, 0)
    (folder / "a.md").write_text("edited")
    (folder / "deep" / "b.txt").unlink()
    (folder / "new.md").write_text("new")
    second = index.sync("docs")
    assert (second.added, second.reused, second.replaced, second.removed) == (2, 1, 1, 1)
    assert "removed   1" in str(second)
    assert "1 removed" in repr(second)
    assert sources(index)[:3] == ["docs-of-others/x.md", "docs/a.md", "docs/deep/deeper/c.md"]
    billed = emulator.requests.items_billed
    third = index.sync("docs")
    assert (third.added, third.reused, third.removed, emulator.requests.items_billed) == (0, 3, 0, billed)


def test_sync_leaves_alone_what_it_cannot_see(index: MultimodalIndex, folder: Path) -> None:
    """A file that cannot be read (any more) stays as it was; what lies beside the folder is none of its business."""
    index.sync("docs")
    Path("docs2").mkdir()
    Path("docs2/z.md").write_text("beside")
    index.add("docs2")
    (folder / "a.md").write_bytes(b"\xff\xfe\x00 no text any more")
    report = index.sync("docs")
    assert [skipped.source for skipped in report.skipped] == ["docs/a.md"]
    assert (report.removed, report.replaced) == (0, 0)
    assert sources(index) == [*ALL, "docs2/z.md"]


def test_sync_removes_nothing_that_is_there(index: MultimodalIndex, folder: Path) -> None:
    """A hidden file that was added by its name, and one that comes while others are added."""
    index.add([folder / ".hidden.md"])
    write = index.store.upsert

    def write_late(records: Any, vectors: Any) -> None:
        index.store.upsert = write  # type: ignore[method-assign]  # put back
        write(records, vectors)
        (folder / "late.md").write_text("come meanwhile")
        index.add([folder / "late.md"])

    index.store.upsert = write_late  # type: ignore[method-assign]  # the point
    assert (index.sync("docs").removed, index.sync("docs").removed) == (0, 0)
    assert sources(index) == ["docs/.hidden.md", *ALL, "docs/late.md"]


@pytest.fixture
def share(folder: Path) -> Path:
    """A folder that `docs/share` leads to, with a text in it and one below."""
    share = Path("share-of-others")
    (share / "deep").mkdir(parents=True)
    for name in ("d.md", "deep/e.md"):
        (share / name).write_text(f"on the share: {name}")
    (folder / "share").symlink_to(share.absolute())
    return share


def test_sync_removes_nothing_below_a_link_that_leads_nowhere(
    index: MultimodalIndex, folder: Path, share: Path
) -> None:
    """As when a network drive is away. Once it is back, what has gone from it goes; so does what a removed link had."""
    index.sync("docs")
    share.rename("away")
    report = index.sync("docs")
    assert ([one.source for one in report.skipped], report.removed) == (["docs/share"], 0)
    assert sources(index) == [*ALL, "docs/share/d.md", "docs/share/deep/e.md"]
    Path("away").rename(share)
    (share / "d.md").unlink()
    assert index.sync("docs").removed == 1
    (folder / "share").unlink()
    assert index.sync("docs").removed == 1
    assert sources(index) == ALL


def test_sync_knows_a_file_where_a_folder_was(index: MultimodalIndex, folder: Path) -> None:
    index.sync("docs")
    shutil.rmtree(folder / "deep")
    (folder / "deep").write_text("a file by now")
    assert index.sync("docs").removed == 2
    assert sources(index) == ["docs/a.md", "docs/deep"]


def test_sync_removes_nothing_outside_of_root(make_embedder: MakeEmbedder, share: Path, tmp_path: Path) -> None:
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "index")) as index:
        index.sync("docs")
    with MultimodalIndex(make_embedder(dimensions=128, root="docs"), EdgeStore(tmp_path / "index")) as index:
        (share / "d.md").unlink()
        report = index.sync("docs")
        assert ([one.source for one in report.skipped], report.removed) == (["docs/share"], 0)


@pytest.mark.parametrize("options", [{"on_error": None}, {"cutting": None, "describe": None, "batch_size": None}])
def test_sync_takes_the_options_of_add(index: MultimodalIndex, folder: Path, options: Any) -> None:
    (folder / "bad.pdf").write_bytes(b"%PDF-1.4 nothing more")
    assert (index.sync("docs", **options).added, len(index.add("docs", on_error=None).skipped)) == (3, 1)


def test_links_in_a_circle_are_gone_around_once(index: MultimodalIndex, folder: Path) -> None:
    for name in ("up", "up2"):
        (folder / "deep" / name).symlink_to("..")
    assert index.add("docs").added == 3
    assert index.add("docs/**/*.md").reused == 2, "though a plain glob would find thousands of ways to them"
    assert index.add("docs/d*/**/c.md").reused == 1
    assert sources(index) == ALL


def test_names_that_no_file_can_have(index: MultimodalIndex, folder: Path) -> None:
    (folder / "link").symlink_to("x" * 300)
    report = index.add("docs")
    assert (report.added, [one.source for one in report.skipped]) == (3, ["docs/link"])
    with pytest.raises(InputError, match="texts go in a list"):
        index.add("This is a long text that somebody wants to add. " * 20)
    with pytest.raises(InputError, match="texts go in a list"):
        index.add("Is this a text, or a pattern?")


@pytest.mark.usefixtures("folder")
def test_a_str_that_names_a_file_warns(index: MultimodalIndex) -> None:
    with pytest.warns(GeminiEmbedWarning, match=r"a str in a list is a text: for the file .* say Path\('docs/a.md'\)"):
        index.add(["docs/a.md"])
    assert index.add(["docs/nowhere.md", "A text that ends in a name.md"]).added == 2, "and no warning"


def test_tags_that_are_not_in_utf_8(index: MultimodalIndex, folder: Path) -> None:
    """As in recordings of other days: nobody reads them here."""
    whole, title = wav((440, 2)), "Überraschung".encode("latin-1")
    info = b"INFOINAM" + struct.pack("<I", len(title)) + title
    tags = b"LIST" + struct.pack("<I", len(info)) + info
    (folder / "b.wav").write_bytes(b"RIFF" + struct.pack("<I", len(whole) - 8 + len(tags)) + whole[8:] + tags)
    assert (index.add("docs").added, index.count({"modality": "audio"})) == (4, 1)
    assert index.search(Audio(folder / "b.wav"), 1, filter={"modality": "audio"})[0].source == "docs/b.wav"


def test_code_that_some_systems_take_for_a_film(
    index: MultimodalIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "x.ts").write_text("export const bread = 1;")
    types = mimetypes.MimeTypes()
    types.add_type("video/mp2t", ".ts")
    monkeypatch.setattr(mimetypes, "guess_type", types.guess_type)
    assert (index.add("docs").added, index.add("docs").skipped) == (4, ())


def test_sync_of_the_working_directory(index: MultimodalIndex, folder: Path) -> None:
    os.chdir(folder)
    assert index.sync(".").added == 3
    Path("a.md").unlink()
    assert index.sync(".").removed == 1


@pytest.mark.usefixtures("folder")
def test_sync_refuses_what_looks_like_a_disk_that_is_not_there(index: MultimodalIndex) -> None:
    index.sync("docs")
    Path("empty").mkdir()
    with pytest.raises(InputError, match="is it mounted"):
        index.sync("empty")
    with pytest.raises(InputError, match="there is no folder nowhere"):
        index.sync("nowhere")
    assert index.count() == 3


def test_what_a_folder_may_hold(index: MultimodalIndex, tmp_path: Path) -> None:
    """Each bad file has a line of its own in the report, and the good ones are embedded."""
    folder = tmp_path / "mess"
    folder.mkdir()
    expected = {
        "cut.mp4": (MP4[: len(MP4) // 2], "damaged or cut short"),
        "cut.wav": (WAV[: len(WAV) // 2], "is cut short: it says"),
        "cut.jpg": (jpeg()[: len(jpeg()) // 2], "damaged or cut short"),
        "cut.png": (png()[:-40], "damaged or cut short"),
        "encrypted.pdf": (pdf("secret", encrypted=True), "is encrypted"),
        "broken.pdf": (b"%PDF-1.4\n and nothing else", "damaged or cut short"),
        "pageless.pdf": (pdf(), "damaged or cut short"),
        "nothing.mp3": (b"", "is empty (0 bytes)"),
        "blank.md": (b" \n\t", "only white space"),
        "bomb.png": (png(60_000, 60_000), "pixels"),
        "film-of-0-s.mp4": (silent_film(), "0 seconds of video"),
        "silence.wav": (wav((440, 0)), "0 seconds of audio"),
        "archive.zip": (b"PK\x03\x04" + bytes(99), "no image, audio, video or PDF that is known"),
        "page.jpg": (
            b"<!doctype html><title>404</title>",
            "begins '<!doctype html>",
        ),
        "drawing.svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "draws nothing"),
        "playlist.mp3": (b"#EXTM3U\n/etc/passwd\n", "its name says audio/mpeg"),
    }
    for name, (data, _) in expected.items():
        (folder / name).write_bytes(data)
    (folder / "loop.md").symlink_to(folder / "loop.md")
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    os.mkfifo(folder / "pipe.md")
    says = {name: said for name, (_, said) in expected.items()} | {
        "loop.md": "Too many levels of symbolic links", "gone.md": "No such file", "pipe.md": "a pipe",
    }  # fmt: skip
    # A wrong name is no mistake: what a file holds decides.
    (folder / "really-a-wav.mp4").write_bytes(WAV)
    (folder / "really-a-pdf.txt").write_bytes(PDF)
    (folder / "up").symlink_to(folder)  # entered once

    report = index.add(folder)
    told = {Path(one.source or "").name: one.reason for one in report.skipped}
    assert set(told) == set(says)
    for name, said in says.items():
        assert said in told[name], name
        assert name in str(next(one for one in report.skipped if Path(one.source or "").name == name))
    assert {record.modality for batch in index.store.iterate() for record in batch.records} == {"audio", "pdf"}
    with pytest.raises(InputError) as caught:
        index.add(folder, on_error="raise")
    assert caught.value.position == 0


@pytest.mark.parametrize(
    ("part", "said"),
    [
        pytest.param(Image("nowhere.png"), "cannot read nowhere.png: No such file", id="missing image"),
        pytest.param(Audio("nowhere.mp3"), "cannot read nowhere.mp3: No such file", id="missing recording"),
        pytest.param(Image("no\0where.png"), "a name holds no null byte", id="a name with a null byte"),
        pytest.param(["a text beside", Image("nowhere.png")], "cannot read nowhere.png", id="beside a text"),
        pytest.param(Image("docs"), "Is a directory", id="a folder as an image"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_a_part_that_cannot_be_read_ends_no_add(index: MultimodalIndex, part: Any, said: str) -> None:
    report = index.add(["a", part, "b"], on_error="skip")
    assert (report.added, [one.position for one in report.skipped]) == (2, [1])
    assert said in report.skipped[0].reason
    with pytest.raises(InputError) as caught:
        index.add(["a", part])
    assert caught.value.position == 1


def test_a_part_out_of_the_root_tells_nothing(make_embedder: MakeEmbedder, folder: Path, tmp_path: Path) -> None:
    """Whether it is there or not is not to be found out."""
    (tmp_path / "secret.png").write_bytes(png(8, 8))
    with MultimodalIndex(make_embedder(dimensions=128, root="docs"), EdgeStore(tmp_path / "confined")) as index:
        report = index.add([Image(tmp_path / name) for name in ("secret.png", "nowhere.png")], on_error="skip")
        assert ["lies outside of root" in one.reason for one in report.skipped] == [True, True]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read(index: MultimodalIndex, folder: Path) -> None:
    index.sync("docs")
    (folder / "a.md").chmod(0)
    (folder / "deep").chmod(0)
    try:
        report = index.sync("docs")
    finally:
        (folder / "deep").chmod(0o755)
    assert [one.source for one in report.skipped] == ["docs/a.md", "docs/deep"]
    assert report.removed == 0, "what is in a folder that cannot be listed may well be there"


def test_links_out_of_the_root_are_reported(make_embedder: MakeEmbedder, folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("secret")
    (folder / "file.md").symlink_to(outside / "secret.md")
    (folder / "folder").symlink_to(outside)
    with MultimodalIndex(make_embedder(dimensions=128, root="docs"), EdgeStore(tmp_path / "confined")) as index:
        report = index.add("docs")
        assert report.added == 3
        assert ["lies outside" in one.reason for one in report.skipped] == [True, True]


@pytest.fixture
def web(make_server: Callable[..., CaptureServer]) -> CaptureServer:
    """Serves a recording, a page that says it is none, and a redirect into a private network."""
    bodies = {
        "/talk.wav": Answer(WAV, headers={"content-type": "text/html"}),
        "/login.wav": Answer(b"<!doctype html><title>Log in</title>", headers={"content-type": "audio/wav"}),
        "/away.wav": Answer(b"", 302, headers={"location": "http://169.254.169.254/latest"}),
    }
    return make_server(lambda request: bodies.get(request.path, Answer(b"no", 404)))


def test_media_at_urls(make_embedder: MakeEmbedder, web: CaptureServer, tmp_path: Path) -> None:
    """Fetched to be looked into and cut; what comes instead is told."""
    embedder = make_embedder(dimensions=128, allow_private_urls=True)
    with MultimodalIndex(embedder, EdgeStore(tmp_path / "index")) as index:
        urls = [f"{web.base_url}/{name}" for name in ("talk.wav", "login.wav", "nowhere.wav")]
        report = index.add([Audio(url) for url in urls], on_error="skip")
        assert report.added == 1
        assert [one.position for one in report.skipped] == [1, 2]
        assert "begins '<!doctype html>" in report.skipped[0].reason
        assert "answered 404" in report.skipped[1].reason
        (hit,) = index.search("a tone")
        assert (hit.record.uri, hit.record.mime_type, hit.modality) == (urls[0], "audio/wav", "audio")
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "strict")) as index:
        report = index.add([Audio(urls[0])], on_error="skip")
        assert "not a public address" in report.skipped[0].reason


@pytest.mark.parametrize(
    ("item", "kind", "said"),
    [
        pytest.param(Video(WAV), "mismatch", "audio/wav, not video: pass Audio", id="sound as a film"),
        pytest.param(Pdf(png()), "mismatch", "image/png", id="a picture as a PDF"),
        pytest.param(Image(PDF), "mismatch", "application/pdf", id="a PDF as a picture"),
        pytest.param(Audio("gs://bucket/talk.wav"), "unsupported", "read by Vertex AI only", id="Cloud Storage"),
    ],
)
def test_what_a_part_is_said_to_be(index: MultimodalIndex, item: Any, kind: str, said: str) -> None:
    with pytest.raises(MediaError, match=said) as caught:
        index.add(["a text", item])
    assert (caught.value.kind, caught.value.position) == (kind, 1)


def test_an_address_that_nobody_answers(index: MultimodalIndex) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/talk.wav"
    with pytest.raises(InputError, match="not a public address"):
        index.add([Audio(url)])


def test_bytes_are_what_they_begin_like(index: MultimodalIndex) -> None:
    index.add([WAV, PDF, png()])
    assert [index.count({"modality": m}) for m in ("audio", "pdf", "image")] == [1, 2, 1]
    assert np.asarray(index.embedder.embed([WAV])).shape == (1, 128)
