"""What makes vectors: texts, images, audio, video and PDF as weighted features, and a model's way of mixing them."""

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
