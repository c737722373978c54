"""One search: a query for each modality, their hits fused, made various, and merged where they are neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from gemini_embed.hits import Hit, Hits, Opener
from gemini_embed.hits.origin import Origin
from gemini_embed.notices import warn
from gemini_embed.searching.census import Census
from gemini_embed.searching.chance import Samples, spreads, spreads_beside
from gemini_embed.searching.fusion import ByModality, Ranked, fused
from gemini_embed.searching.merging import merged, widened
from gemini_embed.searching.options import Wanted
from gemini_embed.searching.variety import collapsed, diversified
from gemini_embed.searching.wording import with_words
from gemini_embed.stores import FilterLike, FloatArray, Store
from gemini_embed.stores.filters import of_modality, restricted


def search(
    store: Store,
    census: Census,
    query: FloatArray,
    wanted: Wanted,
    opener: Opener | None = None,
    origin: Origin | None = None,
) -> Hits:
    """The hits that are nearest to `query`, shape (d,), in an open store."""
    ranked = _ranked(store, census, query, wanted)
    ranked = _various(store, ranked, wanted)
    hits = [one.hit for one in ranked]
    hits = _within_quotas(merged(hits, wanted.k) if wanted.merge else hits, wanted)
    return Hits(replace(hit, opener=opener, origin=origin) for hit in widened(hits, wanted, store))


def _ranked(store: Store, census: Census, query: FloatArray, wanted: Wanted) -> list[Ranked]:
    words = wanted.words
    joined = with_words(store, query, wanted, words) if words else None
    found, samples = _Found() if words and words.only else _found(store, census, query, wanted)
    if joined:
        found = joined.found(found)
    if len(found) > 1 and isinstance(wanted.score_threshold, int | float):
        names = ", ".join(sorted(modality or "others" for modality in found))
        warn(
            f"one score_threshold for hits of several modalities ({names}), whose scores cannot be compared: pass one "
            f"for each, such as score_threshold={{'text': {wanted.score_threshold}, ...}}"
        )
    kept = {modality: _above(hits, wanted.threshold(modality)) for modality, hits in found.items()}
    if wanted.fusion == "standardized":
        usual = spreads({**census.samples(query, [one for one in kept if one not in samples]), **samples})
    else:
        usual = spreads_beside(samples, {modality: hits[0] for modality, hits in kept.items() if hits})
    ranked = fused(kept, wanted.fusion, usual)
    return joined.placed(ranked) if joined else ranked


class _Found(NamedTuple):
    hits: ByModality = MappingProxyType({})
    samples: Samples = MappingProxyType({})
    """To compare them with, of those modalities that can be."""


def _found(store: Store, census: Census, query: FloatArray, wanted: Wanted) -> _Found:
    """The nearest of each modality; of all together where they are not told apart, or cannot be."""
    is_neutral = wanted.filter is None or isinstance(wanted.filter, Mapping)
    modalities = [one for one in census.modalities() if _is_asked_for(one, wanted)] if is_neutral else []
    is_apart = wanted.fusion != "raw" or wanted.quotas is not None or isinstance(wanted.score_threshold, Mapping)
    if not is_apart or len(modalities) < 2:
        return _Found(_by_modality(_nearest(store, query, wanted, [wanted.filter])[0]))
    lists, samples = _compared(store, census, query, wanted, modalities)
    if not wanted.filter:
        census.learn({modality: bool(hits) for modality, hits in lists.items()})
    return _Found({modality: hits for modality, hits in lists.items() if hits}, samples)


def _compared(
    store: Store, census: Census, query: FloatArray, wanted: Wanted, modalities: Sequence[str | None]
) -> tuple[dict[str | None, list[Hit]], Samples]:
    """The nearest of each modality, and where it matters what the query scores against a sample of each."""
    filters = [restricted(wanted.filter, modality) for modality in modalities]
    is_needed = wanted.compares and store.gives_vectors
    if not (is_needed and store.samples_along):
        lists = dict(zip(modalities, _nearest(store, query, wanted, filters), strict=True))
        there = [modality for modality, hits in lists.items() if hits]
        return lists, census.samples(query, there) if is_needed and len(there) > 1 else {}
    beside = [of_modality(modality) for modality in modalities]
    each, samples = store.search_with_samples(query, wanted.depth, filters, beside, precision=wanted.precision)
    return dict(zip(modalities, each, strict=True)), dict(zip(modalities, samples, strict=True))


def _nearest(store: Store, query: FloatArray, wanted: Wanted, filters: Sequence[FilterLike]) -> list[list[Hit]]:
    """The nearest that pass each of the filters. Stores of others may not know `precision`."""
    if wanted.precision is not None:
        return store.search_each(query, wanted.depth, filters, precision=wanted.precision)
    if len(filters) == 1:
        return [store.search(query, wanted.depth, filters[0])]
    return store.search_each(query, wanted.depth, filters)


def _is_asked_for(modality: str | None, wanted: Wanted) -> bool:
    """Whether hits of this modality can come of it, as far as the outermost filter tells."""
    told = (wanted.filter or {}).get("modality", modality)
    if isinstance(told, Mapping):
        return True
    return modality in (told if isinstance(told, list | tuple | set | frozenset) else [told])


def _by_modality(hits: Sequence[Hit]) -> ByModality:
    found: dict[str | None, list[Hit]] = {}
    for hit in hits:
        found.setdefault(hit.modality, []).append(hit)
    return found


def _above(hits: Sequence[Hit], threshold: float | None) -> Sequence[Hit]:
    return hits if threshold is None else [hit for hit in hits if hit.score >= threshold]


def _various(store: Store, ranked: list[Ranked], wanted: Wanted) -> list[Ranked]:
    if wanted.mmr is None and wanted.collapse is None:
        return ranked
    ranked = ranked[: wanted.depth]
    vectors = store.vectors([one.hit.record.id for one in ranked])
    if wanted.collapse is not None:
        ranked = collapsed(ranked, vectors, wanted.collapse)
    return ranked if wanted.mmr is None else diversified(ranked, vectors, wanted.mmr)


def _within_quotas(hits: Sequence[Hit], wanted: Wanted) -> list[Hit]:
    """The first `k`, of each modality no more than its quota."""
    taken: Counter[str | None] = Counter()
    kept: list[Hit] = []
    for hit in hits:
        quota = (wanted.quotas or {}).get(hit.modality or "")
        if quota is None or taken[hit.modality] < quota:
            taken[hit.modality] += 1
            kept.append(hit)
    return kept[: wanted.k]
