"""What was spent on a folder: a line each time, so that processes and kills leave no count in halves."""

from __future__ import annotations

import json
import time

from gemini_embed_cli.folder.home import Home

_FILE = "spent.jsonl"


def spent(home: Home, usd: float) -> None:
    """Write down that so much was spent, where it was anything."""
    if usd > 0 and home.path.is_dir():
        with (home.path / _FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": round(time.time()), "usd": usd}) + "\n")


def spent_usd(home: Home) -> float:
    """All that was spent; a line that a kill or a full disk cut short is passed over."""
    file = home.path / _FILE
    lines = file.read_text("utf-8").splitlines() if file.is_file() else []
    return sum(map(_usd, lines))


def _usd(line: str) -> float:
    # What comes after half a line stands on the same one.
    _, mark, whole = line.rpartition('{"at"')
    try:
        return float(json.loads(mark + whole)["usd"])
    except ValueError:
        return 0.0
