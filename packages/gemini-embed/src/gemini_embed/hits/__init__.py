"""What searches find: hits, their media opened, a strip of pictures for a notebook."""

from gemini_embed.hits.hit import Hit
from gemini_embed.hits.hits import Hits
from gemini_embed.hits.opening import Opener

__all__ = ["Hit", "Hits", "Opener"]
