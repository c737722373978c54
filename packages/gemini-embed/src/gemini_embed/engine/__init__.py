"""How work runs: on one event loop in a thread of its own, asked through a blocking and an awaiting door.

shared     the loop of the process and its thread
loop       one object's jobs on it: both doors
steps      work that waits for vectors now and then, written once for both doors
closing    `with` and `async with`
"""

from gemini_embed.engine.closing import Closing
from gemini_embed.engine.loop import Engine, Pending
from gemini_embed.engine.steps import Steps, arun, run

__all__ = ["Closing", "Engine", "Pending", "Steps", "arun", "run"]
