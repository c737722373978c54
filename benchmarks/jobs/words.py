"""Words beside vectors: words.py

WordNet's example sentences ask for the definitions beside them: how often that is among the ten found, by vectors, by
words, and by both. Then words that vectors know little of: a code, and scripts without spaces.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from gemini_embed import EdgeStore, Embedder, Lexical, MultimodalIndex, Record, Words
from gemini_embed.searching.lexical import WordsLike

from benchmarks.recall.glosses import Asked, asked_for

SIZE = 384
"""The encoder's own: its last layer's mean."""
_BATCH = 500
WAYS: tuple[tuple[str, float | None], ...] = (
    ("vectors", 0.0),
    ("words", 1.0),
    ("both, by ranks", None),
    ("both, words weigh 0.3", 0.3),
    ("both, words weigh 0.5", 0.5),
)
ODD_ONES = {
    "E4217": ("Error E4217: the pump has no water.", ["Error E4218: no water.", "Error E4127: the pump stops."]),
    "首都": ("北京是中华人民共和国的首都。", ["上海是中国最大的城市。", "北京的冬天很冷。", "长城在北京的北边。"]),
    "図書館": (
        "駅の近くに新しい図書館ができました。",
        ["駅の近くに公園があります。", "新しい駅ができました。", "美術館は月曜日に休みます。"],
    ),
    "ห้องสมุด": ("ห้องสมุดเปิดทุกวันเวลาเก้าโมง", ["ร้านอาหารเปิดทุกวันเวลาเก้าโมง", "ห้องน้ำอยู่ชั้นสอง", "โรงเรียนเปิดวันจันทร์"]),
}
"""What is looked for; the one text that has it, and others that are like it."""


def main() -> dict[str, Any]:
    """Of each way: shares, and milliseconds a search."""
    given = asked_for(SIZE, [text for right, wrong in ODD_ONES.values() for text in (right, *wrong)], list(ODD_ONES))
    with TemporaryDirectory() as folder, Embedder(api_key="never-asked", dimensions=SIZE) as embedder:
        index = MultimodalIndex(embedder, EdgeStore(Path(folder) / "english", lexical=Lexical("english")))
        _fill(index, given, given.known)
        ways = [{"way": way, **_measured(index, given, weight)} for way, weight in WAYS]
        index.close()
        every = MultimodalIndex(embedder, EdgeStore(Path(folder) / "every", lexical=True))
        _fill(every, given, len(given.texts))
        found = [_odd_one(every, given, number) for number in range(len(ODD_ONES))]
        every.close()
    return {"words": ways, "odd_ones": found, "count": given.known, "queries": len(given.sentences)}


def _fill(index: MultimodalIndex, given: Asked, count: int) -> None:
    store = index.store
    store.open(index.embedder.fingerprint)
    for start in range(0, count, _BATCH):
        some = range(start, min(start + _BATCH, count))
        records = [Record(_id(i), given.texts[i], {"modality": "text", "source": "wordnet"}) for i in some]
        store.upsert(records, given.rows[some.start : some.stop])
    store.add_words()


def _measured(index: MultimodalIndex, given: Asked, weight: float | None) -> dict[str, float]:
    places, took_ms = [], []
    for vector, sentence, right in zip(given.queries, given.sentences, given.right, strict=True):
        lexical: WordsLike = None if weight == 0 else Words(sentence, weight=weight)
        started = time.perf_counter()
        hits = index.search_vector(vector, 10, lexical=lexical)
        took_ms.append(1000 * (time.perf_counter() - started))
        ids = [hit.record.id for hit in hits]
        places.append(ids.index(_id(right)) + 1 if _id(right) in ids else 0)
    at = np.array(places)
    return {
        "recall@1": float(np.mean(at == 1)),
        "recall@10": float(np.mean(at > 0)),
        "mrr@10": float(np.mean([1 / place if place else 0.0 for place in places])),
        "p50_ms": float(np.percentile(took_ms, 50)),
    }


def _odd_one(index: MultimodalIndex, given: Asked, number: int) -> dict[str, Any]:
    """At which place the one text is that has the word; 0: not among ten."""
    word, (right, _) = list(ODD_ONES.items())[number]
    vector = given.odd_queries[number]
    found = {
        "vectors": index.search_vector(vector),
        "words": index.search_vector(vector, lexical=Words(word, only=True)),
        "both": index.search_vector(vector, lexical=Words(word)),
    }
    places = {
        way: next((place for place, hit in enumerate(hits, 1) if hit.record.page_content == right), 0)
        for way, hits in found.items()
    }
    return {"word": word, **places}


def _id(position: int) -> str:
    return str(UUID(int=position))


if __name__ == "__main__":
    print("RESULT", json.dumps(main()))
