"""`Embedder`, the first door.

configured   its settings, checked, and what comes of them
starting     how its calls start
embedder     `Embedder`: the doors, both ways
"""

from gemini_embed.embedder.configured import DEFAULT_MODEL
from gemini_embed.embedder.embedder import Embedder

__all__ = ["DEFAULT_MODEL", "Embedder"]
