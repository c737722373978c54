"""What a text is about, as weights on hashed features: words, their pieces, neighbouring words, and the task.

A feature owns a few signed places among `FEATURES`; sums of features keep the cosines a person expects from shared
words. Nothing is learned: synonyms are strangers.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
FEATURES = 3072
_PLACES = 4  # places a feature occupies: more make chance collisions milder

_WORD = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯]|[^\W_぀-ヿ㐀-䶿一-鿿가-힯]+")
_PREFIX = re.compile(r"(?:task: (?P<task>[^|]{1,40}) \| query: |title: (?P<title>[^|]{0,300}?) \| text: )", re.DOTALL)
_STOP_WORDS = frozenset(
    "a about all also am an and any are as at be been being but by can could did do does doing done for from get had has have "
    "having he her here him his how i if in into is it its just like many may me might more most much must my no not of "
    "on one or other our out over please s shall she should show so some such t tell than that the their them then "
    "there these they this those to too under until up us use used very was we were what when where which while who "
    "whom whose why will with would you your".split()
)
_STOP_WEIGHT = 0.08
_PIECES_WEIGHT = 0.45
_PAIR_WEIGHT = 0.35
_TITLE_WEIGHT = 0.7
_EXACT_WEIGHT = 0.06
# Energy a task adds to a text's own 1.0, fitted to recorded cosines: prefixed and bare text 0.85, query and document 0.80.
_TASK_ENERGY = {"any": 0.10, "family": 0.15, "own": 0.12}


@lru_cache(maxsize=200_000)
def places(feature: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Where a feature lives: indices below FEATURES, and signed weights of unit length together."""
    digest = hashlib.blake2b(feature.encode(), digest_size=4 * _PLACES).digest()
    numbers = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, len(digest), 4)]
    size = _PLACES**-0.5
    return tuple(n // 2 % FEATURES for n in numbers), tuple(size if n % 2 else -size for n in numbers)


def combine(weights: dict[str, float]) -> Array:
    """The sum of weighted features: float64, shape (FEATURES,)."""
    where: list[int] = []
    values: list[float] = []
    for feature, weight in weights.items():
        indices, signs = places(feature)
        where += indices
        values += [weight * sign for sign in signs]
    return np.bincount(where, values, FEATURES) if where else np.zeros(FEATURES)


def unit(vector: Array) -> Array:
    """The vector at length 1; zeros stay zeros."""
    norm = float(np.linalg.norm(vector))
    return vector / norm if norm else vector


def prefixed_text(text: str) -> Array:
    """The features of a text for a model that reads its task from the text's prefix. Unit length."""
    match = _PREFIX.match(text)
    if match is None:
        return unit(about(text))
    body = text[match.end() :]
    if match["task"] is not None:
        return unit(about(body) + task("task", match["task"].lower()))
    title = match["title"] if match["title"] not in ("none", "") else ""
    return unit(about(body, title) + task("title", "title"))


def typed_text(text: str, task_type: str, title: str) -> Array:
    """The features of a text for a model that is told its task in a field. Unit length."""
    return unit(about(text, title) + task("type", task_type))


def task(family: str, name: str) -> Array:
    """What a task adds to a text's features."""
    named = {"any": "task:any", "family": f"task:{family}", "own": f"task:{family}:{name}"}
    return combine({named[part]: energy**0.5 for part, energy in _TASK_ENERGY.items()})


def about(text: str, title: str = "") -> Array:
    """The content of a text, unit length, with a trace of its exact spelling so that no two texts coincide."""
    weights = word_weights(text)
    for feature, weight in word_weights(title).items():
        weights[feature] = weights.get(feature, 0.0) + _TITLE_WEIGHT * weight
    content = unit(combine(weights))
    return unit(content + combine({f"exact:{title}\0{text}": _EXACT_WEIGHT}))


def word_weights(text: str) -> dict[str, float]:
    """Features and weights of a text's words, word pieces and pairs of neighbours; repetition counts ever less."""
    words = [stem(word) for word in _WORD.findall(text.lower())]
    weights: dict[str, float] = {}
    for word, times in Counter(words).items():
        weight = (1 + np.log(times)) * (_STOP_WEIGHT if word in _STOP_WORDS else 1.0)
        for feature, share in _word_features(word):
            weights[feature] = weights.get(feature, 0.0) + weight * share
    telling = [word for word in words if word not in _STOP_WORDS]
    for pair in zip(telling, telling[1:], strict=False):
        weights["pair:" + " ".join(pair)] = _PAIR_WEIGHT
    return weights


@lru_cache(maxsize=50_000)
def _word_features(word: str) -> tuple[tuple[str, float], ...]:
    marked = f"<{word}>"
    pieces = [marked[i : i + 3] for i in range(len(marked) - 2)] if len(word) > 3 else []
    share = _PIECES_WEIGHT / max(len(pieces), 1) ** 0.5
    return (f"word:{word}", 1.0), *((f"piece:{piece}", share) for piece in pieces)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A word without its commonest English endings, so that a plural meets its singular."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 3 and word.endswith(ending):
            return _without_doubling(word[: -len(ending)])
    if len(word) > 4 and word.endswith(("ches", "shes", "sses", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _without_doubling(word: str) -> str:
    return word[:-1] if word[-1] == word[-2] and word[-1] not in "lsz" else word
