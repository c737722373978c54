"""The command `gemini-embed`: what a person types, and what is answered.

app           the verbs, each imported when it is named
ending        exit codes, errors as sentences
given         the flags that verbs share
plain         the plainest searches, read without the library;  finding: what a search does
asking        what was typed, as a query and a filter
pricing       prices shown and asked about;  reporting: what an add did
telling       tables and sentences on a terminal, JSON in a pipe, pages, hits opened

and a file a verb: sync, add, search, clip, estimate, status, recall, batch, migrate, optimize, doctor.
"""

from gemini_embed_cli.commands.app import run

__all__ = ["run"]
