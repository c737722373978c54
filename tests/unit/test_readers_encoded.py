"""Data written as text: what of it is left out, what stays, and where the rest stands."""

from __future__ import annotations

import base64
import json
import random
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed.excerpt import Excerpt
from gemini_embed.readers import contents_of, reader_of
from gemini_embed.readers.encoded import said_of, without_data

_CHANCE = random.Random(15)  # noqa: S311 - the same each time


def data(size: int, *, width: int = 0, begin: str = "", end: str = "\n") -> str:
    """Base64 of so many bytes, in lines of `width` that begin and end so."""
    text = base64.b64encode(_CHANCE.randbytes(size)).decode()
    return end.join(begin + line for line in textwrap.wrap(text, width)) if width else text


HEX = _CHANCE.randbytes(400).hex()
NAMES = "".join(f"org/example/reports/Year{year}/Quarter{year % 4}/Summary" for year in range(2019, 2026))
HASHES = "\n".join(base64.b64encode(_CHANCE.randbytes(32)).decode() for _ in range(12))
LOCK = "\n".join(f'  integrity "sha512-{base64.b64encode(_CHANCE.randbytes(64)).decode()}",' for _ in range(5))
ADDRESS = f"https://lh3.example.com/{base64.urlsafe_b64encode(_CHANCE.randbytes(240)).decode()}"
CHINESE = "水车有四十二片落叶松木桨叶" * 40
PROTEIN = "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILSRVGDGTQDNLSGAEKAVQVKVKALPDAQFEVV" * 5
PEM = f"-----BEGIN CERTIFICATE-----\n{data(700, width=64)}\n-----END CERTIFICATE-----"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param(f"![a]({'data:image/png;base64,'}{data(90)}) b", "![a]() b", id="picture-of-markdown"),
        pytest.param(f"url(data:font/woff2;base64,{data(300)}) c", "url() c", id="font-of-css"),
        pytest.param(
            f"//# sourceMappingURL=data:application/json;charset=utf-8;base64,{data(50)}",
            "//# sourceMappingURL=",
            id="source-map",
        ),
        pytest.param(f"a data:;base64,{data(30)} b", "a  b", id="uri-of-no-type"),
        pytest.param(
            f"url(data:image/svg+xml,{'%3Cpath d=%22M0 0h24v24H0z%22/%3E'.replace(' ', '%20') * 3})",
            "url()",
            id="drawing-in-percent",
        ),
        pytest.param(
            "url('data:image/svg+xml;utf8,<svg viewBox=\"0 0 9 9\"><path d='M0 0'/></svg>') a",
            "url('') a",
            id="drawing-as-it-is",
        ),
        pytest.param(f"key: {data(150)}!", "key: !", id="200-characters"),
        pytest.param(PEM, "-----BEGIN CERTIFICATE-----\n\n-----END CERTIFICATE-----", id="pem"),
        pytest.param(f"Dear Ada,\n\n{data(500, width=76)}\nRegards", "Dear Ada,\n\n\nRegards", id="mail"),
        pytest.param(f"> {data(500, width=76, end=chr(10) + '> ')}\n> a", "> \n> a", id="quoted-mail"),
        pytest.param(
            f'x = (\n"{data(300, width=60, end=chr(34) + chr(10) + "    " + chr(34))}"\n)', 'x = (\n""\n)', id="python"
        ),
        pytest.param(
            f'x = "{data(300, width=60, end=chr(34) + " +" + chr(10) + "  " + chr(34))}";', 'x = "";', id="java"
        ),
        pytest.param(json.dumps({"image/png": data(500, width=76) + "\n"}), '{"image/png": "\\n"}', id="json"),
        pytest.param(f"ssh-rsa {data(279)} ada@host", "ssh-rsa  ada@host", id="key-of-ssh"),
        pytest.param(base64.urlsafe_b64encode(bytes(range(256))).decode(), "", id="for-addresses"),
        pytest.param(base64.b64encode(b"The quick brown fox jumps over it. " * 8).decode(), "", id="words-in-base64"),
    ],
)
def test_data_is_left_out(text: str, left: str) -> None:
    assert without_data(text) == left


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("A data: URI begins with data:text/plain;base64,SGVsbG8= as in RFC 2397.", id="about-data-uris"),
        pytest.param("data:text/plain,hello and metadata:image/png;base64,short", id="short-uris"),
        pytest.param("{data:text/html,CHINESE}".replace("CHINESE", CHINESE), id="chinese-after-data"),
        pytest.param(CHINESE, id="chinese"),
        pytest.param(PROTEIN, id="protein"),
        pytest.param(HEX, id="hex"),
        pytest.param(textwrap.fill(HEX, 64), id="hex-in-lines"),
        pytest.param(HASHES, id="hashes"),
        pytest.param(LOCK, id="lock-file"),
        pytest.param(f"see {ADDRESS} for it", id="address"),
        pytest.param(NAMES, id="path"),
        pytest.param("get" + "HttpResponseOfServer2" * 12, id="identifier"),
        pytest.param("a" * 500 + " " + "A" * 500 + "=" * 300 + "-" * 300, id="lines-and-cries"),
        pytest.param("lorem-ipsum-dolor-sit-amet-" * 12, id="kebab"),
        pytest.param("\n".join(f"CONSTANT_NUMBER_{n}_OF_THE_LARGE_TABLE_OF_NAMES" for n in range(20)), id="constants"),
        pytest.param(data(140), id="too-short"),
        pytest.param("Donaudampfschifffahrtsgesellschaftskapitaenswitwe " * 5, id="german"),
        pytest.param("1/2+3/4-5_6" * 40, id="numbers"),
    ],
)
def test_words_stay(text: str) -> None:
    assert without_data(text) == text


def test_places_are_those_of_the_file() -> None:
    """Of what is left, in the whole; with the lines of data kept, lines count as in the file."""
    text = f"first\n{PEM}\nsecond {data(300)} third\n"
    for said in (said_of(text), said_of(text, keep_lines=True)):
        for word in ("first", "second", "third", "END"):
            at = said.text.index(word)
            place = said.place(Excerpt(char_start=at, char_end=at + len(word)))
            assert text[place.char_start : place.char_end] == word
    kept = said_of(text, keep_lines=True).text
    assert kept.count("\n") == text.count("\n")


def test_code_keeps_its_lines() -> None:
    """Definitions below data are found, at the lines where they are."""
    knead = (
        'def knead(dough):\n    """Knead it for a long while, then let it rest until morning."""\n    return dough\n'
    )
    source = f'FONT = """\n{data(900, width=76)}\n"""\n\n\n{knead}'
    reader = reader_of(Path("a.py"))
    assert reader is not None
    found = list(contents_of(reader, source.encode(), "a.py", most_tokens=1024, most_passages=99))
    last = found[-1]
    lines = source.splitlines()
    start, end = last.place.char_start, last.place.char_end
    assert last.text == source[start:end] == "\n".join(lines[last.place.line_start - 1 : last.place.line_end])  # type: ignore[operator]  # it has lines
    assert "def knead" in last.text
    assert all(len(one.text) < 300 for one in found)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("data:image/svg+xml,<svg" * 40_000, id="drawings-without-end"),
        pytest.param("data:" + "a" * 500_000, id="type-without-end"),
        pytest.param("data:a/b" + ";a" * 300_000, id="parameters"),
        pytest.param((data(30) + "\n") * 20_000, id="lines"),
        pytest.param(data(300_000), id="one-line"),
        pytest.param(("x" * 39 + "\\n") * 20_000, id="nearly"),
        pytest.param("x://" + "y" * 45 + "/é" * 200_000, id="address"),
    ],
)
def test_hostile_texts_end(text: str) -> None:
    """Half a megabyte to two: what looked at a stretch twice would take until the test's time is over."""
    assert len(without_data(text)) <= len(text)


def notebook_of(said: str) -> str:
    outputs = [{"output_type": "stream", "text": said}]
    return json.dumps({"cells": [{"cell_type": "code", "source": "x = 1", "outputs": outputs}], "nbformat": 4})


HELD: dict[str, Callable[[str], str]] = {
    "a.html": lambda said: f"<p>larch</p><pre>{said}</pre>",
    "b.html": lambda said: f"<p>larch\n{said}</p>",
    "a.ipynb": notebook_of,
    "a.eml": lambda said: f"Subject: larch\n\n{said}\n",
    "a.vtt": lambda said: f"WEBVTT\n\n00:01.000 --> 00:02.000\nlarch {said}\n",
    "a.csv": lambda said: f'Name,Picture\nlarch,"{said}"\n',
    "a.jsonl": lambda said: json.dumps({"name": "larch", "picture": said}),
    "a.rtf": lambda said: "{\\rtf1\\ansi\\f0\\pard larch\\par " + said.replace("\n", "\\par\n") + "\\par }",
    "a.py": lambda said: f'larch = """\n{said}\n"""\n',
    "a.js": lambda said: f"const larch = `\n{said}\n`;\n",
    "a.sh": lambda said: f"larch='\n{said}\n'\n",
}


@pytest.mark.parametrize("width", [0, 76], ids=["one-line", "lines"])
@pytest.mark.parametrize("name", HELD)
def test_no_reader_tells_data(name: str, width: int) -> None:
    """In what is written as text inside of each kind; what is around it stays."""
    encoded = data(600, width=width)
    reader = reader_of(Path(name))
    assert reader is not None
    found = contents_of(reader, HELD[name](encoded).encode(), name, most_tokens=1024, most_passages=99)
    said = "\n".join(one.text for one in found)
    assert "larch" in said or "x = 1" in said
    assert encoded[:30] not in said
    assert encoded[-30:] not in said
