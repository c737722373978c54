"""`gemini-embed clip N -o FILE`: what was found, cut from its source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import as_json, note, say
from gemini_embed_cli.folder import remembered

_ENDINGS = {"audio/mpeg": ".mp3", "audio/wav": ".wav", "audio/x-wav": ".wav", "image/jpeg": ".jpg"}


def clip(
    rank: int,
    /,
    *,
    out: Annotated[Path | None, Parameter(alias="-o")] = None,
    padding: float = 0.0,
    where: Where | None = None,
    json: Flag = False,
) -> None:
    """Cut a hit of the last search from its source: seconds of a recording or a film, pages of a PDF, a whole picture.

    Parameters
    ----------
    rank
        Which hit of the last search.
    out
        The file to write; named after the source and the place in it by default.
    padding
        So many seconds, or pages, more on either side.
    json
        What was written, as JSON.
    """
    with (where or Where()).opened() as opened:
        hit = remembered(opened.home, rank)
    part = hit.clip(padding=padding)
    file = out or Path(_name(hit.link, part.mime_type or ""))
    data = part.local_bytes() or b""
    file.write_bytes(data)
    if out is not None and (fits := _unfitting(out, part.mime_type or "")):
        note(f"{out} is named as if it were something else: it holds {part.mime_type}, usually {fits}")
    told = {"file": str(file.absolute()), "mime_type": part.mime_type, "bytes": len(data), "link": hit.link}
    if json:
        as_json(told)
    else:
        say(f"{file}: {part.mime_type}, {len(data):,} bytes")


def _unfitting(file: Path, mime_type: str) -> str | None:
    """The usual ending of what it holds, where its name tells of another kind."""
    import mimetypes

    named = mimetypes.guess_type(file.name)[0]
    if named is None or named == mime_type or _ending(mime_type) == _ending(named):
        return None
    return _ending(mime_type)


def _ending(mime_type: str) -> str | None:
    import mimetypes

    return _ENDINGS.get(mime_type) or mimetypes.guess_extension(mime_type)


def _name(link: str, mime_type: str) -> str:
    """`talk.mp4#t=96,128` as `talk-t-96-128.mp4`."""
    place, _, anchor = link.partition("#")
    ending = _ending(mime_type) or Path(place).suffix
    return "-".join([Path(place).stem, *filter(None, re.split(r"[^0-9A-Za-z.]+", anchor))]) + ending
