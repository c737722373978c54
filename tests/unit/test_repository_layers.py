"""The map is the contract: the rows that a package's docstring lists hold for every import, type-only and lazy too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGES = Path(__file__).parents[2] / "packages"
SOURCES = {
    "gemini_embed": PACKAGES / "gemini-embed/src",
    "gemini_embed_emulator": PACKAGES / "gemini-embed-emulator/src",
    "gemini_embed_cli": PACKAGES / "gemini-embed-cli/src",
    "langchain_gemini_embed": PACKAGES / "langchain-gemini-embed/src",
    "llama_index": PACKAGES / "llama-index-embeddings-gemini-embed/src",
}
MAPPED = ("gemini_embed", "gemini_embed_emulator", "gemini_embed_cli")
UNMAPPED = ("__init__", "__main__")
"""They stand above everything, and nothing imports them."""


class Import(NamedTuple):
    """`importer` imports `imported`, both with their dots."""

    importer: str
    imported: str


class Code:
    """The modules below a folder, by their dotted names, and every import between them."""

    def __init__(self, source: Path, package: str) -> None:
        self.package = package
        self.files = {_module(file, source): file for file in sorted((source / package).rglob("*.py"))}
        self.imports = sorted({one for module in self.files for one in self._imports(module)})

    def unit(self, module: str) -> str:
        """The file or folder at the top of the package that a module is in."""
        return module.split(".")[1] if "." in module else "__init__"

    def named(self, module: str) -> str:
        """A module as the messages call it."""
        return str(self.files[module].relative_to(self.files[self.package].parent))

    def _imports(self, module: str) -> Iterator[Import]:
        for name in _imported(self.files[module], module):
            found = name if name in self.files else name.rpartition(".")[0]
            if found in self.files and found != module:
                yield Import(module, found)
        # In strings, as lazy tables and `import_module` have them.
        text = self.files[module].read_text("utf-8")
        yield from (
            Import(module, name) for name in re.findall(r"[\"'](\w+(?:\.\w+)+)[\"']", text) if name in self.files
        )


def _module(file: Path, source: Path) -> str:
    parts = file.relative_to(source).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(file: Path, module: str) -> Iterator[str]:
    """What a file imports, at the top, under TYPE_CHECKING or in a function: modules, or names in them."""
    package = module.split(".") if file.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def rows_of(code: Code) -> Mapping[str, int]:
    """unit -> row, from the docstring of the package: lines such as "    3   `tasks` `engine/`   what they are"."""
    doc = ast.get_docstring(ast.parse(code.files[code.package].read_text("utf-8")), clean=False) or ""
    lines = re.findall(r"^ {4}(\d+) +((?:`\w+/?` ?)+)", doc, re.MULTILINE)
    return {name.rstrip("/"): int(row) for row, names in lines for name in re.findall(r"`(\w+/?)`", names)}


def off_the_map(code: Code, rows: Mapping[str, int]) -> list[str]:
    """Sentences about modules that stand on no row, and rows on which nothing stands."""
    units = {code.unit(module): code.named(module) for module in code.files}
    lost = [f"`{file}` stands on no row of the map" for unit, file in units.items() if unit not in {*rows, *UNMAPPED}]
    return lost + [f"nothing is called `{unit}`, which the map lists" for unit in rows if unit not in units]


def running_up(code: Code, rows: Mapping[str, int]) -> list[str]:
    """Sentences about imports of a higher row, or of a neighbour on the same one."""
    found = []
    for importer, imported in code.imports:
        mine, other = code.unit(importer), code.unit(imported)
        if mine in UNMAPPED or mine == other:
            continue
        mine_at, other_at = rows.get(mine, 0), rows.get(other, len(rows) + 1)
        if other_at >= mine_at:
            where = "above it" if other_at > mine_at else "beside it"
            found.append(f"`{code.named(importer)}` imports `{other}`, which is {where}")
    return found


def circles(code: Code) -> list[str]:
    """Sentences about modules that import each other, however long the way around. A room's face and its files count
    once, as the face imports them: a file that imports its own face goes around in a circle."""
    below: dict[str, set[str]] = {module: set() for module in code.files}
    for importer, imported in code.imports:
        below[importer].add(imported)
    reached = {module: _reachable(module, below) for module in below}
    rings = {frozenset(other for other in reached[one] if one in reached[other]) for one in below}
    return [
        f"{' and '.join(f'`{code.named(one)}`' for one in sorted(ring))} import each other" for ring in rings if ring
    ]


def _reachable(start: str, below: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = [*below[start]]
    while left:
        module = left.pop()
        if module not in found:
            found.add(module)
            left += below[module]
    return found


@pytest.fixture(scope="module", params=SOURCES)
def code(request: pytest.FixtureRequest) -> Code:
    return Code(SOURCES[request.param], request.param)


def test_there_are_no_circles(code: Code) -> None:
    assert circles(code) == []


@pytest.mark.parametrize("package", MAPPED)
def test_imports_run_down_the_rows(package: str) -> None:
    code = Code(SOURCES[package], package)
    rows = rows_of(code)
    assert off_the_map(code, rows) == []
    assert running_up(code, rows) == []


def engines_that_are_known(code: Code) -> list[str]:
    """Sentences about imports of an engine's folder in `stores` by what shares `stores` with it."""
    engines = {parts[2] for parts in map(_parts, code.files) if parts[1:2] == ["stores"] and len(parts) > 3}
    return [
        f"`{code.named(importer)}` imports the engine `{_parts(imported)[2]}`"
        for importer, imported in code.imports
        if code.unit(importer) == code.unit(imported) == "stores"
        and engines & set(_parts(imported)[2:3])
        and _parts(importer)[2:3] != _parts(imported)[2:3]
    ]


def _parts(module: str) -> list[str]:
    return module.split(".")


def test_engines_of_stores_do_not_know_each_other() -> None:
    """Nor does what they share know any of them."""
    assert engines_that_are_known(Code(SOURCES["gemini_embed"], "gemini_embed")) == []


def hidden(code: Code) -> list[str]:
    """Sentences about modules imported by a name that cannot be read here: it must be a whole one, in quotes where it
    is imported, or in a table called _LAZY."""
    return [
        f"`{code.named(module)}` imports what only running it tells: {ast.unparse(node)}"
        for module, file in code.files.items()
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("import_module", "__import__")
        and not re.fullmatch(r"_LAZY\[\w+\]|'\w[\w.]*'", ast.unparse(node.args[0]))
    ]


def test_every_import_can_be_read(code: Code) -> None:
    """Else a test of imports would not see it. A store's class comes by name in the tests that others run."""
    found = [one for one in hidden(code) if not one.startswith("`testing/lasting.py`")]
    assert found == []


MAP = '"""A package.\n\n    1   `low` `beside`     words\n    2   `room/` `stores/`  rooms\n"""\n'
EMPTY = ("low.py", "beside.py", "room/__init__.py", "room/one.py", "room/two.py", "stores/__init__.py")
HOUSE = {"__init__.py": MAP, **dict.fromkeys(EMPTY, "")}
UP = ["`low.py` imports `room`, which is above it"]
PLANTED: list[tuple[str, dict[str, str | None], list[str]]] = [
    ("as-it-should-be", {}, []),
    ("down", {"room/one.py": "from house.low import x"}, []),
    ("up", {"low.py": "from house.room import x"}, UP),
    ("up-lazily", {"low.py": "def f():\n    from .room.one import x"}, UP),
    ("up-for-a-type", {"low.py": "import typing\nif typing.TYPE_CHECKING:\n    import house.room.one"}, UP),
    ("up-in-a-table", {"low.py": "LAZY = {'x': 'house.room.one'}"}, UP),
    ("beside", {"low.py": "from . import beside"}, ["`low.py` imports `beside`, which is beside it"]),
    ("the-whole-package", {"low.py": "import house"}, ["`low.py` imports `__init__`, which is above it"]),
    ("on-no-row", {"new.py": ""}, ["`new.py` stands on no row of the map"]),
    ("row-of-nothing", {"low.py": None}, ["nothing is called `low`, which the map lists"]),
    (
        "circle",
        {"room/one.py": "from house.room.two import x", "room/two.py": "def f():\n    from house.room import one"},
        ["`room/one.py` and `room/two.py` import each other"],
    ),
    (
        "an-engine-by-another",
        {"stores/new/store.py": "", "stores/old/store.py": "import house.stores.new.store"},
        ["`stores/old/store.py` imports the engine `new`"],
    ),
    (
        "an-engine-by-the-room",
        {"stores/__init__.py": "from house.stores.new import store", "stores/new/store.py": ""},
        ["`stores/__init__.py` imports the engine `new`"],
    ),
    (
        "a-name-that-is-made",
        {"room/one.py": "from importlib import import_module\nimport_module(f'{__package__}.two')"},
        ["`room/one.py` imports what only running it tells: import_module(f'{__package__}.two')"],
    ),
    (
        "a-relative-name",
        {"room/one.py": "import importlib\nimportlib.import_module('.two', __package__)"},
        ["`room/one.py` imports what only running it tells: importlib.import_module('.two', __package__)"],
    ),
    (
        "own-face",
        {"room/__init__.py": "from house.room.one import x", "room/one.py": "from house.room import y"},
        ["`room/__init__.py` and `room/one.py` import each other"],
    ),
]


@pytest.mark.parametrize(("planted", "said"), [pytest.param(*rest, id=name) for name, *rest in PLANTED])
def test_a_planted_fault_is_told(planted: dict[str, str | None], said: list[str], tmp_path: Path) -> None:
    """In a sentence that names the import, or the module."""
    for name, text in (HOUSE | planted).items():
        if text is not None:
            file = tmp_path / "house" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    code = Code(tmp_path, "house")
    rows = rows_of(code)
    assert (
        off_the_map(code, rows) + running_up(code, rows) + circles(code) + engines_that_are_known(code) + hidden(code)
        == said
    )
