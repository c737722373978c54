"""`gemini-embed search WORDS|FILE...`: what is found, as a table with links."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from gemini_embed_cli.commands.finding import Search
from gemini_embed_cli.commands.given import Flag, Where

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
    asked = Search(query=query, k=k, kind=kind, filter=filter, open_=open_, html=html, json=json)
    return asked.done((where or Where()).opened())
