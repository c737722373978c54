"""How fast calls may start: told by `RateLimits`, or learned from the service's refusals.

limits      quotas as users tell them, and known tiers
refusal     what a 429 tells
bucket      units that refill at a rate
learning    a rate measured between refusals
window      how many calls may be under way while no rate is known
day         a day's requests
pace        all of these together: admits calls
shared      one pace per project and model in a process
"""

from gemini_embed.quota.limits import Cost, RateLimits
from gemini_embed.quota.pace import Hold, Pace, Reason, Ticket
from gemini_embed.quota.refusal import Refusal, refusal_of
from gemini_embed.quota.shared import forget_paces, shared_pace

__all__ = [
    "Cost",
    "Hold",
    "Pace",
    "RateLimits",
    "Reason",
    "Refusal",
    "Ticket",
    "forget_paces",
    "refusal_of",
    "shared_pace",
]
