"""What models are told of the server and its tools: short, with examples, since arguments are copied from them."""

from __future__ import annotations

from gemini_embed.agents.words import AROUND, KIND, LIST_AFTER, LIST_NAME

__all__ = ["AROUND", "KIND", "LIST_AFTER", "LIST_NAME"]

INSTRUCTIONS = (
    "Searches the user's own files by meaning: texts, images, recordings, videos and PDFs, each found by words, by a "
    "picture or by a sound. search finds, fetch opens what was found with more around it, list_sources shows what "
    "there is. Cite results by their numbers, such as [2]."
)

SEARCH = (
    "Search the user's texts, images, recordings, videos and PDFs by meaning. Each result has a number to cite, such "
    "as [2], the link of its place, such as manual.pdf#page=7 or talk.mp4#t=96,128, and what is written there; the "
    "best come with small pictures. fetch opens one."
)
QUERY = (
    "What to look for, in words, such as: how is the pump bled? With file both are one query. A URL alone is fetched, "
    "and what it holds is looked for."
)
FILE = (
    "A picture, recording, short video, PDF or text to look for: a path in the folders of this server, such as "
    "photos/pump.jpg, the http(s) URL of one, or a data: URI. Omit to search by words alone."
)
FILTER = (
    'Metadata that results must have, such as {"title": "The pump"} or {"page_start": {"gte": 3, "lt": 9}}. Omit for '
    "all."
)
COUNT = "How many results, at most 50."
PICTURES = "How many of the best results come with a small picture, from 0 to 4."
FOLDER = "Only in this folder, where the server has several: a name as links begin with. Omit for all."

FETCH = (
    "Open what search or list_sources shows: the text of that place, with more around it, and the page, picture, sound "
    "or clip itself. If the source goes on, the end says what to fetch next."
)
ID = (
    "The number or id of a result, or a link: 2, manual.pdf#page=7, manual.pdf#page=7-9, talk.mp4#t=96,128, "
    "notes.md#L10-L42, notes.md."
)
MEDIA = "False for the text alone, without page, picture, sound or clip."

LIST = "List what can be searched and fetched: a line for each source, with its kind, its link and how long it is."

ADD = (
    "Add one thing to the index, so that it is found from now on: a file of the folders, what is at a URL, or a text "
    "such as a note. It costs money: the estimated price is compared with this server's limit first."
)
ADD_FILE = "A path in the folders of this server, or an http(s) URL. Omit to add a text."
ADD_TEXT = "The text to add. Omit to add a file."
ADD_TITLE = "What a text is called; an older text of this title is replaced."
ADD_FOLDER = "The folder to add to, where the server has several."

SYNC = (
    "Make the index hold what the folder holds: new and changed files are embedded, those that are gone are removed. "
    "It costs money: the estimated price is compared with this server's limit first."
)
SYNC_FOLDER = "The folder to sync, where the server has several."
