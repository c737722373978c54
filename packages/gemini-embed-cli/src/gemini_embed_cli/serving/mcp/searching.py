"""The tool `search`: the folders searched, what was found in words, as JSON, with pictures and links."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from gemini_embed import GeminiEmbedError, Hit, InputError
from gemini_embed.models import Modality
from gemini_embed.stores.filters import parse, restricted

from gemini_embed_cli.answers import found
from gemini_embed_cli.folder import words_kept
from gemini_embed_cli.serving.mcp.answers import Answer, link_to, titled, url_of
from gemini_embed_cli.serving.mcp.folders import Folders, Served
from gemini_embed_cli.serving.mcp.numbers import Numbers
from gemini_embed_cli.serving.mcp.pictures import SMALL, picture_of
from gemini_embed_cli.serving.mcp.queries import query_of
from gemini_embed_cli.serving.mcp.shapes import Json

if TYPE_CHECKING:
    from mcp_types import ContentBlock

MOST_RESULTS = 50
MOST_PICTURES = 4
MOST_FILTER = 10_000
"""Characters of a filter's JSON."""
TEXT_SHOWN = 1_200
"""Characters of a result's text; fetch has all of it."""
TEXTS_SHOWN = 24_000
"""Of all results together, some 6,000 tokens: clients warn of more than 10,000."""


@dataclass(frozen=True)
class Asked:
    """What a model asks for."""

    query: str
    file: str | None = None
    modality: Modality | None = None
    count: int = 8
    filter: Mapping[str, Any] | None = None
    folder: str | None = None
    pictures: int = MOST_PICTURES


def search(asked: Asked, folders: Folders, numbers: Numbers) -> Answer:
    """The results of a search.

    Raises:
        InputError: arguments that mean nothing, or too much of them.
        GeminiEmbedError: none of the folders could be searched.
    """
    _check(asked)
    hits, notes = _found(asked, folders)
    results: list[Json] = []
    pictures: list[ContentBlock] = []
    links: dict[str, ContentBlock] = {}
    for rank, (served, hit) in enumerate(hits, 1):
        number = numbers.number(hit, served)
        result = _result(hit, served, folders, rank, number, TEXTS_SHOWN // max(len(hits), 1))
        if len(pictures) < asked.pictures and (picture := picture_of(hit, SMALL)[0]):
            pictures.append(picture)
            result["picture"] = len(pictures)
        results.append(result)
        place = folders.shown(hit.record.uri or hit.link, served)
        if place not in links and (link := link_to(hit, place)):
            links[place] = link
    words = "\n\n".join([*map(_words, results), *(f"({note})" for note in notes)]) or "Nothing was found."
    as_json: Json = {"results": results} | ({"notes": notes} if notes else {})
    return Answer(words, as_json, [*pictures, *links.values()])


def _check(asked: Asked) -> None:
    if not 1 <= asked.count <= MOST_RESULTS:
        raise InputError(f"k={asked.count}: how many results, from 1 to {MOST_RESULTS}")
    if not 0 <= asked.pictures <= MOST_PICTURES:
        raise InputError(f"pictures={asked.pictures}: from 0 to {MOST_PICTURES}")
    if asked.filter is not None and len(json.dumps(asked.filter)) > MOST_FILTER:
        raise InputError(f"the filter has more than {MOST_FILTER:,} characters: ask for less")
    parse(asked.filter)


def _found(asked: Asked, folders: Folders) -> tuple[list[tuple[Served, Hit]], list[str]]:
    """Hits of all folders asked, the best of each in turn; and why a folder had none to give."""
    wanted = folders.named(asked.folder)
    each: list[list[tuple[Served, Hit]]] = []
    failed: list[GeminiEmbedError] = []
    for served in wanted:
        try:
            each.append([(served, hit) for hit in _in_folder(asked, served, folders)])
        except InputError:
            raise  # what was asked is at fault, not the folder
        except GeminiEmbedError as error:
            failed.append(error)
    if failed and not each:
        raise failed[0]
    # Scores of folders are not compared: each ranks what it has, whatever its kinds.
    in_turn = [one for one in chain.from_iterable(zip_longest(*each)) if one is not None]
    return in_turn[: asked.count], [str(error) for error in failed]


def _in_folder(asked: Asked, served: Served, folders: Folders) -> Sequence[Hit]:
    with served.folder.index() as index:
        query = query_of(asked.query, asked.file, folders, index.embedder)
        given = restricted(asked.filter, asked.modality) if asked.modality else asked.filter
        return index.search(query, asked.count, filter=given, lexical=words_kept(index, asked.query))


def _result(hit: Hit, served: Served, folders: Folders, rank: int, number: int, most: int) -> Json:
    told = found(hit, rank, served.root).to_dict()
    link = folders.shown(hit.link, served)
    told |= {"link": link, "source": folders.shown(told["source"], served)}
    text = told.get("text") or ""
    most = min(most, TEXT_SHOWN)
    if len(text) > most:
        told["text"] = f"{text[:most]}… (goes on: fetch {number})"
    several = {"folder": served.name} if len(folders.all) > 1 else {}
    return {"number": number, **told, "title": titled(hit, link), "url": url_of(hit), **several}


def _words(result: Json) -> str:
    title = f' "{result["title"]}"' if result["title"] != result["link"] else ""
    picture = f" (picture {result['picture']})" if "picture" in result else ""
    head = f"[{result['number']}] {result['modality']} {result['link']}{title}{picture}"
    return "\n".join(filter(None, (head, result.get("text", "").strip())))
