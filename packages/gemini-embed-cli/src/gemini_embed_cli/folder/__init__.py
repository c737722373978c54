"""The folder that is searched.

errors        what cannot be done, in a sentence
settings      what was asked for: flags, environment, gemini-embed.toml
address       of a store that is told;  collections: what a folder's is called on a server
keys          whether there is one
home          where the index lives, and whose vectors are there
turns         turns at what one process at a time can have
sharing       one embedded store for several processes: handed over when another asks
last_search   what was found last
spending      what was spent
words         of a query, where the index keeps words
opening       the folder's index and embedder, opened as settings say
"""

from gemini_embed_cli.folder.errors import FolderError
from gemini_embed_cli.folder.home import Home
from gemini_embed_cli.folder.keys import has_key
from gemini_embed_cli.folder.last_search import remember, remembered
from gemini_embed_cli.folder.opening import OpenFolder
from gemini_embed_cli.folder.settings import FILE, Settings, settings
from gemini_embed_cli.folder.spending import spent_usd
from gemini_embed_cli.folder.words import words_kept

__all__ = [
    "FILE",
    "FolderError",
    "Home",
    "OpenFolder",
    "Settings",
    "has_key",
    "remember",
    "remembered",
    "settings",
    "spent_usd",
    "words_kept",
]
