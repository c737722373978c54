"""`python -m gemini_embed_emulator`: the emulator from the command line, until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from .emulator import Emulator
from .settings import Quota


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop."""
    options = _parser().parse_args(arguments)
    quota = Quota(options.requests_per_minute, options.tokens_per_minute, options.requests_per_day)
    server = Emulator(
        host=options.host,
        port=options.port,
        api_keys=options.api_key,
        retired="serve" if options.serve_retired else "refuse",
        vertex_001_batch_limit=options.vertex_001_batch_limit,
        latency_s=options.latency_s,
        quota=quota,
    )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with server:
        sys.stdout.write(f"gemini-embed-emulator (not the model) listens on {server.base_url}\n")
        sys.stdout.flush()
        stopped.wait()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gemini_embed_emulator", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 takes a free one (default: 8080)")
    parser.add_argument("--api-key", action="append", help="accept this key only; may be given several times")
    parser.add_argument("--serve-retired", action="store_true", help="serve models the Developer API has shut down")
    parser.add_argument("--vertex-001-batch-limit", type=int, choices=(1, 250), default=250)
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--requests-per-minute", type=int)
    parser.add_argument("--tokens-per-minute", type=int)
    parser.add_argument("--requests-per-day", type=int)
    return parser


if __name__ == "__main__":
    main()
