"""`gemini-embed recall`: how much of what an exact search finds the index's codes find."""

from __future__ import annotations

from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import as_json, say


def recall(*queries: str, where: Where | None = None, sample: int = 100, json: Flag = False) -> None:
    """Measure what the codes of the index find, against exact searches of the same index.

    Parameters
    ----------
    queries
        Questions to ask, each in quotes; without any, records of the index are asked for their neighbours.
    sample
        How many records are asked, where there are no questions.
    json
        As JSON.
    """
    from gemini_embed.evaluation import recall_table

    with (where or Where()).opened() as opened, opened.index() as index:
        table = recall_table(index, queries or None, sample=None if queries else sample)
    if not json:
        say(table.markdown())
        return
    cells = [
        {"limit": limit, "oversampling": times, "rescore": rescore, "recall": found, "p50_ms": table.p50_ms[at]}
        for at, found in table.recall.items()
        for limit, times, rescore in [at]
    ]
    about = {"codes": table.quantization, "records": table.records, "dimensions": table.dimensions}
    as_json(about | {"queries": table.queries, "exact_p50_ms": table.exact_p50_ms, "cells": cells})
