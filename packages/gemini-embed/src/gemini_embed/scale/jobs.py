"""A whole job of an engine: what is checked before it starts, and done once it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

from gemini_embed.result import OnError
from gemini_embed.scale.columns import ContentColumns
from gemini_embed.scale.index_stage import IndexStage
from gemini_embed.scale.report import ScaleReport
from gemini_embed.scale.sharing import Share

if TYPE_CHECKING:
    from gemini_embed.index import MultimodalIndex


class RowOptions(TypedDict, total=False):
    """What `IndexStage` is told of the rows; see there."""

    content: ContentColumns
    source: str | None
    metadata: Sequence[str]
    title: str | None
    replace: bool
    on_error: OnError


def index_rows(
    index: MultimodalIndex, share: Share, run: Callable[[IndexStage], ScaleReport], **options: Unpack[RowOptions]
) -> ScaleReport:
    """What an engine reports that `run` has take a stage to all rows; with `replace=False` what is outdated is removed
    then.

    Raises:
        StoreError: before `run`: an embedded store, which workers cannot have; one that is away, or does not fit.
    """
    stage = IndexStage(index, share=share, **options)
    stage.check_travels()
    index.count()  # opens it: what is wrong with the store is said here, once, and the collection is there for all
    report = run(stage)
    if not options.get("replace", True):
        report.replaced += index.tidy(before=stage.began_at)
    return report
