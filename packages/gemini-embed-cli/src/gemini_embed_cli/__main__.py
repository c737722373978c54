"""`gemini-embed`, `gemini-embed-cli` and `python -m gemini_embed_cli`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    from gemini_embed_cli.commands import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
