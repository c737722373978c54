"""What one call takes: requests made, tried until they are answered, sifted, recalled from the cache, put back in order."""

from gemini_embed.calls.job import Submitted, embed

__all__ = ["Submitted", "embed"]
