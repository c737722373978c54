"""`gemini-embed estimate [FOLDER]`: what sync would embed, and its likely price; nothing is sent, no key is needed."""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Literal

from gemini_embed_cli.commands.given import Flag, Where, Which
from gemini_embed_cli.commands.telling import as_json, say
from gemini_embed_cli.folder import has_key


def estimate(
    folder: Path | None = None,
    /,
    *,
    where: Where | None = None,
    price: Literal["online", "batch"] = "online",
    which: Which | None = None,
    json: Flag = False,
) -> None:
    """Tell what sync would embed and what it would likely cost. Nothing is sent.

    Parameters
    ----------
    folder
        The folder, the current one by default.
    price
        Of ordinary calls, or of batch jobs, which cost half and take up to a day.
    json
        As JSON.
    """
    if not has_key(os.environ):
        os.environ["GEMINI_API_KEY"] = "none"  # counting asks nobody, so nobody is asked for a key
    with (where or Where()).opened(folder) as opened, ExitStack() as stack:
        from gemini_embed import EdgeStore, MultimodalIndex

        if opened.settings.store is None and not opened.home.is_indexed:
            empty = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "empty"
            index = stack.enter_context(MultimodalIndex(opened.embedder, EdgeStore(empty)))
        else:
            index = stack.enter_context(opened.index())
        place = opened.place(folder)
        found = index.estimate(place, **(which or Which()).options(price=price))
    if json:
        told = {"files": found.files, "items": found.items, "tokens": found.tokens, "usd": found.usd}
        as_json(told | {"by_modality": found.by_modality, "known": found.known, "price_note": found.price_note})
    else:
        say(str(found))
