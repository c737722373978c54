"""`gemini-embed sync FOLDER`: the index made to hold what the folder holds."""

from __future__ import annotations

from pathlib import Path

from gemini_embed import GeminiDescriber

from gemini_embed_cli.commands.given import Flag, Money, Where, Which
from gemini_embed_cli.commands.pricing import bought, limit_of
from gemini_embed_cli.commands.reporting import tell


def sync(
    folder: Path | None = None,
    /,
    *,
    where: Where | None = None,
    money: Money | None = None,
    which: Which | None = None,
    watch: Flag = False,
    describe: str | None = None,
    json: Flag = False,
) -> None:
    """Make the index hold what a folder holds: embed what is new or has changed, remove what is gone.

    Parameters
    ----------
    folder
        The folder, the current one by default; its index lives in .gemini-embed/ below it, unless --folder says where.
    watch
        Go on, and sync again whenever something changes, until Ctrl-C.
    describe
        A Gemini model, such as gemini-2.5-flash, that writes transcripts, captions and the text of scans.
    json
        The report as JSON.
    """
    money = money or Money()
    with (where or Where()).opened(folder) as opened, opened.index(new=True) as index:
        place = opened.place(folder)
        files = which or Which()
        words = GeminiDescriber(model=describe) if describe else None
        report = bought(
            lambda limit: index.sync(place, **files.options(max_cost_usd=limit, describe=words)),
            lambda: index.estimate(place, **files.options(describe=words)),
            index,
            money,
            opened.settings,
        )
        tell(report, json=json, emulator=opened.settings.emulator)
        if watch:
            limit = limit_of(money, opened.settings)
            for report in index.watch(place, **files.options(max_cost_usd=limit, describe=words)):
                tell(report, json=json, emulator=opened.settings.emulator)
