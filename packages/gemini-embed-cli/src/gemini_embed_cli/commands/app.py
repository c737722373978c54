"""The verbs of the command."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from gemini_embed_cli.commands.ending import DONE, INTERRUPTED, USAGE, terminated_as_interrupted, told

if TYPE_CHECKING:
    from cyclopts import App

VERBS = {
    "sync": "Make the index hold what a folder holds.",
    "add": "Add files, folders and addresses beside what sync brings.",
    "search": "Find what is nearest to words, a picture, a recording, or several together.",
    "clip": "Cut a hit of the last search from its source.",
    "estimate": "Tell what sync would embed, and its likely price.",
    "status": "Tell what the index holds.",
    "recall": "Measure what the codes of the index find.",
    "batch": "Embed a folder by jobs of the Batch API: half the price.",
    "migrate": "Embed the index anew by another model or size.",
    "optimize": "Build what makes searches in a large index fast.",
    "mcp": "Let agents search folders, over MCP.",
    "serve": "Serve a page to search a folder on.",
    "doctor": "Say what is missing, and what to type about it.",
}
"""Each is the function of its name in the module of its name, imported when it is named."""


def app() -> App:
    """The command with all its verbs."""
    from cyclopts import App

    made = App(
        name="gemini-embed",
        help="Search folders of texts, pictures, recordings, videos and PDFs by any of them.",
        version=_version,
        result_action="return_value",
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    for name, what in VERBS.items():
        made.command(f"{__package__}.{name}:{name}", name=name, help=what)
    made.register_install_completion_command()
    return made


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask, and return the exit code."""
    _without_what_httpx_brings()
    try:
        with terminated_as_interrupted():
            code = _done(list(arguments))
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("stopped; what was finished is kept\n")
        return INTERRUPTED
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return told(error)
    return code if isinstance(code, int) else DONE


def _done(arguments: list[str]) -> object:
    """What the verb returns."""
    from gemini_embed_cli.commands.plain import plain_search

    if plain := plain_search(arguments):
        from gemini_embed_cli.folder import OpenFolder, settings

        search, flags = plain
        return search.done(OpenFolder(settings(flags)))
    from cyclopts import CycloptsError

    try:
        return app()(arguments)
    except CycloptsError:
        return USAGE  # said already


def _version() -> str:
    from importlib.metadata import version

    return version("gemini-embed-cli")


def _without_what_httpx_brings() -> None:
    """httpx loads its own command line, and with it click and pygments, where rich is installed: a tenth of a second
    of every search. It does without where that cannot be imported."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: an import of it fails, as documented
