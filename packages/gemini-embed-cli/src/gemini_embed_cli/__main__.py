"""`gemini-embed`, `gemini-embed-cli` and `python -m gemini_embed_cli`."""

from __future__ import annotations

import gc
import sys

MANY = 50_000
"""New objects after which Python looks for cycles; at its own 700 that is a tenth of a search, with its 800 modules."""


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    if sys.argv[1:2] == ["search"]:  # over before cycles could fill memory
        gc.disable()
    else:
        gc.set_threshold(MANY)
    from gemini_embed_cli.commands import run

    code = run(sys.argv[1:])
    gc.freeze()  # what is left goes with the process: to look for cycles in it is another tenth
    sys.exit(code)


if __name__ == "__main__":
    main()
