"""What a text is about, as weighted features: words, their pieces, neighbouring words, and the task.

Apart from a handful of colours and shapes, synonyms are strangers.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from functools import lru_cache

from .features import Array, Sparse, feature, merge, total, unit

_EAST_ASIAN = "぀-ヿ㐀-䶿一-鿿가-힯"  # no spaces between words: each character is one
_WORD = re.compile(rf"[{_EAST_ASIAN}]|[^\W_{_EAST_ASIAN}]+")
_PREFIX = re.compile(r"task: (?P<task>[^|]{1,40}) \| query: |title: (?P<title>[^|]{0,300}?) \| text: ")
_STOP_WORDS = frozenset(
    _WORD.findall(
        "a about all also am an and any are as at be been being but by can could did do does doing done for from get "
        "had has have having he her here him his how i if in into is it its just like many may me might more most "
        "much must my no not of on one or other our out over please s shall she should show so some such t tell than "
        "that the their them then there these they this those to too under until up us use used very was we were what "
        "when where which while who whom whose why will with would you your"
    )
)
_STOP_WEIGHT = 0.08
_PIECES_WEIGHT = 0.45
_KIN_WEIGHT = 0.8
_PAIR_WEIGHT = 0.35
_TITLE_WEIGHT = 0.7
_EXACT_WEIGHT = 0.06
# What a task adds to a text's energy of 1, fitted to recorded cosines: prefixed and bare text 0.85, query and
# document prefix 0.80.
_TASK_ENERGY = {"any": 0.10, "family": 0.15, "own": 0.12}
# Other words for what pictures are said to show, so that a question need not use the emulator's own word.
_KIN = {
    "red": "crimson scarlet ruby",
    "blue": "navy azure",
    "green": "lime emerald",
    "yellow": "gold golden",
    "purple": "violet magenta",
    "gray": "grey silver",
    "cyan": "turquoise teal",
    "circle": "round disc disk ball dot circular",
    "square": "box block",
    "rectangle": "rectangular",
    "triangle": "triangular",
    "chart": "graph plot",
    "diagram": "flowchart schema",
    "image": "picture photo photograph drawing illustration",
    "video": "clip film movie footage",
    "audio": "sound recording",
}


@lru_cache(maxsize=20_000)
def word(name: str) -> Sparse:
    """A stem's features: itself, its kin, and its pieces of three letters (for misspellings and derived words)."""
    marked = f"<{name}>"
    pieces = [marked[i : i + 3] for i in range(len(marked) - 2)] if len(name) > 3 else []
    share = _PIECES_WEIGHT / max(len(pieces), 1) ** 0.5
    terms = [(1.0, feature(f"word:{name}")), *((share, feature(f"piece:{piece}")) for piece in pieces)]
    if name in _HEAD_OF:
        terms.append((_KIN_WEIGHT, feature(f"word:{_HEAD_OF[name]}")))
    return merge(terms)


def named(name: str) -> Sparse:
    """What a word says of something perceived."""
    return word(stem(name))


def prefixed_text(text: str) -> Array:
    """The features of a text for a model that reads its task from the text's prefix. Unit length."""
    match = _PREFIX.match(text)
    if match is None:
        return about(text)
    body = text[match.end() :]
    if match["task"] is not None:
        return unit(about(body) + task("task", match["task"].lower()))
    title = "" if match["title"] == "none" else match["title"]
    return unit(about(body, title) + task("title", "title"))


def typed_text(text: str, task_type: str, title: str) -> Array:
    """The features of a text for a model that is told its task in a field. Unit length."""
    return unit(about(text, title) + task("type", task_type))


@lru_cache(maxsize=256)
def task(family: str, name: str) -> Array:
    """What a task adds to a text's features."""
    names = {"any": "task:any", "family": f"task:{family}", "own": f"task:{family}:{name}"}
    return total((energy**0.5, feature(names[part])) for part, energy in _TASK_ENERGY.items())


def about(text: str, title: str = "") -> Array:
    """The content of a text, unit length, with a trace of its exact spelling so that no two texts coincide."""
    terms = word_terms(text)
    if title:
        terms += [(_TITLE_WEIGHT * weight, term) for weight, term in word_terms(title)]
    return unit(unit(total(terms)) + total([(_EXACT_WEIGHT, feature(f"exact:{title}\0{text}"))]))


def word_terms(text: str) -> list[tuple[float, Sparse]]:
    """A text's words and pairs of neighbours; a word that is repeated counts ever less."""
    words = [stem(match) for match in _WORD.findall(text.lower())]
    terms = [
        ((1 + math.log(times)) * (_STOP_WEIGHT if name in _STOP_WORDS else 1.0), word(name))
        for name, times in Counter(words).items()
    ]
    telling = [name for name in words if name not in _STOP_WORDS]
    pairs = dict.fromkeys(itertools.pairwise(telling))
    return terms + [(_PAIR_WEIGHT, feature(f"pair:{first} {second}")) for first, second in pairs]


@lru_cache(maxsize=50_000)
def stem(name: str) -> str:
    """A word without its commonest English endings, so that plurals and tenses meet."""
    if name in _STOP_WORDS:
        return name
    if len(name) > 4 and name.endswith("ies"):
        name = name[:-3] + "y"
    elif len(name) > 4 and name.endswith(("ches", "shes", "sses", "xes")):
        name = name[:-2]
    elif len(name) > 3 and name.endswith("s") and not name.endswith(("ss", "us", "is")):
        name = name[:-1]
    for ending in ("ing", "ed"):
        if len(name) > len(ending) + 3 and name.endswith(ending):
            name = name[: -len(ending)]
            return name[:-1] if name[-1] == name[-2] and name[-1] not in "lsz" else name
    return name[:-1] if len(name) > 4 and name.endswith("e") else name


_HEAD_OF = {stem(other): stem(head) for head, others in _KIN.items() for other in others.split()}
