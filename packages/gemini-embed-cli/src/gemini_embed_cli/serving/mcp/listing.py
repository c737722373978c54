"""The tool `list_sources`: what can be searched and fetched, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence

from gemini_embed import GeminiEmbedError, MultimodalIndex
from gemini_embed.agents import Listed, list_sources
from gemini_embed.models import Modality

from gemini_embed_cli.serving.mcp.answers import Answer, uri_of
from gemini_embed_cli.serving.mcp.folders import Folders, Served, is_known
from gemini_embed_cli.serving.mcp.shapes import Json

MOST = 50
"""Sources at once."""


def listed(
    folders: Folders, modality: Modality | None, name: str | None, after: str | None, folder: str | None
) -> Answer:
    """The sources of the folders, in the order of the folders and of their links.

    Raises:
        InputError: no such folder.
        GeminiEmbedError: none of the folders could be read.
    """
    wanted = folders.named(folder)
    starts = folders.meant(after) if after and after.strip() else []
    if len({served.name for served, _ in starts}) == 1 and starts[0][0] in wanted:
        wanted = wanted[wanted.index(starts[0][0]) :]
    sources: list[Json] = []
    words: list[str] = []
    failed: list[GeminiEmbedError] = []
    left, is_whole = 0, True
    for served in wanted:
        try:
            with served.folder.index() as index:
                after_here = _after(index, [link for one, link in starts if one == served])
                page = list_sources(index, kind=modality, name=name, after=after_here, most=max(MOST - len(sources), 1))
        except GeminiEmbedError as error:
            failed.append(error)
            continue
        if len(sources) < MOST:
            sources += [_source(one, served, folders) for one in page.sources]
            left += page.left
        else:
            left += page.left + len(page.sources)
        is_whole = is_whole and page.is_whole
    if failed and not sources:
        raise failed[0]
    words = [_line(one) for one in sources] or ["No such sources."]
    ending: Json = {}
    if left:
        ending = {"after": sources[-1]["link"]}
        words.append(f"({left:,} more follow: after={ending['after']})")
    if not is_whole:
        words.append("(there may be others: not all records were looked at)")
    words += [f"({error})" for error in failed]
    return Answer("\n".join(words), {"sources": sources, "left": left} | ending)


def _after(index: MultimodalIndex, links: Sequence[str]) -> str | None:
    """What a page is to follow, of the ways to read what was given; the first where none is a source any more."""
    return next((link for link in links if is_known(index, link)), next(iter(links), None))


def _source(one: Listed, served: Served, folders: Folders) -> Json:
    link = folders.shown(one.link, served)
    url = uri_of(one.link, one.link)
    told = {"link": link, "modality": one.kind, "url": url, "records": one.records}
    return told | {name: value for name, value in (("length", one.length), ("title", one.title)) if value}


def _line(source: Json) -> str:
    length = f" ({source['length']})" if "length" in source else ""
    title = f' "{source["title"][:80]}"' if source.get("title", source["link"]) != source["link"] else ""
    return f"{source['modality']} {source['link']}{length}{title}"
