"""The project that `code_agent.py` mends: a module for each thing of a shop, a fault in one, a test that shows it."""

from __future__ import annotations

from pathlib import Path

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
