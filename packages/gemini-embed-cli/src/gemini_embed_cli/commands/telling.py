"""What is told: tables and sentences on a terminal, JSON in a pipe; never colour in a file."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemini_embed import Hit

    from gemini_embed_cli.answers import Found

_LONGEST = 160
"""Letters of a text in a table."""


def as_json(answer: Any) -> None:
    """One JSON value on stdout."""
    say(json.dumps(answer, ensure_ascii=False, indent=2))


def say(words: str) -> None:
    """The answer in words, on stdout."""
    sys.stdout.write(f"{writable(words)}\n")
    sys.stdout.flush()  # who reads a pipe of `sync --watch` waits for it


def writable(words: str) -> str:
    """As stdout can write it: a name of a file that is no UTF-8, or no letter of a terminal's own set, with escapes."""
    encoding = sys.stdout.encoding or "utf-8"
    return words.encode(encoding, "backslashreplace").decode(encoding)


def note(sentence: str) -> None:
    """A sentence for the person, which no pipe takes for the answer."""
    sys.stderr.write(f"{sentence}\n")


def table(hits: Sequence[Found], folder: Path) -> None:
    """The hits, with links that a terminal opens; plain lines where it is none."""
    if not sys.stdout.isatty():
        for hit in hits:
            words = " ".join(hit.text.split())[:_LONGEST]
            say(f"{hit.rank:2}  {hit.score:.2f}  {hit.modality:6} {hit.link}{f'  {words}' if words else ''}")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("", "score", "kind", "where", "what it says"):
        shown.add_column(name, justify="right" if name in ("", "score") else "left", overflow="fold")
    for hit in hits:
        where = Text(writable(hit.link), style=f"link {writable(address(hit, folder))}")
        shown.add_row(
            str(hit.rank), f"{hit.score:.2f}", hit.modality, where, Text(writable(_cut(hit.text)), style="dim")
        )
    Console().print(shown)


def open_hit(hit: Hit) -> None:
    """Have the system open it: a browser turns to the page of a PDF and to the second of a film."""
    import webbrowser

    link = hit.link
    where = link if "://" in link else f"file://{link}"
    if not webbrowser.open(where):
        note(f"nothing here opens {where}")


def address(hit: Found, folder: Path) -> str:
    """What opens the hit: its link as a whole address."""
    if "://" in hit.link:
        return hit.link
    return f"file://{hit.link}" if hit.link.startswith("/") else f"{folder.as_uri()}/{hit.link}"


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
