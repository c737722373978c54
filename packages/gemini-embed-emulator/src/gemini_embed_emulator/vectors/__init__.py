"""What makes vectors: texts and media as weighted features, and each model's way of mixing them.

`maker` stands on `text` and `medium`, and these on `features`. A `medium` is made by `image` (on `shapes`), `audio` (on
`tones`), `video` and `pdf` (both look at images).
"""

from .audio import listen
from .image import look
from .maker import Input, Part, Vector, VectorMaker
from .medium import Limits, Medium, UnreadableMediumError
from .pdf import read_pages
from .tones import tone_speech
from .video import Excerpt, watch

__all__ = [
    "Excerpt",
    "Input",
    "Limits",
    "Medium",
    "Part",
    "UnreadableMediumError",
    "Vector",
    "VectorMaker",
    "listen",
    "look",
    "read_pages",
    "tone_speech",
    "watch",
]
