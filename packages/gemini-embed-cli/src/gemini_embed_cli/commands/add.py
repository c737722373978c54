"""`gemini-embed add FILE|FOLDER|URL...`: things that come into the index beside what sync brings."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from gemini_embed_cli.commands.given import Flag, Money, Where
from gemini_embed_cli.commands.pricing import bought
from gemini_embed_cli.commands.reporting import tell
from gemini_embed_cli.folder import FolderError

if TYPE_CHECKING:
    from gemini_embed import Item


def add(
    *things: str,
    where: Where | None = None,
    money: Money | None = None,
    stdin: Flag = False,
    source: str | None = None,
    title: str | None = None,
    json: Flag = False,
) -> None:
    """Add files, folders and web addresses of media to the index; what is there already is not embedded again.

    Parameters
    ----------
    things
        Files, folders, addresses.
    stdin
        Add the text on standard input.
    source
        What the text on standard input is called; what was called so before is replaced.
    title
        Title that the text on standard input is embedded with.
    json
        The report as JSON.
    """
    from gemini_embed import Item

    money = money or Money()
    items = list(_items(things))
    if stdin:
        items.append(Item(sys.stdin.read(), source=source or "stdin", title=title))
    if not items:
        raise FolderError("add what? Name files, folders or addresses, or say --stdin for a text on standard input")
    with (where or Where()).opened() as opened, opened.index(new=True) as index:
        report = bought(
            lambda limit: index.add(items, on_error="skip", max_cost_usd=limit),
            lambda: index.estimate(items, on_error="skip"),
            index,
            money,
            opened.settings,
        )
    tell(report, json=json, emulator=opened.settings.emulator)
    if report.skipped and not (report.added or report.reused):
        raise FolderError("nothing of it could be added")


def _items(things: tuple[str, ...]) -> Iterator[Item]:
    from gemini_embed import Item
    from gemini_embed.content import media_of_type

    for thing in things:
        if "://" in thing:
            import mimetypes

            part = media_of_type(mimetypes.guess_type(thing.partition("?")[0])[0] or "")
            if part is None:
                raise FolderError(f"{thing}: its name tells no kind of picture, recording, film or PDF")
            yield Item(part(thing))
        else:
            path = Path(thing).expanduser().resolve()
            if not path.exists():
                raise FolderError(f"there is no {path}")
            yield Item(path)
