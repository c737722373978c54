"""The folder that is searched.

errors        what cannot be done, in a sentence
settings      what was asked for: flags, environment, gemini-embed.toml
home          where the index lives, and whose vectors are there
sharing       one embedded store for several processes: handed over when another asks
opening       the folder's index and embedder, opened as settings say
"""

from gemini_embed_cli.folder.errors import FolderError
from gemini_embed_cli.folder.home import Home
from gemini_embed_cli.folder.opening import OpenFolder
from gemini_embed_cli.folder.settings import Settings, settings

__all__ = ["FolderError", "Home", "OpenFolder", "Settings", "settings"]
