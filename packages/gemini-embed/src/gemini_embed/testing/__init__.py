"""Tests that every store must pass, ours and a third party's; needs pytest.

    from gemini_embed.testing import StoreTests

    class TestMyStore(StoreTests):
        factory = MyStore  # called with a path; the same path is the same data

What `StoreTests` can be told is described at its attributes. `SearchingTests` is the part of it for a store over a
collection of others, which does not see to files and processes itself.

writing, reading    what is written is found;  lasting: after closing, kills and beside other processes
samples             the records and vectors of all that
"""

import pytest

pytest.register_assert_rewrite(
    "gemini_embed.testing.lasting", "gemini_embed.testing.reading", "gemini_embed.testing.writing"
)

from gemini_embed.testing.lasting import LastingTests  # noqa: E402 - asserts are rewritten before they are imported
from gemini_embed.testing.reading import ReadingTests  # noqa: E402 - as above
from gemini_embed.testing.writing import WritingTests  # noqa: E402 - as above

__all__ = ["SearchingTests", "StoreTests"]


class SearchingTests(ReadingTests, WritingTests):
    """What is written is found, replaced and removed; subclass it as `StoreTests`."""


class StoreTests(SearchingTests, LastingTests):
    """Subclass it with a name that pytest collects, and set at least `factory`."""
