"""What an add would cost, without embedding anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from gemini_embed.describing import GeminiDescriber, likely_question
from gemini_embed.errors import InputError
from gemini_embed.indexing.batches import AddBatch, Waiting, batches, unknown
from gemini_embed.indexing.candidates import Reader
from gemini_embed.indexing.items import ItemLike, Place
from gemini_embed.indexing.options import AddOptions, How, items_and_how
from gemini_embed.indexing.scratch import Seen
from gemini_embed.metering import Estimate, price
from gemini_embed.metering.batch_estimates import BatchEstimate
from gemini_embed.models import ModelFacts
from gemini_embed.stores import Store
from gemini_embed.windows import Cutting

if TYPE_CHECKING:
    from gemini_embed.embedder import Embedder


def estimate_add(
    embedder: Embedder, opened: Callable[[], Store], items: Iterable[ItemLike] | Place, options: AddOptions
) -> Estimate:
    """The estimate of adding `items` to the store that `opened` gives; see `MultimodalIndex.estimate`."""
    found, how = items_and_how(items, options, embedder.root)
    total, store = embedder.estimate([], price=how.price), opened()
    reader = how.reader(embedder, store)
    describing = how.describe.facts(embedder.backend) if isinstance(how.describe, GeminiDescriber) else None
    with closing(Seen()) as seen, _ended(reader):
        for gathered in batches(found, how.batch_size, reader, how.on_error, lambda *bad: None):
            new = unknown(gathered, store, seen)
            files = sum(one.record.uri is not None and one.candidate.begins for one in new)
            windows = [one for one in new if one.candidate.likely_tokens]
            whole = _of_whole(embedder, [one for one in new if not one.candidate.likely_tokens], how)
            counted = whole + _of_windows(embedder, windows, total)
            total += replace(counted, files=files, known=len(gathered) - len(new))
            if describing is not None:
                total = _with_words(total, new, describing, how.cutting)
    return total


@contextmanager
def _ended(reader: Reader) -> Iterator[None]:
    """Lets go of what a reader has open at the end."""
    try:
        yield
    finally:
        reader.opened.by(None)


def _of_whole(embedder: Embedder, new: Sequence[Waiting], how: How) -> Estimate:
    batch = AddBatch(new)
    try:
        return embedder.estimate(batch.contents, on_error=how.on_error, price=how.price)
    except InputError as error:
        raise error.relocated(batch.places) from error.__cause__


def _of_windows(embedder: Embedder, windows: Sequence[Waiting], total: Estimate) -> Estimate:
    """Of what is told by its length, without being cut; an estimate of the kind that `total` is."""
    tokens: Counter[str] = Counter()
    different = {one.content_key: one.candidate for one in windows}
    for one in different.values():
        if one.likely_tokens is not None:
            tokens.update(one.likely_tokens())
    usd = price(tokens, embedder.facts)
    online = Estimate(items=len(different), tokens=tokens.total(), usd=usd, by_modality=dict(tokens))
    if not isinstance(total, BatchEstimate):
        return online
    plan = total.plan
    return BatchEstimate.of(online, sum(plan.line_bytes(0, one.size_bytes) for one in different.values()), plan)


def _with_words(total: Estimate, new: Sequence[Waiting], facts: ModelFacts, cutting: Cutting) -> Estimate:
    """With what a chat model is asked about these; every page counts as one without text of its own."""
    tokens: Counter[str] = Counter()
    hears_videos = not cutting.video_sound
    for one in {one.content_key: one for one in new if not one.candidate.has_text}.values():
        tokens.update(likely_question(one.record.modality or "", one.record.window, hears_videos=hears_videos))
    if not tokens:
        return total
    usd = price(tokens, facts)
    return replace(
        total,
        tokens=total.tokens + tokens.total(),
        usd=None if total.usd is None or usd is None else total.usd + usd,
        by_modality=dict(Counter(total.by_modality) + Counter(describing=tokens.total())),
    )
