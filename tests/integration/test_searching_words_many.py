"""A code among 20,000 records that are much alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from gemini_embed import EdgeStore, Embedder, MultimodalIndex, Words

pytestmark = pytest.mark.slow

COUNT = 20_000
CODE = 4_217


def text(number: int) -> str:
    return f"Error E{number}: pump {number % 97} in hall {number % 13} has stopped, see page {number % 700}"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., MultimodalIndex]]:
    """An index that got its words with its records, and one that got them later."""
    from gemini_embed_emulator import Emulator

    with Emulator() as server, Embedder(api_key="k", base_url=server.base_url, dimensions=128) as embedder:
        made = []
        for lexical in (True, None):
            folder = tmp_path_factory.mktemp("words")
            made.append(MultimodalIndex(embedder, EdgeStore(folder / "index", lexical=lexical)))
            made[-1].add(map(text, range(COUNT)), progress=False)
        made[1].add_lexical()
        yield lambda later: made[later]
        for index in made:
            index.close()


@pytest.mark.parametrize("later", [False, True], ids=["from-the-start", "later"])
@pytest.mark.parametrize(
    ("query", "lexical"),
    [
        pytest.param("E4217", True, id="alone"),
        pytest.param("E4217", 0.3, id="by-weight"),
        pytest.param("what does E4217 mean?", 0.3, id="in-a-question-by-weight"),
        pytest.param("what has happened to the machine?", Words("E4217"), id="beside-a-question"),
        pytest.param("what has happened to the machine?", Words('"e4217"'), id="required"),
        pytest.param("what has happened to the machine?", Words("E4217", only=True), id="only"),
    ],
)
def test_a_code_is_first(
    query: str, lexical: bool | float | Words, later: bool, filled: Callable[..., MultimodalIndex]
) -> None:
    index = filled(later)
    assert index.count() == COUNT
    hits = index.search(query, 5, lexical=lexical)
    assert hits[0].page_content == text(CODE)
    assert "words" in hits[0].found_by
