"""Which files are read: regular ones only, and with `root` those inside that folder, whatever links lead there."""

from __future__ import annotations

import base64
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fix_capture import CaptureServer
from gemini_embed import ConfigurationError, Content, Embedder, Image, InputError
from gemini_embed.media.files import read_file

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """A root with files and links, beside a folder that is none of its business; working directory is the root's."""
    inside, outside = tmp_path / "root" / "deep", tmp_path / "root-not"
    inside.mkdir(parents=True)
    outside.mkdir()
    root = tmp_path / "root"
    for path in (root / "a.png", inside / "b.png", outside / "c.png"):
        path.write_bytes(PNG)
    (root / "link-inside.png").symlink_to("deep/b.png")
    (root / "link-out.png").symlink_to(outside / "c.png")
    (root / "folder-out").symlink_to(outside)
    (root / "folder-inside").symlink_to("deep")
    (root / "loop.png").symlink_to("loop.png")
    (tmp_path / "other-name").symlink_to(root)
    return tmp_path


def embedded(source: Any, capture: CaptureServer, **options: Any) -> bytes:
    """The bytes that were sent for one image."""
    with Embedder(api_key="k", base_url=capture.base_url, verify=False, **options) as embedder:
        embedder.embed([Content("a text"), Image(source)])
    parts = [p for r in capture.requests for one in r.json["requests"] for p in one["content"]["parts"]]
    return base64.b64decode(parts[-1]["inlineData"]["data"])


INSIDE = [
    pytest.param("root", "root/a.png", id="a-file"),
    pytest.param("root", "root/deep/b.png", id="deeper"),
    pytest.param("root", "root/deep/../a.png", id="up-and-still-inside"),
    pytest.param("root", "root/link-inside.png", id="a-link-inside"),
    pytest.param("root", "root/folder-inside/b.png", id="a-folder-that-is-a-link-inside"),
    pytest.param("other-name", "root/a.png", id="a-root-that-is-a-link"),
    pytest.param("root", "other-name/a.png", id="a-way-that-is-a-link"),
    pytest.param(".", "root-not/c.png", id="the-working-directory"),
]


@pytest.mark.parametrize("absolute", [True, False], ids=["absolute", "relative"])
@pytest.mark.parametrize(("root", "path"), INSIDE)
def test_inside(
    root: str, path: str, absolute: bool, folders: Path, capture: CaptureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders)
    assert embedded(folders / path if absolute else path, capture, root=folders / root if absolute else root) == PNG


OUTSIDE = [
    pytest.param("root-not/c.png", id="elsewhere"),
    pytest.param("root/../root-not/c.png", id="up-and-out"),
    pytest.param("root/link-out.png", id="a-link-out"),
    pytest.param("root/folder-out/c.png", id="a-folder-that-is-a-link-out"),
    pytest.param("root/folder-out/absent.png", id="outside-nothing-is-told"),
    pytest.param("/etc/hostname", id="absolute"),
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_outside(path: str, folders: Path, capture: CaptureServer) -> None:
    root = folders / "root"
    with pytest.raises(InputError) as caught:
        embedded(folders / path, capture, root=root)
    assert caught.value.position == 1
    assert str(caught.value).startswith(f"input 1: {folders / path} lies outside of root={root}")
    assert str(caught.value).endswith(": only files inside are read")
    assert not capture.requests


UNREADABLE = [
    pytest.param("root/absent.png", "No such file", id="absent"),
    pytest.param("root/deep", "Is a directory", id="a-folder"),
    pytest.param("root", "Is a directory", id="the-root"),
    pytest.param("root/loop.png", "Too many levels", id="a-link-to-itself"),
    pytest.param("root/a.png/b.png", "Not a directory", id="a-file-as-a-folder"),
    pytest.param("root/a\0.png", "null byte", id="a-null-byte"),
    pytest.param("root/\ud83d.png", "no file has such a name", id="a-lone-surrogate"),
]


@pytest.mark.parametrize("with_root", [True, False], ids=["root", "no-root"])
@pytest.mark.parametrize(("path", "message"), UNREADABLE)
def test_unreadable(path: str, message: str, with_root: bool, folders: Path, capture: CaptureServer) -> None:
    with pytest.raises(InputError, match=f"^input 1: cannot read .*{message}"):
        embedded(f"{folders}/{path}", capture, root=folders / "root" if with_root else None)


@pytest.mark.parametrize("with_root", [True, False], ids=["root", "no-root"])
@pytest.mark.parametrize("kind", ["pipe", "socket", "device"])
@pytest.mark.timeout(20)  # opening a pipe without a writer would wait for ever
def test_what_is_no_file(kind: str, with_root: bool, folders: Path, capture: CaptureServer) -> None:
    root, path = folders / "root", folders / "root" / "special"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        root, path = Path("/dev"), Path("/dev/zero")
    with pytest.raises(InputError, match=r"input 1: cannot read .*not a regular file"):
        embedded(path, capture, root=root if with_root else None)


def swap_file(folders: Path) -> None:
    """deep/swapped.png is a file, then a link to a file outside."""
    file, link, path = (folders / "root" / name for name in ("file", "link", "deep/b.png"))
    file.write_bytes(PNG)
    file.replace(path)
    link.symlink_to(folders / "root-not" / "b.png")
    link.replace(path)


def swap_folder(folders: Path) -> None:
    """deep is a folder, then a link to the folder outside."""
    deep, aside = folders / "root" / "deep", folders / "root" / "aside"
    deep.rename(aside)
    deep.symlink_to(folders / "root-not")
    deep.unlink()
    aside.rename(deep)


@pytest.mark.parametrize("swap", [swap_file, swap_folder])
def test_the_file_checked_is_the_file_read(swap: Callable[[Path], None], folders: Path) -> None:
    """Whatever is swapped in between: never a byte from outside."""
    (folders / "root-not" / "b.png").write_bytes(b"secret")
    stop = threading.Event()

    def swap_on() -> None:
        while not stop.is_set():
            swap(folders)
            time.sleep(0.00005)  # else the file would hardly ever be there

    read: set[bytes] = set()
    refused = 0
    swapper = threading.Thread(target=swap_on)
    swapper.start()
    try:
        for turn in range(50_000):
            if turn > 4000 and read and refused:
                break
            try:
                read.add(read_file(str(folders / "root" / "deep" / "b.png"), root=str(folders / "root")))
            except InputError:
                refused += 1
    finally:
        stop.set()
        swapper.join()
    assert read == {PNG}
    assert refused > 0, "the swaps were never seen"


def test_a_platform_without_folder_descriptors(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "supports_dir_fd", set())
    root = str(folders / "root")
    assert read_file(f"{root}/folder-inside/b.png", root=root) == PNG
    with pytest.raises(InputError, match="outside"):
        read_file(f"{root}/link-out.png", root=root)


def test_no_descriptor_is_left_open(folders: Path) -> None:
    root = str(folders / "root")
    open_before = len(os.listdir("/dev/fd"))
    for path in ("a.png", "deep/b.png", "absent.png", "deep", "link-out.png"):
        for confined in (root, None):
            try:
                read_file(f"{root}/{path}", root=confined)
            except InputError:
                continue
    assert len(os.listdir("/dev/fd")) == open_before


def test_a_root_is_fixed_when_it_is_given(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folders)
    embedder = Embedder(api_key="k", root="root")
    monkeypatch.chdir("/")
    assert embedder.root == str(folders / "root")


@pytest.mark.parametrize("root", ["", 5, b"x"])
def test_what_is_no_root(root: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"root=.* must be a path"):
        Embedder(api_key="k", root=root)


def test_a_root_leaves_urls_and_bytes_alone(
    make_server: Callable[..., CaptureServer], capture: CaptureServer, folders: Path
) -> None:
    from fix_capture import Answer

    pictures = make_server(lambda request: Answer(PNG))
    options: dict[str, Any] = {"root": folders / "root", "allow_private_urls": True}
    assert embedded(f"{pictures.base_url}/a.png", capture, **options) == PNG
    assert embedded(PNG, capture, **options) == PNG
