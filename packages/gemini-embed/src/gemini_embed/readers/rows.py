"""Tables as text: CSV, and JSON with an object a line. A record for each of their rows."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gemini_embed.errors import MediaError
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers.encoded import without_data
from gemini_embed.readers.encoding import may_be_text, text_of
from gemini_embed.readers.flow import Flow
from gemini_embed.readers.limits import MOST_BYTES, check_size
from gemini_embed.readers.passages import Passage
from gemini_embed.windows import text_windows

_DELIMITERS = ",;\t|"
_SAMPLE = 16_384
_QUOTED = re.compile(r'"[^"]*"')
_DEEPEST = 20


class CsvReader:
    """Reads tables with a delimiter; the first row names the columns where it looks like names."""

    name = "csv"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage]:
        text = _text(data, name)
        rows = csv.reader(io.StringIO(text, newline=""), _dialect(text[:_SAMPLE]), strict=False)
        return self._records(rows, name, most_tokens)

    def _records(self, rows: Iterator[Sequence[str]], name: str, most_tokens: int) -> Iterator[Passage]:
        at, names = 0, None
        try:
            for number, row in enumerate(rows, 1):
                if not any(cell.strip() for cell in row):
                    continue
                if names is None:
                    names = [cell.strip() for cell in row] if are_names(row) else []
                    if names:
                        continue
                flow = Flow(at)  # one a row: who wants no more than some reads no further
                flow.part(f"row={number}", metadata={"row": number})
                flow.text(as_text(names, row))
                yield from flow.passages(most_tokens)  # type: ignore[misc]  # of which none is a picture
                at = flow.at
        except csv.Error as error:
            raise MediaError(f"{name} cannot be read as a table: {error}", "damaged") from error


class JsonLinesReader:
    """Reads files with an object of JSON a line."""

    name = "json-lines"
    version = "2"
    metadata: Mapping[str, Any] = {}

    def takes(self, head: bytes) -> bool:
        return may_be_text(head)

    def passages(self, data: bytes, name: str, most_tokens: int) -> Iterator[Passage]:
        number = 0
        for number, line in enumerate(_text(data, name).split("\n"), 1):
            if not line.strip():
                continue
            try:
                said = "\n".join(_lines_of(json.loads(line)))
            except (ValueError, RecursionError) as error:
                raise MediaError(f"{name} holds no JSON in line {number}: {error}", "damaged") from error
            place = Excerpt(line_start=number, line_end=number)
            for window in text_windows(without_data(said), tokens=most_tokens):
                yield Passage(window.text, place)


def _text(data: bytes, name: str) -> str:
    check_size(data, MOST_BYTES, name)
    text = text_of(data)
    if text is None:
        raise MediaError(f"{name} is no text, though its name says so: it begins {data[:16]!r}", "unknown")
    return text


def _dialect(sample: str) -> type[csv.Dialect]:
    first = _QUOTED.sub("", sample.partition("\n")[0])
    delimiter = max(_DELIMITERS, key=first.count)

    class Found(csv.excel):
        pass

    Found.delimiter = delimiter
    return Found


def are_names(row: Sequence[str]) -> bool:
    """Whether the first row of a table names its columns: words, each of them once."""
    cells = [cell.strip() for cell in row]
    filled = [cell for cell in cells if cell]
    return bool(filled) and len(set(filled)) == len(filled) and not any(is_number(cell) for cell in filled)


def is_number(text: str) -> bool:
    """Whether a cell holds a number, in any of the ways to write one."""
    return bool(text) and text.strip("+-€$£%").replace(",", "").replace(".", "").replace(" ", "").isdigit()


def as_text(names: Sequence[str] | None, cells: Sequence[str]) -> str:
    """A row in words: `Material: larch`, a line for each cell that holds something."""
    named = [names[at] if names and at < len(names) else "" for at in range(len(cells))]
    pairs = ((name, " ".join(cell.split())) for name, cell in zip(named, cells, strict=True))
    return "\n".join(f"{name}: {cell}" if name else cell for name, cell in pairs if cell)


def _lines_of(value: Any, name: str = "", depth: int = 0) -> Iterator[str]:
    """An object as lines such as `address.city: Bergen`."""
    if isinstance(value, dict) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _lines_of(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST and any(isinstance(one, dict | list) for one in value):
        for inner in value:
            yield from _lines_of(inner, name, depth + 1)
    elif value is not None and value not in ("", [], {}):
        said = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield f"{name}: {said}" if name else said
