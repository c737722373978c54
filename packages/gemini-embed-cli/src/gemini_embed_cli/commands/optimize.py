"""`gemini-embed optimize`: what makes searches in a large index fast."""

from __future__ import annotations

from typing import Literal

from gemini_embed_cli.commands.given import Flag, Where
from gemini_embed_cli.commands.telling import say
from gemini_embed_cli.folder import FolderError


def optimize(
    *,
    where: Where | None = None,
    codes: Literal["int8", "turbo4", "turbo2", "turbo1", "binary", "none"] | None = None,
    words: Flag = False,
) -> None:
    """Build the graph that searches of 100,000 vectors and more are fast by. It needs no key.

    Parameters
    ----------
    codes
        Make these smaller copies of the vectors in place of those that are there.
    words
        Keep the words of all records too: searches find by both from then on, and words in quotes must occur.
    """
    with (where or Where()).opened() as opened:
        store = opened.store()
        made = store.made_with()
        if made is None:
            raise FolderError(f"{store} holds no index yet: gemini-embed sync {opened.settings.folder}")
        store.open(made)
        if codes is None:
            store.optimize()
        else:
            store.requantize(codes)
        if words:
            store.add_words()
        say(f"optimised: {store.count():,} vectors, codes {store.kept_quantization() or 'none told'}")
