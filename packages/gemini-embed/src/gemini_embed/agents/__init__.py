"""What agents need beside search, in no framework's words: numbers for sources, media for a model, tools that read.

sources   `Sources` numbers what tools find, from result to result, for each of `Conversations`;  `cited` maps the `[2]`
          of an answer back to hits
media     `medium_of` a hit, ready to be sent;  `chosen`: which media of all tool results fit, the newest first
pictures  `picture_of` a hit, for messages that hold pictures alone
links     where a link leads: `manual.pdf#page=7`, `talk.mp4#t=96,128`, `notes.md#L10-L42`
reading   `read_source` opens a link, with more around it;  passages: a text by lines;  parts: of one that is large;
          allowed: what may be opened
listing   `list_sources` of an index, a page at a time
words     what models are told of the tools and their arguments

What they raise for a model to mend is an `InputError`, whose message says what to do instead.
"""

from gemini_embed.agents.listing import Listed, Listing, alist_sources, list_sources
from gemini_embed.agents.media import KINDS, MAX_BYTES, MediaKind, Medium, Offered, check_kinds, chosen, medium_of
from gemini_embed.agents.pictures import picture_of
from gemini_embed.agents.reading import Reading, aread_source, read_source
from gemini_embed.agents.sources import Cited, Conversations, Sources, cited

__all__ = [
    "KINDS",
    "MAX_BYTES",
    "Cited",
    "Conversations",
    "Listed",
    "Listing",
    "MediaKind",
    "Medium",
    "Offered",
    "Reading",
    "Sources",
    "alist_sources",
    "aread_source",
    "check_kinds",
    "chosen",
    "cited",
    "list_sources",
    "medium_of",
    "picture_of",
    "read_source",
]
