"""The command `gemini-embed`: what a person types, and what is answered.

app           the verbs, each imported when it is named; errors as sentences, exit codes
given         the flags that verbs share
telling       tables and sentences on a terminal, JSON in a pipe
sync search   a file a verb
"""

from gemini_embed_cli.commands.app import run

__all__ = ["run"]
