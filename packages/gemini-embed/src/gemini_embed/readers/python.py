"""Where things are defined in Python, by its own parser."""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterator

from gemini_embed.readers.definitions import Definition, nested

_FILTERS = threading.Lock()
"""Which warnings are shown is told for the whole process."""
_BLOCKS = ("body", "handlers", "orelse", "finalbody", "cases")


def definitions_of(text: str) -> list[Definition]:
    """Functions and classes, and those in them; none where the text is no Python that this interpreter knows."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is read, such as an escape that is none: it is not ours to mend
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):  # all that it is known to raise
            return []
    return nested(_defined(tree))


def _defined(tree: ast.Module) -> Iterator[Definition]:
    """All of them, in no order; with their decorators."""
    waiting: list[ast.AST] = [tree]
    while waiting:  # not by recursion: a chain of `elif` nests as deep as it is long
        one = waiting.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = min([one.lineno, *(decorator.lineno for decorator in one.decorator_list)])
            yield Definition(one.name, first, one.end_lineno or one.lineno)
        waiting += [inner for name in _BLOCKS for inner in getattr(one, name, ())]
