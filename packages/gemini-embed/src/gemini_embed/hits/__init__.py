"""What searches find: hits, best first, which open their medium and show as pictures.

hit        a record with its score, a link to its place
hits       those of one search
opening    media opened where they lie: pictures, pages, clips
strip      hits as HTML for a notebook
"""

from gemini_embed.hits.hit import Hit
from gemini_embed.hits.hits import Hits
from gemini_embed.hits.opening import Opener

__all__ = ["Hit", "Hits", "Opener"]
