"""Where a medium may be: whatever callers pass, as bytes or as an address."""

from __future__ import annotations

import base64
import binascii
import mimetypes
import os
import re
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from gemini_embed.errors import InputError
from gemini_embed.media.libraries import told_as_damage
from gemini_embed.media.pictures import png_of
from gemini_embed.secret import shown_url

_FILES_API = re.compile(r"https://generativelanguage\.googleapis\.com/v\w+/files/[\w-]+")
_SPELLINGS = {"audio/x-wav": "audio/wav", "audio/mp3": "audio/mpeg", "video/mov": "video/quicktime"}


def place(source: Any) -> tuple[bytes | None, str | None, str | None]:
    """(bytes, location, claimed MIME type) of a source; one of the first two is None.

    Raises:
        InputError: no such kind of source.
    """
    if source == "":
        raise InputError("the name of the medium is empty: pass a path, bytes, a URL or a data URI")
    if isinstance(source, str):
        return _from_text(source)
    if isinstance(source, os.PathLike):
        return None, os.fspath(source), None
    if isinstance(source, bytes | bytearray | memoryview):
        return bytes(source), None, None
    if is_genai(source) and getattr(source, "uri", None):
        return None, source.uri, source.mime_type
    if is_pil(source):
        return _from_pil(source), None, "image/png"
    if hasattr(source, "read"):
        return _from_file_object(source), None, None
    raise InputError(f"cannot read media from a {type(source).__name__}: pass a path, bytes, a URL or a data URI")


def is_files_api(location: str) -> bool:
    """Whether it is the address of a file that was uploaded to the Files API."""
    return _FILES_API.fullmatch(location) is not None


def named_type(location: str) -> str | None:
    """The MIME type that the name at the end of an address suggests, in the service's spelling."""
    found = mimetypes.guess_type(urlsplit(location).path)[0]
    return _SPELLINGS.get(found or "", found)


def is_pil(like: Any) -> bool:
    """Whether it is one of PIL's images."""
    return any(kind.__module__.startswith("PIL.") for kind in type(like).__mro__)


def is_genai(like: Any) -> bool:
    """Whether it is one of google-genai's objects."""
    return type(like).__module__.startswith("google.genai.")


def _from_pil(picture: Any) -> bytes:
    """As PNG; a picture that was opened is read from its file only now."""
    with told_as_damage(f"the PIL image {getattr(picture, 'filename', '') or ''}".rstrip()):
        return png_of(picture)


def _from_text(source: str) -> tuple[bytes | None, str | None, str | None]:
    scheme = source.split(":", 1)[0].lower() if ":" in source[:12] else ""
    if scheme == "data":
        return _from_data_uri(source)
    if "://" not in source[:12]:
        return None, source, None
    location = _checked_location(source, scheme)
    return None, location, named_type(location) if scheme == "gs" else None


def _checked_location(source: str, scheme: str) -> str:
    if scheme in ("http", "https"):
        if not urlsplit(source).hostname:
            raise InputError(f"{shown_url(source)!r} has no host")
        return f"{scheme}{source[len(scheme) :]}"
    if scheme == "gs":
        if not re.fullmatch(r"gs://[^/]+/.+", source, re.IGNORECASE | re.DOTALL):
            raise InputError(f"{source!r} names no object: gs://bucket/name")
        return f"gs{source[2:]}"
    if scheme == "file":
        raise InputError(f"{source!r}: URLs are http(s) only, so that none reads local files; pass the path itself")
    raise InputError(f"{scheme}:// is not supported: pass an http(s) URL, gs://, a path, bytes or a data URI")


def _from_data_uri(uri: str) -> tuple[bytes, None, str | None]:
    head, comma, payload = uri[5:].partition(",")
    if not comma:
        raise InputError("a data URI without a comma holds no data")
    mime_type, *options = head.split(";")
    raw = unquote_to_bytes(payload)
    if "base64" in (o.strip().lower() for o in options):
        raw = from_base64(raw, "data URI")
    return raw, None, mime_type or None


def from_base64(data: Any, what: str) -> bytes:
    """The bytes that a `what` holds as base64, str or bytes. Raises InputError when it is damaged."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError, TypeError) as e:
        raise InputError(f"the {what}'s base64 is damaged: {e}") from e


def _from_file_object(source: Any) -> bytes:
    data = source.read()
    if not isinstance(data, bytes):
        raise InputError("the file object yields text: open it in binary mode")
    return data
