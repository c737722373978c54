"""Words that a search can be asked for, beside what its vector finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from gemini_embed.content import ContentLike, contents_of
from gemini_embed.errors import InputError
from gemini_embed.searching.hypotheses import words_of

DEPTH = 50
"""So many of each list are looked at, at least: what is fused should be in both."""


@dataclass(frozen=True)
class Words:
    """Words to look for, beside what the query's vector finds.

        index.search("the pump stops", lexical=Words("E4217"))
        index.search(Image("leak.jpg"), lexical=Words('"type 12 B" seal'))

    Args:
        text: the words; those in quotes must occur in every hit, as they stand there, which is looked for among the
            1,000 records that fit them best. None: the words of the query.
        weight: from 0 (vectors alone) to 1 (words alone): hits are ordered by a weighed sum of cosine and BM25. None:
            by their places in both lists (reciprocal rank fusion), which needs no tuning.
        only: leave out what vectors alone find. The query is embedded all the same, since hits have cosines.

    Raises:
        InputError: no words, or a weight that means nothing.
    """

    text: str | None = None
    weight: float | None = None
    only: bool = False

    def __post_init__(self) -> None:
        text: object = self.text
        if text is not None and not (isinstance(text, str) and text.strip()):
            raise InputError(f"Words({text!r}): give words to look for, or None for those of the query")
        if self.weight is not None:
            check_weight(self.weight, "Words(weight=)")
        only: object = self.only
        if not isinstance(only, bool):
            raise InputError(f"Words(only={only!r}): True or False")
        if self.only and self.weight is not None:
            raise InputError("Words(only=True) has no weight: there is nothing to weigh the words against")


WordsLike: TypeAlias = bool | float | Words | None
"""True: the words of the query; a number: those with that weight; None, and False: none."""


def words_asked(given: WordsLike) -> Words | None:
    """What `lexical=` of a search asks for.

    Raises:
        InputError: neither True, nor a weight, nor Words.
    """
    if isinstance(given, Words):
        return given
    if given is None or isinstance(given, bool):
        return Words() if given else None
    check_weight(given, "lexical= takes True, a weight, or Words(...)")
    return Words(weight=float(given))


def words_with_text(given: WordsLike, text: str) -> Words | None:
    """What `lexical=` asks for where the query is known by its vector, and its text beside that."""
    words = words_asked(given)
    return words if words is None or words.text is not None else of_queries(words, [text] if text.strip() else [])


def of_queries(words: Words | None, queries: Sequence[ContentLike]) -> Words | None:
    """Words with their text, that of the queries where they have none of their own; None where nobody has any.

    Raises:
        InputError: media alone are asked for by words only.
    """
    if words is None or words.text is not None:
        return words
    if text := words_of(contents_of(queries)):
        return replace(words, text=text.translate(_UNQUOTED))
    if words.only:
        raise InputError("a query of media alone has no words for Words(only=True): give some, Words('...', only=True)")
    return None


_UNQUOTED = str.maketrans('"“”„', "    ")
"""In a query quotes are quotes; what must occur is said by Words."""


def check_weight(weight: object, name: str) -> None:
    """InputError unless it is a share of the words."""
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 <= weight <= 1:
        raise InputError(f"{name}: {weight!r} is no weight from 0 (vectors alone) to 1 (words alone)")
