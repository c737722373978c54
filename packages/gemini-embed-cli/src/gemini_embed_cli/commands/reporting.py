"""What an add or a sync did, as a person reads it and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from gemini_embed_cli.commands.telling import as_json, say

if TYPE_CHECKING:
    from gemini_embed import AddReport


def tell(report: AddReport, *, json: bool, emulator: bool) -> None:
    """The report on stdout."""
    if not json:
        say(str(report))
        if emulator:
            say("The emulator made these vectors and charges nothing: the price is what the model would have cost.")
        return
    as_json(
        {
            "added": report.added,
            "reused": report.reused,
            "replaced": report.replaced,
            "removed": report.removed,
            "skipped": [asdict(item) for item in report.skipped],
            "tokens": report.tokens,
            "usd": 0.0 if emulator else report.usd,
            "duration_s": round(report.duration_s, 3),
        }
    )
