"""`gemini-embed search WORDS|FILE...`: what is found, as a table with links."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from gemini_embed_cli.answers import founds
from gemini_embed_cli.commands.given import Where
from gemini_embed_cli.commands.telling import as_json, note, table


def search(
    *query: str,
    where: Where | None = None,
    k: Annotated[int, Parameter(alias="-k")] = 10,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Find what is nearest to words, a picture, a recording or any of them together.

    Parameters
    ----------
    query
        Words, files, or both: several are one query.
    k
        Most hits wanted.
    json
        The answer as JSON.
    """
    with (where or Where()).opened() as opened, opened.index() as index:
        hits = founds(index.search(" ".join(query), k), opened.settings.folder)
        if json:
            as_json({"folder": str(opened.settings.folder), "hits": [hit.to_dict() for hit in hits]})
        elif hits:
            table(hits, opened.settings.folder)
        else:
            note("nothing found")
    return 0 if hits else 1
