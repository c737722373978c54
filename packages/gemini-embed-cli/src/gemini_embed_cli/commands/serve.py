"""`gemini-embed serve FOLDER`: a page to search a folder on."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gemini_embed_cli.commands.given import Where
from gemini_embed_cli.commands.telling import note
from gemini_embed_cli.folder import OpenFolder


def serve(
    folder: Path | None = None,
    /,
    *,
    where: Where | None = None,
    host: str = "127.0.0.1",
    port: int = 8460,
    token: str | None = None,
    name: Annotated[tuple[str, ...], Parameter(negative="")] = (),
    open: Annotated[bool, Parameter(negative="")] = False,  # noqa: A002 - the flag's name
) -> int:
    """A page to search a folder on: type, drop or paste a picture, speak.

    Parameters
    ----------
    folder
        The folder, the current one by default; `gemini-embed sync` it first.
    host
        What to listen on. Others than this machine reach what is no loopback address: they need the token.
    port
        0 takes any that is free.
    token
        What requests must bring, of 16 characters or more; beyond the loopback one is made up where none is given.
    name
        A host name that leads here too, such as that of a proxy.
    open
        Open the page in a browser.
    """
    from gemini_embed_cli.serving.page.running import serve as run

    def told(address: str) -> None:
        note(f"{settings.folder} can be searched on {address}\nCtrl-C ends it.")
        if settings.store is None and not opened.home.is_indexed:
            note(f"But {opened.home.why_not()}")
        if open:
            import webbrowser

            webbrowser.open(address)

    settings = (where or Where()).settings(folder)
    with OpenFolder(settings, confined=True) as opened, contextlib.suppress(KeyboardInterrupt):
        run(opened, host=host, port=port, token=token, names=name, told=told)
    return 0
