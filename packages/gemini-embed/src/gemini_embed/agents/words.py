"""What models are told of the tools and their arguments: short, with examples, since arguments are copied from them."""

SEARCH = (
    "Search texts, images, recordings, videos and PDFs by meaning. Each result has a number to cite, such as [2], and "
    "a link to its place, such as manual.pdf#page=7 or talk.mp4#t=96,128."
)
"""Of the tool that searches."""
QUERY = "What to look for, in words, such as: how is the pump bled?"
"""Of its argument that is the question."""
KIND = "Only this kind of source: text, image, audio, video or pdf. Omit for all."
"""Of the one that names a kind."""

READ = (
    "Open a source at a place, with more around it: lines of a text, pages of a PDF, seconds of a recording or video. "
    "The result has a number to cite and, if the source goes on, the link to read next."
)
"""Of the tool that opens what was found."""
LINK = (
    "A link as search_sources or list_sources shows it, or the number of a result: manual.pdf#page=7, "
    "talk.mp4#t=96,128, notes.md#L10-L42, notes.md, [2]."
)
"""Of its argument that says where."""
AROUND = (
    "How much more to show before and after that place: lines of a text (such as 20), pages of a PDF (1), seconds of a "
    "recording or video (30). Omit for the place alone."
)
"""Of the one that asks for more around it."""

LIST = (
    "List what can be searched and read: a line for each source, with its kind, its link and how long it is, in the "
    "order of their names."
)
"""Of the tool that lists sources."""
LIST_NAME = "Only sources whose name or title contains this, such as: pump. Omit for all."
"""Of its argument that names some of them."""
LIST_AFTER = "Go on after this source; the end of a list that is cut says which. Omit to begin."
"""Of the one that goes on with a list."""
