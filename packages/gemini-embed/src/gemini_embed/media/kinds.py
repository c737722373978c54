"""What a file is by its first bytes, whatever it is called; in the spelling that the service takes."""

from __future__ import annotations

import re
from typing import NamedTuple

import filetype

from gemini_embed.models import Modality

HEAD_BYTES = 8192
"""What is enough of a file's beginning to tell its type."""


class Kind(NamedTuple):
    """A MIME type, its modality, and the one format that FFmpeg may read it as.

    The format is forced, since a playlist or a script of FFmpeg's own, were it guessed, could open other files.
    """

    mime_type: str
    modality: Modality
    av_format: str = ""


_SPELLINGS = {
    "audio/x-wav": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/x-aiff": "audio/aiff",
    "audio/x-m4a": "audio/mp4",
    "video/x-m4v": "video/mp4",
}
_AV_FORMATS = {
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/mp4": "mov",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
    "audio/aac": "aac",
    "audio/aiff": "aiff",
    "audio/amr": "amr",
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/x-matroska": "matroska",
    "video/webm": "matroska",
    "video/x-msvideo": "avi",
    "video/mpeg": "mpeg",
    "video/mp2t": "mpegts",
    "video/x-flv": "flv",
    "video/x-ms-wmv": "asf",
    "video/ogg": "ogg",
}
_MP3_FRAME = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")  # layer III of MPEG 2.5, 2 and 1
_TS_PACKET = 188
_THEORA = b"\x80theora"
_MATROSKA, _WEBM = b"\x1a\x45\xdf\xa3", re.compile(rb"\x42\x82[\x80-\xff]webm")


def kind_of(head: bytes) -> Kind | None:
    """The kind of a file that begins with `head` (`HEAD_BYTES` are enough); None for what cannot be embedded."""
    mime_type = filetype.guess_mime(head) or _guessed(head)
    mime_type = _SPELLINGS.get(mime_type or "", mime_type)
    if mime_type == "application/pdf":
        return Kind(mime_type, "pdf")
    if mime_type == "audio/ogg" and _THEORA in head:
        mime_type = "video/ogg"
    if mime_type in _AV_FORMATS:
        return Kind(mime_type, "audio" if mime_type.startswith("audio/") else "video", _AV_FORMATS[mime_type])
    return Kind(mime_type, "image") if mime_type and mime_type.startswith("image/") else None


def _guessed(head: bytes) -> str | None:
    """What `filetype` leaves out: MP3 of low rates, rarer brands of MP4, QuickTime without one, transport streams, and
    Matroska whose header is written otherwise than by most."""
    if head.startswith(_MATROSKA):
        return "video/webm" if _WEBM.search(head[:128]) else "video/x-matroska"
    if _MP3_FRAME.match(head):
        return "audio/mpeg"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "video/quicktime"
    is_stream = len(head) > 2 * _TS_PACKET and {head[i] for i in (0, _TS_PACKET, 2 * _TS_PACKET)} == {0x47}
    return "video/mp2t" if is_stream else None
