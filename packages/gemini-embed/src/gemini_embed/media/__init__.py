"""Bytes of media: had, recognised, and looked into before any request.

files        read from disk, inside of `root` only;  fetching: from http(s) URLs, of public `addresses` only
source       bytes, a path or a file, through one door
kinds        what a file is by how it begins
probing      `probe`: what is inside, whether it can be read to its end
libraries    PyAV and PDFium, imported when needed, whatever they raise told as ours;  pictures: the same for Pillow
"""

from gemini_embed.media.fetching import FetchPolicy, fetch
from gemini_embed.media.files import open_file, read_file

__all__ = ["FetchPolicy", "fetch", "open_file", "read_file"]
