"""What is embedded: contents, made of parts. One `Content` is exactly one vector.

parts      text, image, audio, video, PDF: each knows where its data is
places     where that may be: paths, bytes, URLs, data URIs, other libraries' objects
content    one or more parts, made of whatever callers pass
"""

from gemini_embed.content.content import (
    Content,
    ContentLike,
    contents_of,
    document_contents,
    is_flat_mix,
    part_of,
    parts_of,
    query_content,
    refuse_title,
    video_excerpt,
)
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
    "is_flat_mix",
    "media_of_type",
    "part_of",
    "parts_of",
    "query_content",
    "refuse_title",
    "video_excerpt",
]
