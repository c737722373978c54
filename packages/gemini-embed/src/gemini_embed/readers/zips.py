"""Files that are zip archives of XML and pictures, as offices and books are: unpacked within limits."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from gemini_embed.errors import MediaError, missing_extra
from gemini_embed.readers.limits import MOST_BYTES, check_size

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MOST_UNPACKED = 300 * 2**20
"""Bytes of all that is in one file. Office files are read as a whole."""
MOST_XML = 60 * 2**20
"""Bytes of one part that is XML: its tree takes about ten times as much."""
MOST_RATIO = 1_000
"""A part that is packed tighter, and is large, was made to be."""
_MOST_PARTS = 20_000
_LARGE = 2**20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP = (".xml", ".rels", ".xhtml", ".html", ".htm", ".opf", ".ncx", ".svg")


def may_be_zip(head: bytes) -> bool:
    """Whether a file that begins so is worth reading as a zip: also one of which it can be told why not."""
    return head.startswith((_ZIP, _OLE))


def opened_zip(data: bytes, name: str) -> zipfile.ZipFile:
    """An archive whose parts are all within the limits; what is in it is never longer than it says.

    Raises:
        MediaError: no zip, damaged, encrypted, or beyond a limit.
    """
    check_size(data, MOST_BYTES, name)
    if data.startswith(_OLE):
        raise MediaError(
            f"{name} is encrypted, or in a format of before 2007: save it anew without a password", "encrypted"
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise MediaError(f"{name} is damaged or cut short: {error}", "damaged") from error
    parts = archive.infolist()
    if any(one.flag_bits & 1 for one in parts):
        raise MediaError(f"{name} is encrypted: save it without a password", "encrypted")
    too_large = [one for one in parts if _is_too_large(one)]
    if too_large or len(parts) > _MOST_PARTS or sum(one.file_size for one in parts) > MOST_UNPACKED:
        unpacked = sum(one.file_size for one in parts)
        raise MediaError(
            f"{name} would be {unpacked:,} bytes unpacked, in {len(parts):,} parts, more than is read: at most "
            f"{MOST_UNPACKED:,}, and {MOST_XML:,} of one part",
            "too_large",
        )
    return archive


def _is_too_large(part: zipfile.ZipInfo) -> bool:
    is_markup = part.filename.lower().endswith(_MARKUP)
    is_tight = part.file_size > _LARGE and part.file_size > MOST_RATIO * max(part.compress_size, 1)
    return is_tight or (is_markup and part.file_size > MOST_XML)


def part_of(archive: zipfile.ZipFile, part: str, name: str) -> bytes:
    """The bytes of a part. Raises MediaError where it is missing, or damaged."""
    try:
        return archive.read(part)
    except KeyError as error:
        raise MediaError(f"{name} has no {part}, though its name says that it has", "damaged") from error
    except Exception as error:  # of all the ways to pack
        raise MediaError(f"{name} is damaged: {part} cannot be unpacked: {error}", "damaged") from error


def tree_of(data: bytes, name: str) -> Element:
    """XML as a tree, without what it may bring from elsewhere.

    Raises:
        MediaError: it is damaged, or declares entities.
        MissingExtraError: defusedxml is not installed.
    """
    try:
        from defusedxml.common import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ImportError as error:
        raise missing_extra("documents", "defusedxml (to read XML)") from error
    try:
        found: Any = fromstring(data)
    except DefusedXmlException as error:
        raise MediaError(
            f"{name} declares entities, or brings in other files: it is not read", "unsupported"
        ) from error
    except (ParseError, ValueError) as error:
        raise MediaError(f"{name} is damaged: {error}", "damaged") from error
    return found  # type: ignore[no-any-return]  # defusedxml ships no types


def with_types(data: bytes, name: str, types: dict[bytes, bytes]) -> bytes:
    """The archive with other content types, as of a file without macros; the macros stay behind."""
    with opened_zip(data, name) as archive:
        told = part_of(archive, "[Content_Types].xml", name)
        if not any(one in told for one in types):
            return data
        for one, other in types.items():
            told = told.replace(one, other)
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as repacked:
            for part in archive.namelist():
                if not part.endswith("vbaProject.bin"):
                    repacked.writestr(part, told if part == "[Content_Types].xml" else part_of(archive, part, name))
    return made.getvalue()
