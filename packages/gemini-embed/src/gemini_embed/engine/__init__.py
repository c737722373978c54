"""How work runs: one event loop in a thread of its own, asked through two doors, in steps that either door can take."""

from gemini_embed.engine.closing import Closing
from gemini_embed.engine.loop import Engine, Pending
from gemini_embed.engine.steps import Steps, arun, run

__all__ = ["Closing", "Engine", "Pending", "Steps", "arun", "run"]
