"""`gemini-embed search WORDS|FILE...`: what is found, as a table with links."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from gemini_embed_cli.answers import founds
from gemini_embed_cli.commands.asking import filter_of, query_of
from gemini_embed_cli.commands.ending import DONE, NOTHING
from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import as_json, note, open_hit, table
from gemini_embed_cli.folder import OpenFolder, remember, remembered

if TYPE_CHECKING:
    from gemini_embed import Hits

Kind = Literal["text", "image", "audio", "video", "pdf", "mixed"]


def search(
    *query: str,
    where: Where | None = None,
    k: Annotated[int, Parameter(alias="-k")] = 10,
    kind: Annotated[tuple[Kind, ...], Parameter(negative="")] = (),
    filter: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    open_: Annotated[int | None, Parameter(name=["--open", "-o"])] = None,
    html: Path | None = None,
    json: Flag = False,
) -> int:
    """Find what is nearest to words, a picture, a recording or any of them together.

    Parameters
    ----------
    query
        Words, files, addresses of media: all together are one query.
    k
        Most hits wanted.
    kind
        Only hits of this kind; may be given several times.
    filter
        Only hits whose metadata fit: NAME=VALUE, or a JSON object. May be given several times.
    open_
        Open the hit of this rank; without a query it is one of the last search.
    html
        Write the hits as a page with pictures.
    json
        The answer as JSON.
    """
    with (where or Where()).opened() as opened:
        if not query and open_ is not None:
            open_hit(remembered(opened.home, open_))
            return DONE
        hits = _found(opened, query, k, kind, filter)
        if html is not None:
            _write(html, opened, query, hits)
    _tell(opened, query, hits, json=json)
    if open_ is not None:
        open_hit(remembered(opened.home, open_))
    return DONE if hits else NOTHING


def _found(
    opened: OpenFolder, query: tuple[str, ...], k: int, kinds: tuple[Kind, ...], filters: tuple[str, ...]
) -> Hits:
    parts, wanted = query_of(query), filter_of(kinds, filters)
    with opened.index() as index:
        hits = index.search(parts if len(parts) > 1 else parts[0], k, filter=wanted)
    try:
        remember(opened.home, query, hits)
    except OSError as error:  # of a folder that is only read, with its index elsewhere
        note(f"--open and clip will not know this search: {error.filename}: {error.strerror}")
    return hits


def _write(out: Path, opened: OpenFolder, query: tuple[str, ...], hits: Hits) -> None:
    from gemini_embed import Text
    from gemini_embed.content import Media

    from gemini_embed_cli.serving.page.export import Answer, write_page

    parts, settings = query_of(query), opened.settings
    words = " ".join(part.text for part in parts if isinstance(part, Text))
    media = [part for part in parts if isinstance(part, Media)]
    about = f"The best of {settings.folder}, by vectors of {opened.embedder.model}."
    title = f"Search {settings.folder.name}"
    answer = Answer(hits=hits, words=words, media=media)
    write_page(out, [answer], root=settings.folder, title=title, about=about, emulator=settings.emulator)


def _tell(opened: OpenFolder, query: tuple[str, ...], hits: Hits, *, json: bool) -> None:
    folder = opened.settings.folder
    answers = founds(hits, folder)
    if json:
        as_json({"folder": str(folder), "query": list(query), "hits": [hit.to_dict() for hit in answers]})
    elif answers:
        table(answers, folder)
    else:
        note("nothing found")
