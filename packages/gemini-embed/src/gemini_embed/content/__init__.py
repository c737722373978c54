"""What is embedded: contents, made of parts. One `Content` is exactly one vector.

parts      text, image, audio, video, PDF: each knows where its data is
places     where that may be: paths, bytes, URLs, data URIs, other libraries' objects
content    one or more parts, made of whatever callers pass
given      what the doors are given: lists of contents, documents with titles, a query
"""

from gemini_embed.content.content import (
    Content,
    ContentLike,
    part_of,
    parts_of,
    video_excerpt,
)
from gemini_embed.content.given import contents_of, document_contents, query_content, refuse_title, said_of_flat_mix
from gemini_embed.content.parts import Audio, Image, Media, Part, Pdf, Text, Video, media_of_type
from gemini_embed.content.places import from_base64

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
    "document_contents",
    "from_base64",
    "media_of_type",
    "part_of",
    "parts_of",
    "query_content",
    "refuse_title",
    "said_of_flat_mix",
    "video_excerpt",
]
