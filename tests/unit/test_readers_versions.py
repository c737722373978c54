"""What each reader makes of its sample, pinned with its version: neither changes without the other.

`sync` reads a file anew when the version of its reader changes, and only then: who changes what a reader gives raises
its version in the same step. A failure here prints the new row.
"""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
from fix_documents import PLANTED
from gemini_embed.indexing.recognising import TextFile, file_part
from gemini_embed.readers import Passage, contents_of, label_of, reader_of
from gemini_embed.readers.table import KINDS
from gemini_embed.windows import text_windows

_DATA = base64.b64encode(bytes(range(256)) * 2).decode()
_SHELL = f"#!/bin/sh\n# Bakes bread.\nbake() {{\n  echo oven\n}}\n\nFONT={_DATA}\nbake\n"
_TURN = "    def turn(self):\n" + "        self.wheel += 1\n" * 90
_CLASS = f'class Mill:\n    """Grinds."""\n\n{_TURN}\n    def stop(self):\n        pass\n'
_PROSE = f"# The mill\n\nIt grinds rye. Every day.\n\n![wheel](data:image/png;base64,{_DATA})\n\n{'A sentence. ' * 400}"
SAMPLES: dict[str, tuple[str | bytes, ...]] = {
    "table.csv": ("Last, first,Age\n\n1,2\n", f'a;b\n"x;\ny";{_DATA}\n'),
    "mill.py": (_CLASS,),
    "bake.sh": (_SHELL,),
}
"""Beside what is planted in `fix_documents`."""
PINNED: dict[str, tuple[str, str]] = {
    "archive.docx": ("docx 2", "35d05499dd8b"),
    "bake.py": ("code-python 2", "87534e9939e1"),
    "bake.sh": ("code-shell 2", "ad562b89f121"),
    "bees.odt": ("odf 2", "0f6328ce4cb1"),
    "bells.vtt": ("subtitles 2", "393db7fd40e6"),
    "choir.odp": ("odf 2", "a73cc766427b"),
    "dairy.srt": ("subtitles 2", "28fcce0a9dd9"),
    "ferry.epub": ("epub 2", "b66ac2df505d"),
    "garden.svg": ("svg 2", "641bcc1b2743"),
    "herd.ods": ("odf 2", "0f30ac1e9453"),
    "mill.html": ("html 2", "d9dc7e8c1ad7"),
    "mill.md": ("text 2", "3ae80f291beb"),
    "mill.py": ("code-python 2", "4e69fa633255"),
    "offer.eml": ("mail 2", "0cca155d0084"),
    "orchard.pptx": ("pptx 2", "5ae5e1baeae5"),
    "peaks.jsonl": ("json-lines 2", "0575062b954b"),
    "people.csv": ("csv 2", "f529abceb282"),
    "rain.ipynb": ("notebook 2", "3cde6387b7bb"),
    "sundial.rtf": ("rtf 2", "bb339ef2fef2"),
    "table.csv": ("csv 2", "594a48eefec9"),
    "tools.xlsx": ("xlsx 2", "b407a4d7e6d9"),
}


def read(name: str) -> list[object]:
    """All that a reader makes of a sample: of pictures all but their bytes, which are those of other libraries."""
    reader = reader_of(Path(name))
    assert reader is not None
    held = SAMPLES.get(name) or tuple(dict.fromkeys(one.make() for one in PLANTED if one.file == name))
    found: list[object] = []
    for sample in held:
        data = sample.encode() if isinstance(sample, str) else sample
        assert reader.takes(data[:8192])
        for one in contents_of(reader, data, name, most_tokens=256, most_passages=999):
            symbol = one.symbol if isinstance(one, Passage) else "picture"
            found.append([one.text, one.place.metadata, symbol, one.heading, dict(one.metadata)])
    return found


def digest(said: object) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:12]


@pytest.mark.parametrize("name", sorted({*(one.file for one in PLANTED if reader_of(Path(one.file))), *SAMPLES}))
def test_a_reading_and_its_version(name: str) -> None:
    needs = {"offer.eml": "pypdfium2", "bake.sh": None}
    if (library := needs.get(name)) and not find_spec(library):
        pytest.skip(f"{library} is not installed")
    now = (label_of(Path(name)), digest(read(name)))
    assert now == PINNED.get(name), f"raise the version where the reading changed, then pin {name!r}: {now!r}"


def test_prose_and_its_version(tmp_path: Path) -> None:
    file = tmp_path / "mill.md"
    file.write_text(_PROSE, "utf-8")
    found = file_part(file, None)
    assert isinstance(found, TextFile)
    windows = [[one.text, found.said.place(one).metadata] for one in text_windows(found.said.text, tokens=256)]
    now = (label_of(file), digest(windows))
    assert now == PINNED["mill.md"], f"raise PROSE where the reading changed, then pin 'mill.md': {now!r}"


def test_every_reader_is_pinned() -> None:
    """Those of the table of kinds."""
    assert {kind.reader.name for kind in KINDS} <= {label.partition(" ")[0] for label, _ in PINNED.values()}
