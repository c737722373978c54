"""What is found, in the one form that a table, an agent and a page are given.

found     a hit as words and numbers, with its place in the folder
"""

from gemini_embed_cli.answers.found import Found, below, found, founds

__all__ = ["Found", "below", "found", "founds"]
