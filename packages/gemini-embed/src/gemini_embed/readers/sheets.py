"""Spreadsheets: rows under their column's names, with sheet and cells."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any

from gemini_embed.errors import missing_extra
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.passages import Passage, Picture
from gemini_embed.readers.rows import are_names
from gemini_embed.readers.zips import may_be_zip, opened_zip
from gemini_embed.tokens import likely_tokens

ROWS_TOKENS = 160
"""A passage of rows has no more, but at least one row."""
_MOST_CELLS = 2_000_000
"""Of one file; those that hold nothing are counted too."""
_PLAIN = re.compile(r"[A-Za-z_][\w.]*")

Rows = Iterable[tuple[int, Sequence[str]]]
"""Numbered from 1; rows without anything may be left out."""


class XlsxReader:
    """Reads XLSX, and XLSM without its macros: what cells show, not their formulas."""

    name = "xlsx"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_zip(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage | Picture]:
        opened_zip(data, name).close()
        try:
            from openpyxl import load_workbook
        except ImportError as error:
            raise missing_extra("documents", "openpyxl (to read spreadsheets)") from error
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        flow = Flow()
        try:
            for sheet in book.worksheets:
                sheet.reset_dimensions()  # what they say may be far more than there is
                rows = enumerate(sheet.iter_rows(values_only=True), 1)
                add_sheet(
                    flow, sheet.title, ((number, [shown(cell) for cell in row]) for number, row in rows), most_tokens
                )
        finally:
            book.close()
        return flow.passages(most_tokens)


def add_sheet(flow: Flow, title: str, rows: Rows, most_tokens: int) -> None:
    """The rows of a sheet, some of them together; the first names the columns where it holds names alone."""
    names: Sequence[str] | None = None
    gathered: list[str] = []
    first = last = widest = tokens = seen = 0
    for number, cells in rows:
        seen += len(cells) + 1
        if seen > _MOST_CELLS:
            break
        if not any(cells):
            continue
        if names is None:
            names = cells if are_names(cells) and sum(map(bool, cells)) > 1 else ()
            if names:
                continue
        said = _said(names, cells)
        more = likely_tokens(said)
        if gathered and tokens + more > min(ROWS_TOKENS, most_tokens):
            _add(flow, title, gathered, first, last, widest)
            gathered, tokens, widest = [], 0, 0
        if not gathered:
            first = number
        gathered.append(said)
        last, tokens = number, tokens + more
        widest = max(widest, *(at for at, cell in enumerate(cells, 1) if cell))
    if gathered:
        _add(flow, title, gathered, first, last, widest)
    elif names:
        _add(flow, title, [" | ".join(filter(None, names))], 1, 1, len(names))


def _add(flow: Flow, title: str, said: Sequence[str], first: int, last: int, widest: int) -> None:
    cells = "A1" if (first, last, widest) == (1, 1, 1) else f"A{first}:{column(widest)}{last}"
    named = title if _PLAIN.fullmatch(title) else "'" + title.replace("'", "''") + "'"
    flow.part(f"{named}!{cells}", heading=title, metadata={"sheet": title, "cells": cells})
    flow.text("\n".join(said))


def _said(names: Sequence[str], cells: Sequence[str]) -> str:
    named = (f"{names[at]}: {cell}" if at < len(names) and names[at] else cell for at, cell in enumerate(cells) if cell)
    return " | ".join(named)


def column(number: int) -> str:
    """The letters of a column, counted from 1: A, Z, AA."""
    letters = ""
    while number > 0:
        number, at = divmod(number - 1, 26)
        letters = chr(65 + at) + letters
    return letters


def shown(value: object) -> str:
    """What a cell shows."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, float):
        return f"{value:.12g}"
    return " ".join(str(value).split())
