"""Books in EPUB: their chapters in order, which are XHTML in a zip."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote
from zipfile import ZipFile

from gemini_embed.errors import MediaError
from gemini_embed.readers.encoding import text_of
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.html import read_html
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.zips import may_be_zip, opened_zip, part_of, tree_of

_OPF = "{http://www.idpf.org/2007/opf}"
_CONTAINER = "{urn:oasis:names:tc:opendocument:xmlns:container}"
_FONTS = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")
"""What only fonts are scrambled by."""
_PAGES = ("application/xhtml+xml", "text/html", "application/x-dtbook+xml")


class EpubReader:
    """Reads EPUB 2 and 3."""

    name = "epub"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_zip(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        flow = Flow()
        with opened_zip(data, name) as archive:
            _check_readable(archive, name)
            for chapter in _chapters(archive, name):
                text = text_of(part_of(archive, chapter, name)) or ""
                read_html(text, flow, title=False, picture_at=_Pictures(archive, posixpath.dirname(chapter)))
        return flow.passages(most_tokens)


class _Pictures:
    """The pictures of a book, as a chapter names them."""

    def __init__(self, archive: ZipFile, folder: str) -> None:
        self._archive, self._folder = archive, folder
        self._names = set(archive.namelist())

    def __call__(self, link: str) -> bytes:
        place = posixpath.normpath(posixpath.join(self._folder, unquote(link)))
        return part_of(self._archive, place, place) if place in self._names else b""


def _check_readable(archive: ZipFile, name: str) -> None:
    if "META-INF/encryption.xml" not in archive.namelist():
        return
    told = part_of(archive, "META-INF/encryption.xml", name)
    if told.count(b"EncryptionMethod") > sum(told.count(one) for one in _FONTS):
        raise MediaError(f"{name} is encrypted (DRM): it cannot be read", "encrypted")


def _chapters(archive: ZipFile, name: str) -> Iterator[str]:
    """The places of what is read, in the order of reading."""
    container = tree_of(part_of(archive, "META-INF/container.xml", name), name)
    root = container.find(f".//{_CONTAINER}rootfile")
    place = (root.get("full-path") if root is not None else None) or "content.opf"
    package = tree_of(part_of(archive, place, name), name)
    held = {one.get("id"): one for one in package.iter(f"{_OPF}item")}
    there = set(archive.namelist())
    for one in package.iter(f"{_OPF}itemref"):
        item = held.get(one.get("idref"))
        if item is None or item.get("media-type") not in _PAGES or "nav" in (item.get("properties") or "").split():
            continue
        chapter = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(item.get("href") or "")))
        if chapter in there:
            yield chapter
