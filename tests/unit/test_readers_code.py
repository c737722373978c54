"""Source files as passages: by definitions and lines, none of them lost."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from types import SimpleNamespace

import pytest
from gemini_embed import MediaError
from gemini_embed.readers import Passage, grammars, reader_of
from gemini_embed.readers.table import READERS
from hypothesis import given, settings
from hypothesis import strategies as st

PYTHON = '''\
"""What this module is for."""

import os

LIMIT = 500


# Why it is as it is.
@cached(
    size=3,
)
def first(a):
    return a


class Store:
    """Where things are."""

    kind = "long" * 3

    @property
    def name(self):
        return "x"

    class Inner:
        async def run(self):
            pass

if os.name == "nt":
    def only_there():
        pass
'''


def read(text: str | bytes, name: str = "a.py", most_tokens: int = 1024) -> list[Passage]:
    reader = reader_of(Path(name))
    assert reader is not None
    found = list(reader.passages(text if isinstance(text, bytes) else text.encode(), name, most_tokens))
    return [one for one in found if isinstance(one, Passage)]


def places(found: list[Passage]) -> list[tuple[str, str]]:
    return [(one.place.anchor, one.symbol) for one in found]


def test_a_definition_is_a_passage() -> None:
    """With the comment above it and its decorators; a class stays whole while it is short."""
    assert places(read(PYTHON)) == [
        ("L1-L5", ""),
        ("L8-L13", "first"),
        ("L16-L27", "Store"),
        ("L29-L31", "only_there"),
    ]


def test_a_long_class_is_its_head_and_its_methods() -> None:
    """And what is in a class within it."""
    long = PYTHON.replace('return "x"', f"return {'x + ' * 900}1")
    assert places(read(long)) == [
        ("L1-L5", ""),
        ("L8-L13", "first"),
        ("L16-L19", "Store"),
        ("L21-L23", "Store.name"),
        ("L25-L27", "Store.Inner"),
        ("L29-L31", "only_there"),
    ]


LANGUAGES = {
    "a.c": ("static int\nadd(int a)\n{\n    return a;\n}\n\nstruct point {\n    int x;\n};\n", ["add", "point"]),
    "a.cpp": (
        "template <typename T>\nclass Stack {\n  void push(T t);\n};\n\nint Foo::bar() {\n  return 1;\n}\n",
        ["Stack", "bar"],
    ),
    "a.cs": ("class A\n{\n    int Run() { return 1; }\n}\n\ninterface B\n{\n}\n", ["A", "B"]),
    "a.go": ("// Says it.\nfunc Hello() {\n}\n\ntype Server struct {\n\tAddr string\n}\n", ["Hello", "Server"]),
    "a.java": (
        "/** Doc. */\n@Deprecated\npublic class Main {\n    void run() {}\n}\n\ninterface I {\n}\n",
        ["Main", "I"],
    ),
    "a.js": ("// Adds.\nexport function add(a) {\n}\n\nconst total = (cart) => {\n  return 1;\n};\n", ["add", "total"]),
    "a.php": ("<?php\nclass A {\n    function run() {}\n}\n\nfunction f() { return 2; }\n", ["A", "f"]),
    "a.rb": ("# A.\nclass A\n  def run\n  end\nend\n\ndef f\nend\n", ["A", "f"]),
    "a.rs": (
        "/// A point.\n#[derive(Debug)]\npub struct Point {\n}\n\nfn main() {\n    println!();\n}\n",
        ["Point", "main"],
    ),
    "a.ts": (
        "interface A {\n  x: number\n}\n\nexport const f = (a: string): number => {\n  return 1;\n};\n",
        ["A", "f"],
    ),
    "a.tsx": ("export function App() {\n  return <div/>;\n}\n\nclass B {\n}\n", ["App", "B"]),
}


@pytest.mark.parametrize("name", LANGUAGES)
def test_other_languages(name: str) -> None:
    """By the grammar of each, every definition with all of its lines."""
    text, symbols = LANGUAGES[name]
    found = read(text, name)
    assert [one.symbol for one in found] == symbols
    assert "\n\n".join(one.text for one in found) == text.rstrip("\n")


def test_a_method_is_named_with_its_class() -> None:
    """In any language, where the class is too long for one passage; the bracket at its end is part of the last."""
    methods = [f"  m{number}() {{\n    return {'1 + ' * 200}1;\n  }}" for number in range(3)]
    found = read("class Cart {\n" + "\n\n".join(methods) + "\n}\n", "a.ts")
    assert places(found) == [("L1-L4", "Cart.m0"), ("L6-L8", "Cart.m1"), ("L10-L13", "Cart.m2")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("def f(:\n    pass\n\n\ndef g():\n    pass\n", id="syntax-error"),
        pytest.param("print 'Python 2'\n", id="another-python"),
        pytest.param("x = " + "(" * 3000 + "\n", id="too-deep"),
    ],
)
def test_what_cannot_be_parsed_is_read_by_lines(text: str) -> None:
    assert places(read(text)) == [(f"L1-L{text.count(chr(10))}" if text.count("\n") > 1 else "L1", "")]


def test_a_chain_of_many_branches() -> None:
    """`elif` nests as deep as the chain is long."""
    chain = "if a == 0:\n    pass\n" + "".join(f"elif a == {number}:\n    pass\n" for number in range(300))
    assert places(read(chain + "def f():\n    pass\n", most_tokens=8000))[-1][1] == "f"


def test_many_definitions_within_each_other() -> None:
    """Are told apart as deep as anybody writes them."""
    found = read("function f() {\n" * 3000 + "}\n" * 3000, "a.js")
    assert max(one.symbol.count("f") for one in found) == 20
    assert sum((one.place.line_end or 0) - (one.place.line_start or 0) + 1 for one in found) == 6000


@dataclass(eq=False)
class Node:
    """A definition of tree-sitter's that stands in another, all of them on one line."""

    above: Node | None
    asked: list[Node]
    type = "function_declaration"
    text = b"f"
    start_point = end_point = SimpleNamespace(row=0, column=1)

    @property
    def id(self) -> int:
        return id(self)

    @property
    def parent(self) -> Node | None:
        self.asked.append(self)
        return self.above


def test_no_parent_is_asked_for_twice() -> None:
    """Each costs the way down from the root, and there are as many as the code is deep."""
    asked: list[Node] = []
    nodes = list(accumulate(range(800), lambda above, _: Node(above, asked), initial=Node(None, asked)))
    matches = [(0, {"name": [node], "definition.function": [node]}) for node in nodes[1:]]
    found = grammars._defined(SimpleNamespace(root_node=nodes[0]), SimpleNamespace(matches=lambda _: matches))
    assert [(one.first, one.last) for one in found] == [(1, 1)] * 800
    assert len(asked) <= 800


def test_many_definitions_on_one_line() -> None:
    """Are one passage's; what follows is not."""
    found = read("function f(){" * 800 + "}" * 800 + "\n" + "x;\n" * 3200, "a.js", most_tokens=100_000)
    assert places(found) == [("L1", "f"), ("L2-L3201", "")]


def test_what_is_read_does_not_warn() -> None:
    """An escape that is none is not ours to mend, and not the reader's to stumble over, whatever filters are set."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert places(read('def f():\n    return "\\d"\n')) == [("L1-L2", "f")]


def test_long_definitions_are_cut_where_little_is_torn_apart() -> None:
    """By lines, within the limit, before a line that is least indented."""
    body = "".join(f"    if a == {number}:\n        b = {number}\n        c = {number}\n" for number in range(60))
    found = read(f"def long(a):\n{body}", most_tokens=200)
    assert {one.symbol for one in found} == {"long"}
    assert all(one.text.lstrip().startswith(("def", "if")) for one in found)
    assert len(found) < 12


def test_a_line_that_is_too_long() -> None:
    """Minified code has no lines to cut at."""
    found = read("f(1, 2);" * 2000, "min.js", most_tokens=500)
    assert {one.place.anchor for one in found} == {"L1"}
    assert "".join(one.text.replace(" ", "") for one in found) == "f(1,2);" * 2000
    assert all(len(one.text) <= 500 * 4 for one in found)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        pytest.param("é = 1".encode(), "é = 1", id="utf-8"),
        pytest.param("\ufeffé = 1".encode(), "é = 1", id="with-mark"),
        pytest.param("é = 1".encode("utf-16"), "é = 1", id="utf-16"),
        pytest.param("# coding: cp1252\n'“é'".encode("cp1252"), "# coding: cp1252\n'“é'", id="told"),
        pytest.param("# coding: gibt-es-nicht\n'é'".encode("latin-1"), "# coding: gibt-es-nicht\n'é'", id="told-wrong"),
        pytest.param("// für".encode("latin-1"), "// für", id="not-told"),
        pytest.param(b"#include <x>\nint a;\n// caf\xe9", "#include <x>\nint a;\n// café", id="not-told-far-below"),
        pytest.param(b"# coding: utf8\n\n# caf\xe9", "# coding: utf8\n\n# café", id="told-and-not-so"),
        *(
            pytest.param(f"# coding: {told}\n\\u 'é'".encode("latin-1"), f"# coding: {told}\n\\u 'é'", id=told)
            for told in ("rot13", "hex", "undefined", "raw_unicode_escape", "idna")
        ),
    ],
)
def test_encodings(data: bytes, text: str) -> None:
    assert "\n".join(one.text for one in read(data)) == text


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02",
        b"\xff\xfe\x00",
        b"PK\x03\x04",
        pytest.param(b"# coding: raw_unicode_escape\n'\\ud800 \xe9'", id="half-a-character"),
    ],
)
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(MediaError, match=r"a.py is no text, though its name says python"):
        read(data)


LINE = st.sampled_from(
    [
        "def f():", "    def g(self):", "class A:", "    pass", "", "  ", "\f", "# c", "}", "{", "@d", "x = 1; y = 2",
        "if a:", "else:", '"""', "function f() {", "class B {", "  m() {", "  }", "e\u0301\u2028 = '日本'", "end",
        "x = " + "1 + " * 40 + "1", "y" * 700,
    ]
)  # fmt: skip
TEXTS = st.tuples(st.lists(LINE, max_size=40), st.sampled_from(["\n", "\r\n", "\r"])).map(
    lambda told: told[1].join(told[0])
)


@given(TEXTS, st.sampled_from(["a.py", "a.js", "a.rb", "a.cpp", "a.sh"]), st.sampled_from([20, 60, 1024]))
@settings(deadline=None)
def test_no_line_is_lost(text: str, name: str, most_tokens: int) -> None:
    """Passages stand in the order of the file, and every line that says something is in one of them, as it is there."""
    found = read(text, name, most_tokens)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    covered: list[int] = []
    until = 0
    for one in found:
        first, last = one.place.line_start or 0, one.place.line_end or 0
        assert text[one.place.char_start : one.place.char_end] == one.text
        assert (one.place.char_start or 0) >= until
        until = one.place.char_end or 0
        assert (
            "\n".join(lines[first - 1 : last]).replace("\n", "").find(one.text.replace("\r", "").replace("\n", "")) >= 0
        )
        covered += range(first, last + 1)
    assert covered == sorted(covered)
    assert {number for number, line in enumerate(lines, 1) if line.strip()} <= {*covered}
    said = "".join("".join(one.text for one in found).split())
    assert said == "".join(text.split())


def test_every_kind_is_named_once() -> None:
    """Names' ends are in small letters, as they are looked up."""
    assert all(end == end.lower() and end.startswith(".") for end in READERS)
    assert reader_of(Path("README.md")) is None
    assert reader_of(Path("A.PY")) is READERS[".py"]
