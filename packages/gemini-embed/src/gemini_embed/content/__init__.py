"""What is embedded: contents made of parts, and the places that parts come from. One `Content` is exactly one vector."""

from gemini_embed.content.content import Content, ContentLike, contents_of, part_of, parts_of, video_excerpt
from gemini_embed.content.parts import Audio, Image, Media, Part, Pdf, Text, Video, media_of_type

__all__ = [
    "Audio",
    "Content",
    "ContentLike",
    "Image",
    "Media",
    "Part",
    "Pdf",
    "Text",
    "Video",
    "contents_of",
    "media_of_type",
    "part_of",
    "parts_of",
    "video_excerpt",
]
