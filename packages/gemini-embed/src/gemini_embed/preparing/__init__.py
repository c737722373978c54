"""Contents to entries to batches, as the model's facts allow.

conditioning  contents checked and conditioned for the task, as entries
examining     a medium looked into before anything is sent: limits, likely tokens, the form it is sent in
loading       its bytes, when its turn comes;  references: media that the service reads by itself
plan          twins are sent once; batches by count, tokens and bytes
"""

from gemini_embed.preparing.conditioning import Prepared, Purpose, prepare
from gemini_embed.preparing.plan import (
    Batch,
    Entry,
    EntryPart,
    Planner,
    WirePart,
    base64_size,
    inline_data,
    split,
    without_twins,
)

__all__ = [
    "Batch",
    "Entry",
    "EntryPart",
    "Planner",
    "Prepared",
    "Purpose",
    "WirePart",
    "base64_size",
    "inline_data",
    "prepare",
    "split",
    "without_twins",
]
