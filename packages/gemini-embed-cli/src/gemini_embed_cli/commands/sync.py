"""`gemini-embed sync FOLDER`: the index made to hold what the folder holds."""

from __future__ import annotations

from pathlib import Path

from gemini_embed_cli.commands.given import Flag, Money, Where
from gemini_embed_cli.commands.pricing import agree
from gemini_embed_cli.commands.reporting import tell


def sync(
    folder: Path | None = None,
    /,
    *,
    where: Where | None = None,
    money: Money | None = None,
    gitignore: Flag = False,
    json: Flag = False,
) -> None:
    """Make the index hold what a folder holds: embed what is new or has changed, remove what is gone.

    Parameters
    ----------
    folder
        The folder, the current one by default; its index lives in .gemini-embed/ below it, unless --folder says where.
    gitignore
        Leave out what .gitignore files leave out.
    json
        The report as JSON.
    """
    money = money or Money()
    with (where or Where()).opened(folder) as opened, opened.index(new=True) as index:
        place = (folder or opened.settings.folder).expanduser().resolve()
        if not opened.settings.emulator:
            agree(index.estimate(place, respect_gitignore=gitignore), money, opened.settings)
        report = index.sync(place, max_cost_usd=money.max_cost, respect_gitignore=gitignore)
    tell(report, json=json, emulator=opened.settings.emulator)
