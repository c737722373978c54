"""`python -m gemini_embed_emulator`: the emulator from the command line, until SIGINT or SIGTERM. With a program, as in
`python -m gemini_embed_emulator program.py`: as long as it runs, and in place of the Gemini API."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence

from .emulator import Emulator
from .running import run
from .settings import Quota


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until told to stop, or until the program has ended."""
    server, program = _read(arguments)
    if program:
        sys.exit(_run(server, program))
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    _start(server)
    sys.stdout.write(f"gemini-embed-emulator (not the model) listens on {server.base_url}\n")
    sys.stdout.flush()
    stopped.wait()
    server.stop()


def _run(server: Emulator, program: Sequence[str]) -> int:
    _start(server)
    sys.stderr.write("gemini-embed-emulator makes the vectors, not the model\n")
    try:
        return run(program, server.base_url)
    except OSError as error:
        sys.exit(f"Cannot run {program[0]}: {error.strerror}.")
    finally:
        server.stop()


def _start(server: Emulator) -> None:
    """Listen; where that cannot be the program ends with a line that says why."""
    try:
        server.start()
    except (OSError, OverflowError) as error:  # the latter for a port that is none
        why = (getattr(error, "strerror", None) or str(error)).partition(" (while")[0].rstrip(".")
        sys.exit(f"Cannot listen on {server.base_url}: {why}. --port 0 takes a free port.")


def emulator_of(arguments: Sequence[str] | None = None) -> Emulator:
    """The emulator that a command line asks for, not yet started."""
    return _read(arguments)[0]


def _read(arguments: Sequence[str] | None) -> tuple[Emulator, list[str]]:
    """That, and the program to run with it."""
    parser = _parser()
    options = parser.parse_args(arguments)
    program = options.program[options.program[:1] == ["--"] :]
    if options.port is None:
        options.port = 0 if program else 8080
    try:
        return _made(options), program
    except ValueError as error:
        parser.error(str(error))


def _made(options: argparse.Namespace) -> Emulator:
    quota = Quota(
        options.requests_per_minute,
        options.tokens_per_minute,
        options.requests_per_day,
        count_items=not options.count_calls,
        minute_s=options.minute_s,
        enqueued_tokens=options.enqueued_tokens,
    )
    return Emulator(
        host=options.host,
        port=options.port,
        api_keys=options.api_key,
        invalid_api_keys=options.invalid_api_key or ("invalid",),
        retired="serve" if options.serve_retired else "refuse",
        vertex_001_batch_limit=options.vertex_001_batch_limit,
        vertex_001_embed_content=options.vertex_001_embed_content,
        usage=not options.no_usage,
        pretty_print="refuse" if options.refuse_pretty_print else "accept",
        compress=not options.no_compress,
        file_processing_s=options.file_processing_s,
        gcs_buckets=options.gcs_bucket,
        batch_s=options.batch_s,
        batch_listed_after_s=options.batch_listed_after_s,
        batch_empty_pages=options.batch_empty_pages,
        batch_other_jobs=options.batch_other_jobs,
        max_batch_jobs=options.max_batch_jobs,
        modality_gap=options.modality_gap,
        latency_s=options.latency_s,
        latency_jitter_s=options.latency_jitter_s,
        seed=options.seed,
        quota=quota,
        control=not options.no_control,
        cors=options.cors,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gemini_embed_emulator", description=__doc__)
    parser.add_argument(
        "program", nargs=argparse.REMAINDER, help="run this, a .py file or a command, with the emulator for its API"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="0 takes a free one (default: 8080, with a program 0)")
    parser.add_argument("--api-key", action="append", help="accept this key only; may be given several times")
    parser.add_argument("--invalid-api-key", action="append", help="refuse this key (default: invalid)")
    parser.add_argument("--no-control", action="store_true", help="no faults, settings and log over HTTP")
    parser.add_argument("--cors", action="store_true", help="let pages of browsers call, control included")
    parser.add_argument("--serve-retired", action="store_true", help="serve models the Developer API has shut down")
    parser.add_argument("--vertex-001-batch-limit", type=int, choices=(1, 250), default=250)
    parser.add_argument("--vertex-001-embed-content", action="store_true", help="text models answer :embedContent")
    parser.add_argument("--no-usage", action="store_true", help="no usageMetadata")
    parser.add_argument("--no-compress", action="store_true", help="no gzip")
    parser.add_argument("--refuse-pretty-print", action="store_true", help="400 for the prettyPrint parameter")
    parser.add_argument("--file-processing-s", type=float, default=0.0, help="seconds until an upload is ACTIVE")
    parser.add_argument(
        "--gcs-bucket", action="append", help="a bucket that there is (default: any that is written to)"
    )
    parser.add_argument("--batch-s", type=float, default=0.0, help="seconds until a batch job has succeeded")
    parser.add_argument("--batch-listed-after-s", type=float, default=0.0, help="seconds until it is in the list")
    parser.add_argument("--batch-empty-pages", type=int, default=0, help="empty pages at the beginning of that list")
    parser.add_argument("--batch-other-jobs", type=int, default=0, help="jobs of generateContent in that list")
    parser.add_argument("--max-batch-jobs", type=int, default=100, help="batch jobs that are not over")
    parser.add_argument("--modality-gap", type=float, default=0.0, help="how far apart the modalities lie, 0 to 1")
    parser.add_argument("--latency-s", type=float, default=0.0, help="seconds before every answer")
    parser.add_argument("--latency-jitter-s", type=float, default=0.0, help="up to so many more, at random")
    parser.add_argument("--seed", type=int, default=0, help="of the jitter")
    parser.add_argument("--requests-per-minute", type=int)
    parser.add_argument("--tokens-per-minute", type=int)
    parser.add_argument("--requests-per-day", type=int)
    parser.add_argument("--enqueued-tokens", type=int, help="tokens of a model's batch jobs that are not over")
    parser.add_argument("--minute-s", type=float, default=60.0, help="how long a minute of the quota lasts")
    parser.add_argument("--count-calls", action="store_true", help="a batch is one request of the quota, not its items")
    return parser


if __name__ == "__main__":
    main()
