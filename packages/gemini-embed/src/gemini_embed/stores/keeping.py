"""A store that keeps the words of its records beside their vectors: what all engines share of that."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.notices import warn
from gemini_embed.records import Record
from gemini_embed.stores.base import FilterLike, FloatArray, Store, opened
from gemini_embed.stores.lexical import Bm25Encoder, KeptWords, Lexical, LexicalLike, Sparse, bm25_engine, mean_length
from gemini_embed.stores.words import WordHit, WordQuery, words_of

SAMPLE = 1_000
"""Records whose words are counted for the mean: the first by their ids, which are hashes, so a random sample."""
COUNTED = 100
"""Of each write; the rest of one write is much alike."""
REWRITTEN_AT_ONCE = 500
DEEPEST = 1_000
"""Where phrases must occur, so many of the best by their words are looked at."""


class OpenWords:
    """What an open store knows of its words; `kept` is None where it has none."""

    def __init__(self, kept: KeptWords | None) -> None:
        self.keep(kept)
        self.is_measured_here = self.is_told = False
        self._counted: list[float] = []

    def keep(self, kept: KeptWords | None) -> None:
        """The settings from now on."""
        self.kept = kept
        self.encoder = None if kept is None else Bm25Encoder(kept.lexical, kept.mean_length)

    def count(self, mean: float | None) -> None:
        """So long were those that were just written."""
        if mean is not None:
            self._counted.append(mean)

    def mean_of_written(self) -> float | None:
        """Since the last time it was asked."""
        counted, self._counted = self._counted, []
        return sum(counted) / len(counted) if counted else None


class KeepsWords(Store):
    """Words of all records, as sparse vectors that an engine's part below writes and searches."""

    takes_words = True
    _lexical: LexicalLike = None
    """What it was made with."""
    _words: OpenWords | None = None

    def kept_words(self) -> KeptWords | None:
        return self._words.kept if self._words else None

    def search_words(self, query: WordQuery, vector: FloatArray, k: int, filter: FilterLike = None) -> list[WordHit]:
        encoder = opened(self, self._words).encoder
        if encoder is None:
            raise StoreError(no_words_yet(self))
        asked, needed = encoder.query(query.text), None
        if query.required:
            needed = encoder.query(" ".join(query.required))
        if not asked.indices or (needed is not None and not needed.indices):
            return []
        limit = k if needed is None else max(k, DEEPEST)
        found = self._search_sparse(asked, needed, vector, limit, filter)
        return [one for one in found if query.admits(one.hit.record)][:k]

    def add_words(self, lexical: Lexical | None = None) -> int:
        given = self._lexical if isinstance(self._lexical, Lexical) else None
        if lexical is not None and given is not None and lexical != given:
            raise ConfigurationError(f"{self} was made with lexical={given}, and its words are asked for by {lexical}")
        kept = self.kept_words()
        wanted = lexical or given or (kept.lexical if kept else Lexical())
        with self._undisturbed():
            self._make_sparse()
            kept = self._keep(KeptWords(wanted, self._measured(wanted), complete=False))
            count = sum(self._rewritten())
            self._keep(replace(kept, complete=True))
        return count

    def take_words(self, kept: KeptWords) -> None:
        words = opened(self, self._words)
        mine, given = words.kept, self._lexical if isinstance(self._lexical, Lexical) else None
        is_new = (mine is None or mine.mean_length is None) and given in (None, kept.lexical)
        if is_new and self.count() == 0:
            self._make_sparse()
            self._keep(replace(kept, complete=True))

    def check_words(self) -> None:
        words = self._words
        mean = words.mean_of_written() if words else None
        if words is None or words.kept is None or mean is None:
            return
        is_measured_here, words.is_measured_here = words.is_measured_here, False
        if not words.kept.has_drifted(mean):
            return
        now = self._measured(words.kept.lexical)
        if now is None or not words.kept.has_drifted(now):
            return
        if is_measured_here:  # on the first batch of this very add
            self.add_words()
        elif not words.is_told:
            words.is_told = True
            warn(
                f"{self}: its records have {now:.0f} words each on average, and had {words.kept.mean_length:.0f} when "
                "that was measured, so searches by words rank worse than they could: index.add_lexical() makes their "
                "words anew, and embeds nothing"
            )

    def _open_words(self, kept: KeptWords | None) -> None:
        """To be called when everything else is open, with what is kept beside the fingerprint."""
        try:
            self._words = OpenWords(self._checked(kept))
            self._tell_of_missing()
        except BaseException:
            self.close()
            raise

    def _checked(self, kept: KeptWords | None) -> KeptWords | None:
        """What the store keeps; of a new one that is to have words what it is to keep."""
        given = self._lexical if isinstance(self._lexical, Lexical) else None
        if self._lexical:
            bm25_engine()  # told now, and not when vectors are paid for
        if kept is not None:
            if given is not None and kept.lexical != given:
                raise ConfigurationError(
                    f"{self} has words by {kept.lexical}, and {given} is asked for: leave lexical= out to take them as "
                    f"they are, or open it so and have them made anew by index.add_lexical({given})"
                )
            return kept
        if not self._lexical:
            return None
        if self.count() == 0:
            kept = KeptWords(given or Lexical())
        elif self._may_adopt_words():
            kept = KeptWords(given or Lexical(), self._measured(given or Lexical()))
        else:
            return None
        self._make_sparse()
        self._write_words(kept)
        return kept

    def _tell_of_missing(self) -> None:
        kept = self.kept_words()
        if kept is not None and not kept.complete:
            warn(f"{self}: its words were not made to the end: index.add_lexical() makes all of them")
        elif kept is not None and (count := self._count_wordless()):
            warn(
                f"{self}: {count} records have no words, as another program wrote them: vectors find them, words do "
                "not. index.add_lexical() gives them theirs"
            )

    def _sparse_of(self, records: Sequence[Record]) -> list[Sparse] | None:
        """The words of records that are written; None where the store has none."""
        words = self._words
        if words is None or words.kept is None:
            return None
        texts = [words_of(record) for record in records]
        mean = mean_length(words.kept.lexical, texts[:COUNTED])
        words.count(mean)
        if words.kept.mean_length is None and mean is not None:
            self._keep(replace(words.kept, mean_length=mean_length(words.kept.lexical, texts)))
            words.is_measured_here = True
        return opened(self, words.encoder).documents(texts)

    def _keep(self, kept: KeptWords) -> KeptWords:
        self._write_words(kept)
        opened(self, self._words).keep(kept)
        return kept

    def _measured(self, lexical: Lexical) -> float | None:
        sample = next(self.iterate(batch_size=SAMPLE, with_vectors=False), None)
        return mean_length(lexical, [words_of(record) for record in sample.records]) if sample else None

    def _rewritten(self) -> Iterator[int]:
        """Of all records the words are written; how many at a time."""
        encoder = opened(self, opened(self, self._words).encoder)
        for batch in self.iterate(batch_size=REWRITTEN_AT_ONCE, with_vectors=False):
            sparse = encoder.documents(words_of(record) for record in batch.records)
            self._put_sparse([record.id for record in batch.records], sparse)
            yield len(batch.records)

    # the engine's part

    def _undisturbed(self) -> AbstractContextManager[object]:
        """Keeps other threads from writing meanwhile, where the engine is this process's own."""
        return nullcontext()

    def _may_adopt_words(self) -> bool:
        """Whether sparse vectors that are there already were made alike, as the caller vouches."""
        return False

    @abstractmethod
    def _write_words(self, kept: KeptWords) -> None:
        """Keep it beside the fingerprint."""

    @abstractmethod
    def _make_sparse(self) -> None:
        """Make room for the sparse vectors, where there is none yet."""

    @abstractmethod
    def _put_sparse(self, ids: Sequence[str], sparse: Sequence[Sparse]) -> None:
        """Write those of records that exist; their vectors stay."""

    @abstractmethod
    def _search_sparse(
        self, asked: Sparse, needed: Sparse | None, vector: FloatArray, k: int, filter: FilterLike
    ) -> list[WordHit]:
        """The best by `asked`, best first, among those that have a word of `needed`."""

    @abstractmethod
    def _count_wordless(self) -> int:
        """How many records have no sparse vector."""


def no_words_yet(store: Store) -> str:
    """What to say of a store that could have words."""
    return (
        f"{store} has no words to search: index.add_lexical() makes them in some seconds for 10,000 records, and "
        "embeds nothing; a new index has them from the start with lexical=True"
    )
