"""Tables of cells, as Markdown and as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape


def markdown(said: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A line about it, and the table."""
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join([said, "", *(f"| {' | '.join(line)} |" for line in lines)])


def html(said: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same for a notebook."""
    lines = [_line("th", head), *(_line("td", row) for row in rows)]
    return f"<p>{escape(said)}</p><table>{''.join(lines)}</table>"


def _line(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"
