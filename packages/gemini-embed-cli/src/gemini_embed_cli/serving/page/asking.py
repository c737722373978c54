"""A form as a query: words and files together, whatever a browser or a stranger sends."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass

from gemini_embed import GeminiEmbedError
from gemini_embed.content import Media, media_of_type
from gemini_embed.windows import probe
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from gemini_embed_cli.serving.guard import Receive, Scope
from gemini_embed_cli.serving.page.limits import MIB, Limits, Refused, bounded

KINDS = ("text", "image", "pdf", "audio", "video")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One query.

    Attributes:
        words: that were typed, and texts that were dropped.
        media: pictures, recordings, videos and PDFs, all with bytes.
        like: the id of a hit whose like is looked for, instead of words and media.
        kinds: modalities to look among; empty: all.
        k: hits wanted.
    """

    words: str = ""
    media: tuple[Media, ...] = ()
    like: str | None = None
    kinds: tuple[str, ...] = ()
    k: int = 12

    @property
    def key(self) -> bytes:
        """What its vector depends on."""
        parts = [self.words.encode(), *(hashlib.sha256(medium.data or b"").digest() for medium in self.media)]
        return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()


async def asked(scope: Scope, receive: Receive, limits: Limits) -> Asked:
    """The query of a form: `words`, `file` (several), `kind` (several), `like`, `k`.

    Raises:
        Refused: too much, too slow, or nothing that can be looked for.
    """
    request = Request(scope, bounded(scope, receive, limits.body_bytes))
    try:
        async with asyncio.timeout(limits.upload_s):
            form = await request.form(
                max_files=limits.files, max_fields=len(KINDS) + 4, max_part_size=4 * limits.words + 1024
            )
    except TimeoutError as e:
        raise Refused(408, "The files took too long to arrive: try again, or take smaller ones.") from e
    except HTTPException as e:
        raise Refused(400, _said(str(e.detail), limits)) from e
    except ClientDisconnect as e:
        raise Refused(400, "The request ended early.") from e
    try:
        files = [
            (one.filename or "the file", await one.read())
            for one in form.getlist("file")
            if isinstance(one, UploadFile)
        ]
        texts = [str(one) for one in form.getlist("words")]
        kinds = tuple(str(one) for one in form.getlist("kind"))
        like, k = str(form.get("like") or "") or None, str(form.get("k") or Asked.k)
    finally:
        await form.close()
    return await asyncio.to_thread(_checked, texts, files, kinds, like, k, limits)


def _checked(
    texts: list[str], files: list[tuple[str, bytes]], kinds: tuple[str, ...], like: str | None, k: str, limits: Limits
) -> Asked:
    read = [_read(name, data, limits) for name, data in files]
    words = "\n".join(text.strip() for text in (*texts, *(one for one in read if isinstance(one, str))) if text.strip())
    media = tuple(one for one in read if not isinstance(one, str))
    if len(words) > limits.words:
        raise Refused(413, f"A query may have {limits.words:,} characters; this one has {len(words):,}.")
    if unknown := sorted(set(kinds) - {*KINDS}):
        raise Refused(400, f"There is no kind {unknown[0][:40]!r}; there are {', '.join(KINDS)}.")
    if not (words or media or like):
        raise Refused(400, "Type words, drop or paste a picture, or speak.")
    if not k.isdecimal() or not 1 <= int(k) <= limits.hits:
        raise Refused(400, f"k is a number from 1 to {limits.hits}.")
    return Asked(words=words, media=media, like=like, kinds=kinds, k=int(k))


def _read(name: str, data: bytes, limits: Limits) -> str | Media:
    """A file as what it is by its bytes, looked into within the core's bounds."""
    shown = name.replace("\\", "/").rpartition("/")[2][:80]
    if len(data) > limits.file_bytes:
        raise Refused(413, f"{shown} has {len(data) / MIB:.0f} MiB: {limits.file_bytes // MIB} MiB are read.")
    if not data:
        raise Refused(400, f"{shown} is empty.")
    try:
        info = probe(data)
    except GeminiEmbedError as error:
        if (text := _text(data)) is not None:
            return text
        raise Refused(415, f"{shown} cannot be looked for: {error}") from error
    part = media_of_type(info.mime_type)
    if part is None:
        raise Refused(415, f"{shown} is {info.mime_type}: take a picture, recording, video, PDF or text.")
    return part(data, info.mime_type)


def _text(data: bytes) -> str | None:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _said(detail: str, limits: Limits) -> str:
    if "Too many files" in detail:
        return f"{limits.files} files may be combined in one query."
    return f"The form cannot be read: {detail}"
