"""The project that `code_agent.py` mends: a module for each thing of a shop, a fault in one, a test that shows it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gemini_embed import EdgeStore, Embedder, Lexical, MultimodalIndex
from gemini_embed_emulator import Emulator

from agents.offline import has_key

THINGS = (
    "basket", "customer", "delivery", "invoice", "label", "order", "parcel", "payment", "price", "receipt", "refund",
    "shelf", "stock", "tax", "voucher",
)  # fmt: skip
MODULE = '''\
"""Everything about a {0}."""


def {0}_of(number: int) -> str:
    """The {0} of a number."""
    return f"{0} {{number}}"
'''
FAULT = '''

def rebate(pieces: int) -> int:
    """Percent off: ten from 3 pieces on."""
    return 10 if pieces > 3 else 0
'''
TEST = """\
import unittest

from shop.price import rebate


class Prices(unittest.TestCase):
    def test_rebate(self):
        self.assertEqual(rebate(3), 10, "the rebate for three pieces")
"""


def write_files(folder: Path) -> None:
    """Lay the project out."""
    (folder / "shop").mkdir(parents=True)
    for name in THINGS:
        (folder / "shop" / f"{name}.py").write_text(MODULE.format(name) + (FAULT if name == "price" else ""))
    (folder / "test_shop.py").write_text(TEST)


@contextmanager
def project() -> Iterator[tuple[MultimodalIndex, Path]]:
    """An index of a project's source, with its words, and the project's folder."""
    with tempfile.TemporaryDirectory() as temporary, Emulator() as server:
        write_files(folder := Path(temporary) / "project")
        of_emulator: dict[str, Any] = {} if has_key() else {"base_url": server.base_url, "api_key": "emulator"}
        store = EdgeStore(Path(temporary) / "index", lexical=Lexical(tokenizer="code"))
        with Embedder(dimensions=768, **of_emulator) as embedder, MultimodalIndex(embedder, store) as index:
            index.sync(folder, progress=False)
            yield index, folder
