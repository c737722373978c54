"""`gemini-embed sync FOLDER`: the index made to hold what the folder holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from gemini_embed_cli.commands.given import Where
from gemini_embed_cli.commands.telling import as_json, note


def sync(
    folder: Path | None = None,
    /,
    *,
    where: Where | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Make the index hold what a folder holds: embed what is new or has changed, remove what is gone.

    Parameters
    ----------
    folder
        The folder, the current one by default; its index lives in .gemini-embed/ below it.
    json
        The report as JSON.
    """
    with (where or Where()).opened(folder) as opened, opened.index(new=True) as index:
        report = index.sync((folder or opened.settings.folder).resolve())
        if json:
            as_json({"added": report.added, "reused": report.reused, "usd": report.usd})
        else:
            note(str(report))
    return 0
