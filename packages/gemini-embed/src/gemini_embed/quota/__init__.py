"""How fast calls may start: told by `RateLimits`, or learned from the service's refusals.

limits      quotas as users tell them, and known tiers
refusal     what a 429 tells
bucket      units that refill at a rate
learning    a rate measured between refusals
in_flight   how many calls may be under way while no rate is known
day         a day's requests
pace        all of these together: admits calls
shares      one quota for several processes
shared      one pace per project and model in a process
gate        holds calls until the pace admits them;  waits: for how long, and why
room        holds media until there is room in memory
"""

from gemini_embed.quota.day import pacific
from gemini_embed.quota.gate import AbandonedError, Gate
from gemini_embed.quota.limits import Cost, RateLimits
from gemini_embed.quota.pace import Hold, Pace, Reason, Ticket
from gemini_embed.quota.refusal import Refusal, asked_to_wait_s, refusal_of, seconds_in
from gemini_embed.quota.room import Room
from gemini_embed.quota.shared import forget_paces, shared_pace
from gemini_embed.quota.shares import QuotaShares
from gemini_embed.quota.waits import Waits

__all__ = [
    "AbandonedError",
    "Cost",
    "Gate",
    "Hold",
    "Pace",
    "QuotaShares",
    "RateLimits",
    "Reason",
    "Refusal",
    "Room",
    "Ticket",
    "Waits",
    "asked_to_wait_s",
    "forget_paces",
    "pacific",
    "refusal_of",
    "seconds_in",
    "shared_pace",
]
