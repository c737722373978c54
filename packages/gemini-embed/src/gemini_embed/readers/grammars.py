"""Where things are defined in languages other than Python, by tree-sitter.

Each grammar is a package of its own, by those who make tree-sitter: MIT, wheels for every platform, the parser inside,
and beside it `tags.scm`, which says what a definition is in that language. Nothing is downloaded when it is used, as
tree-sitter-language-pack does since its 1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from gemini_embed.readers.definitions import Definition, nested

_AROUND = ("export_statement", "function_definition", "template_declaration")
"""What begins a line earlier than the definition in it, and belongs to it."""
_C_SHARP = "\n".join(
    f"({kind}_declaration name: (identifier) @name) @definition.{kind}"
    for kind in ("class", "interface", "struct", "record", "enum", "method", "constructor", "property", "delegate")
)
"""Its package has `tags.scm` in a folder that is no package."""


@dataclass(frozen=True)
class Grammar:
    """A language of tree-sitter."""

    language: str

    def definitions_of(self, text: str) -> list[Definition]:
        """Functions, classes and the like, and those in them; none without the extra `code`."""
        if self.language not in _parsers():
            return []
        from tree_sitter import Parser, QueryCursor

        language, query = _query(self.language)
        tree = Parser(language).parse(text.encode())
        return nested(_defined(tree, QueryCursor(query)))


def knows_definitions(definitions_of: Callable[[str], list[Definition]]) -> bool:
    """Whether this can find any here: not where it is a grammar's, and the extra `code` is not installed."""
    grammar = getattr(definitions_of, "__self__", None)
    return not isinstance(grammar, Grammar) or grammar.language in _parsers()


@cache
def _parsers() -> Mapping[str, tuple[Any, str]]:
    """By language what makes its parser, and what its definitions are; nothing where they are not installed."""
    try:
        import tree_sitter_c as c
        import tree_sitter_c_sharp as c_sharp
        import tree_sitter_cpp as cpp
        import tree_sitter_go as go
        import tree_sitter_java as java
        import tree_sitter_javascript as javascript
        import tree_sitter_php as php
        import tree_sitter_ruby as ruby
        import tree_sitter_rust as rust
        import tree_sitter_typescript as typescript
    except ImportError:
        return {}
    of_scripts = _tags(javascript)
    of_types = f"{_tags(typescript)}\n{of_scripts}"  # which tells only what JavaScript has not
    plain = {"c": c, "cpp": cpp, "go": go, "java": java, "ruby": ruby, "rust": rust}
    return {
        **{name: (module.language, _tags(module)) for name, module in plain.items()},
        "csharp": (c_sharp.language, _C_SHARP),
        "javascript": (javascript.language, of_scripts),
        "php": (php.language_php, _tags(php)),
        "tsx": (typescript.language_tsx, of_types),
        "typescript": (typescript.language_typescript, of_types),
    }


def _tags(module: Any) -> str:
    return files(f"{module.__name__}.queries").joinpath("tags.scm").read_text("utf-8")


@cache
def _query(name: str) -> tuple[Any, Any]:
    """A language, and the query that finds its definitions."""
    from tree_sitter import Language, Query

    parser, tags = _parsers()[name]
    language = Language(parser())
    return language, Query(language, tags)


def _defined(tree: Any, cursor: Any) -> Iterator[Definition]:
    wholes: dict[int, Any] = {}
    for _, captures in cursor.matches(tree.root_node):
        kinds = [kind for kind in captures if kind.startswith("definition.")]
        if kinds and (names := captures.get("name")):
            node = _whole(captures[kinds[0]][0], tree.root_node, wholes)
            yield Definition(names[0].text.decode(), node.start_point.row + 1, _last_row(node) + 1)


def _whole(node: Any, root: Any, wholes: dict[int, Any]) -> Any:
    """A definition with all of its lines: in C what is found is but the head of a function.

    `wholes` is what is known of the nodes above: tree-sitter comes down from the root for each parent that is asked
    for, so none is asked for twice, however deep definitions stand in each other.
    """
    passed = []
    while node.id not in wholes:
        passed.append(node.id)
        above = node.parent
        if above is None or above == root or not _belongs_to(node, above):
            wholes[node.id] = node
        else:
            node = above
    whole = wholes[node.id]
    wholes.update(dict.fromkeys(passed, whole))
    return whole


def _belongs_to(node: Any, above: Any) -> bool:
    return above.start_point.row == node.start_point.row or above.type in _AROUND


def _last_row(node: Any) -> int:
    """Some end with the line's end, which is the next line's beginning."""
    start, end = node.start_point, node.end_point
    last: int = end.row - 1 if end.column == 0 and end.row > start.row else end.row
    return last
