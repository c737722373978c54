"""The verbs of the command, and how it ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App

DONE, NOTHING, USAGE, SERVICE, STORE, PRICE, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130
"""Exit codes: done; nothing found; what was asked cannot be done; the service did not answer or refused; the index is
in use or damaged; the price was not agreed to; Ctrl-C, after which what was finished is kept."""


def app() -> App:
    """The verbs; a verb's module is imported when it is named."""
    from cyclopts import App

    made = App(
        name="gemini-embed",
        help="Search folders of texts, pictures, recordings, videos and PDFs by any of them.",
        version_flags=["--version"],
        result_action="return_value",
        exit_on_error=False,
        print_error=True,
    )
    made.command("gemini_embed_cli.commands.sync:sync", name="sync")
    made.command("gemini_embed_cli.commands.search:search", name="search")
    made.command("gemini_embed_cli.commands.serve:serve", name="serve")
    return made


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments ask, and return the exit code."""
    _without_what_httpx_brings()
    from cyclopts import CycloptsError

    try:
        code = app()(list(arguments))
    except CycloptsError:
        return USAGE  # said already
    except KeyboardInterrupt:
        sys.stderr.write("stopped; what was finished is kept\n")
        return INTERRUPTED
    except BrokenPipeError:  # `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        return _told(error)
    return code if isinstance(code, int) else DONE


def _told(error: Exception) -> int:
    from gemini_embed import BudgetError, GeminiEmbedError, RequestError, StoreError

    if not isinstance(error, GeminiEmbedError):
        raise error
    sys.stderr.write(f"gemini-embed: {error}\n")
    codes = {BudgetError: PRICE, RequestError: SERVICE, StoreError: STORE}
    return next((code for kind, code in codes.items() if isinstance(error, kind)), USAGE)


def _without_what_httpx_brings() -> None:
    """httpx loads its own command line, and with it click and pygments, where rich is installed: a tenth of a second
    of every search. It does without where that cannot be imported."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None: the import fails, as documented
