"""What embedding costs, and who hears of it.

prices       what tokens cost
estimates    before anything is sent;  batch_estimates: the same by jobs of the Batch API
budget       limits that hold meanwhile
tracking     usage for whoever asks;  telemetry: OpenTelemetry's spans and metrics
"""

from gemini_embed.metering.budget import Budget
from gemini_embed.metering.estimates import Estimate, Price, estimate
from gemini_embed.metering.prices import price, told_tokens_by_modality, usd
from gemini_embed.metering.telemetry import ObservedCall, observed, watched
from gemini_embed.metering.tracking import UsageTracker, track_usage

__all__ = [
    "Budget",
    "Estimate",
    "ObservedCall",
    "Price",
    "UsageTracker",
    "estimate",
    "observed",
    "price",
    "told_tokens_by_modality",
    "track_usage",
    "usd",
    "watched",
]
