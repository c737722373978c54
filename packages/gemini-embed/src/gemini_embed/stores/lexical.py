"""Words beside vectors: how they are cut, what of a record counts, and sparse vectors of them by BM25.

BM25 is `qdrant_edge.Bm25`: no download, and the token ids of fastembed's `Qdrant/bm25`. It weighs a word by how often
it stands in a record, and by how long the record is beside the mean, so the mean is measured on what the index holds;
how rare a word is the engine itself knows (modifier IDF).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from gemini_embed.errors import ConfigurationError, StoreError, missing_extra
from gemini_embed.stores.spaceless import spaced

Tokenizer = Literal["multilingual", "word", "code"]

SPARSE_NAME = "langchain-sparse"
"""What langchain-qdrant calls the sparse vectors of its hybrid mode."""

LANGUAGES = (
    "arabic", "azerbaijani", "basque", "bengali", "catalan", "chinese", "danish", "dutch", "english", "finnish",
    "french", "german", "greek", "hebrew", "hinglish", "hungarian", "indonesian", "italian", "japanese", "kazakh",
    "nepali", "norwegian", "portuguese", "romanian", "russian", "slovene", "spanish", "swedish", "tajik", "turkish",
)  # fmt: skip
"""Those whose stop words the engine knows; of most it knows endings, too."""

_VERSION = 1
"""Of how texts become words: what is kept under another cannot be searched by this."""
_COUNTS = 1e6
"""As BM25's saturation: so high that weights are plain counts."""
_USUAL_LENGTH = 256.0
"""The engine's own mean, where nothing was measured."""
DRIFT = 0.2
"""A mean that is so much off costs recall."""


@dataclass(frozen=True)
class Lexical:
    """How an index cuts texts into words, for searches by words beside those by vectors.

    Args:
        language: such as "english": endings and the commonest words are left out, so that "dogs" finds "dog". None:
            every word as it stands, right for indexes of several languages and of codes.
        tokenizer: "multilingual" finds words where no spaces are too (Chinese, Japanese, Thai, by pairs of characters),
            and, without a language, whatever their accents; "word" cuts at what is no letter and no digit, and that is
            all; "code" cuts identifiers too: `getName` is "get" and "name".

    Raises:
        ConfigurationError: a language or a tokenizer that there is not.
    """

    language: str | None = None
    tokenizer: Tokenizer = "multilingual"

    def __post_init__(self) -> None:
        if self.language is not None and self.language not in LANGUAGES:
            raise ConfigurationError(
                f"language={self.language!r} is none of {', '.join(LANGUAGES)}; None takes words as they stand"
            )
        if self.tokenizer not in get_args(Tokenizer):
            raise ConfigurationError(f"tokenizer={self.tokenizer!r} is none of {', '.join(get_args(Tokenizer))}")


LexicalLike: TypeAlias = Lexical | bool | None
"""True: as the index has it, or the defaults for a new one; None, and False: as the index has it, if it has words."""


def check_lexical(given: object) -> None:
    """ConfigurationError unless it can be a store's `lexical=`."""
    if not (given is None or isinstance(given, bool | Lexical)):
        raise ConfigurationError(f"lexical is True or Lexical(language=..., tokenizer=...), not {given!r}")


@dataclass(frozen=True)
class KeptWords:
    """What an index keeps about its words, beside the fingerprint.

    Attributes:
        lexical: how texts are cut.
        mean_length: words of a record, on average; None until something is written.
        complete: whether all records have theirs; False while, or after, `add_words` was ended.
    """

    lexical: Lexical
    mean_length: float | None = None
    complete: bool = True

    def to_dict(self) -> dict[str, Any]:
        """A JSON object, as stores keep it."""
        told = {"mean_length": self.mean_length, "complete": self.complete, "version": _VERSION}
        return {**asdict(self.lexical), **told}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> KeptWords:
        """Read what `to_dict` wrote. StoreError where it is damaged, or says what is not known here."""
        if data.get("version", _VERSION) != _VERSION:
            raise StoreError(
                f"the store's words are of version {data['version']!r}, this library makes version {_VERSION}: upgrade "
                "gemini-embed, or use another store"
            )
        try:
            lexical = Lexical(data["language"], data["tokenizer"])
            mean = data["mean_length"]
            return cls(lexical, None if mean is None else float(mean), data["complete"] is True)
        except (KeyError, TypeError, ValueError, ConfigurationError) as error:
            raise StoreError(
                f"what the store keeps about its words cannot be read ({error}): upgrade gemini-embed, or put it back"
            ) from error

    def has_drifted(self, mean_length: float) -> bool:
        """Whether `mean_length` is another by a fifth, and by more than two words."""
        return self.mean_length is not None and abs(mean_length - self.mean_length) > max(DRIFT * self.mean_length, 2)


class Sparse(NamedTuple):
    """A sparse vector: which words, and how much each weighs."""

    indices: list[int]
    values: list[float]


class Bm25Encoder:
    """Texts as sparse vectors. Needs the extra `edge`, and is made when first used; thread-safe.

    Args:
        lexical: how texts are cut.
        mean_length: words of a document, on average.
    """

    def __init__(self, lexical: Lexical, mean_length: float | None = None) -> None:
        self.lexical, self.mean_length = lexical, mean_length
        self._model: Any = None

    def documents(self, texts: Iterable[str]) -> list[Sparse]:
        """Of texts to be found; of one without words an empty one."""
        embed, prepared = self._bm25().embed_document, _prepared(self.lexical, is_query=False)
        return [Sparse(list(found.indices), list(found.values)) for found in map(embed, map(prepared, texts))]

    def query(self, text: str) -> Sparse:
        """Of words that are looked for."""
        found = self._bm25().embed_query(_prepared(self.lexical, is_query=True)(text))
        return Sparse(list(found.indices), list(found.values))

    def _bm25(self) -> Any:
        if self._model is None:
            self._model = _model(self.lexical, avg_len=self.mean_length or _USUAL_LENGTH)
        return self._model


def mean_length(lexical: Lexical, texts: Sequence[str]) -> float | None:
    """How many words a text has on average, of those that have any; None where none has."""
    counts, prepared = _model(lexical, k=_COUNTS, b=0.0).embed_document, _prepared(lexical, is_query=False)
    lengths = [sum(counts(prepared(text)).values) for text in texts]
    some = [length for length in lengths if length]
    return round(sum(some) / len(some), 2) if some else None


def _prepared(lexical: Lexical, *, is_query: bool) -> Callable[[str], str]:
    """What a text becomes before the engine cuts it."""
    return partial(spaced, is_query=is_query) if lexical.tokenizer == "multilingual" else str


def bm25_engine() -> Any:
    """The module `qdrant_edge`; MissingExtraError without it."""
    try:
        import qdrant_edge
    except ImportError as error:
        raise missing_extra("edge", "qdrant-edge-py") from error
    return qdrant_edge


def _model(lexical: Lexical, **settings: Any) -> Any:
    edge = bm25_engine()
    how: dict[str, Any] = {
        "tokenizer": edge.TokenizerType.Code if lexical.tokenizer == "code" else edge.TokenizerType.Word,
        "ascii_folding": lexical.tokenizer == "multilingual" and lexical.language is None,
    }
    if lexical.language is None:
        how |= {"stemmer": edge.DisabledStemmer(), "stopwords": edge.StopwordsSet()}
    else:
        how["language"] = lexical.language
    return edge.Bm25(edge.Bm25Config(**how, **settings))
