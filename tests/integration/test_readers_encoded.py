"""Base64 in plain text and Markdown: it is in no record, links lead to what is around it, `sync` reads anew once."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from gemini_embed import Cutting, EdgeStore, Embedder, MultimodalIndex, Record
from gemini_embed.readers import chosen

_DATA = base64.b64encode(bytes(range(256)) * 40).decode()
_LINES = "\n".join(_DATA[start : start + 76] for start in range(0, len(_DATA), 76))
_WORDS = " ".join(f"Larch number {number} stands by the mill." for number in range(30))
TEXTS = {
    "mill.md": f"# Mill\n\n![wheel](data:image/png;base64,{_DATA})\n\n{_WORDS}\n\nThe sluice is open.\n",
    "mail.txt": f"From: Ada\n\nSee the picture.\n\n{_LINES}\n\nThe key hangs behind the clock. {_WORDS}\n",
    "style.css": f"@font-face {{ src: url(data:font/woff2;base64,{_DATA}) }}\n.larch {{ color: red }}\n",
    "key.pem": f"-----BEGIN PRIVATE KEY-----\n{_LINES}\n-----END PRIVATE KEY-----\n",
}


def records(index: MultimodalIndex) -> list[Record]:
    return [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]


def test_texts_without_their_data(
    make_embedder: Callable[..., Embedder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text)
    (folder / "only.txt").write_text(_DATA)
    cutting = Cutting(text_tokens=64)
    with MultimodalIndex(make_embedder(dimensions=128), EdgeStore(tmp_path / "store")) as index:
        report = index.sync(folder, cutting=cutting)
        assert [one.reason for one in report.skipped] == [f"{folder}/only.txt holds nothing but data written as text"]

        found = records(index)
        assert not [one for one in found if any(_DATA[at : at + 20] in one.page_content for at in range(0, 4000, 20))]
        hit = index.search("The sluice is open.", 1)[0]
        start, end = hit.window.char_start, hit.window.char_end
        assert hit.page_content == TEXTS["mill.md"][start:end]
        assert hit.link == f"{folder}/mill.md#char={start},{end}"
        assert "The key hangs" in " ".join(one.page_content for one in found)

        assert index.sync(folder, cutting=cutting).added == 0
        monkeypatch.setattr(chosen, "PROSE", "text 3")
        report = index.sync(folder, cutting=cutting)
        assert (report.added, report.reused) == (0, len(found)), "read anew, and no vector is made that is there"
        assert {one.id for one in records(index)} == {one.id for one in found}
