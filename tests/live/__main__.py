"""`make test-live`: what is to be asked and its price are told first; then a report is written to build/live.

With GEMINI_API_KEY (or GOOGLE_API_KEY) the service is asked, with GOOGLE_CLOUD_PROJECT and Application Default
Credentials Vertex AI too. GEMINI_EMBED_LIVE_URL names another address; without a key and an address a second emulator
stands in. Ends with 1 where something was refuted, or differs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from gemini_embed_emulator import Emulator

from . import congruence
from .asking import Service, UndecidedError
from .facts import Backend
from .report import Report
from .running import PROBES, Purse, Row, asked, bound_usd, side_by_side
from .stand_in import second_emulator

GOOGLE = "https://generativelanguage.googleapis.com"
LIMIT_USD = 0.5
NO_KEY = "a-key-for-a-stand-in"


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    given = _parser().parse_args(arguments)
    with ExitStack() as stack:
        key = os.environ.get("GEMINI_API_KEY") or os.environ.get("GOOGLE_API_KEY") or ""
        address = os.environ.get("GEMINI_EMBED_LIVE_URL", "").rstrip("/") or (GOOGLE if key else "")
        if not address:
            address = stack.enter_context(second_emulator())
        is_real = not _is_emulator(address)
        if is_real and not key:
            return _said(f"{_shown(address)} is no emulator: set GEMINI_API_KEY.", 2)
        options = {"wait_s": given.wait_s, "poll_s": 5.0 if is_real else 0.3}
        developer = Service(address, {"x-goog-api-key": key or NO_KEY}, **options)
        vertex = _vertex(address, key or NO_KEY, is_real=is_real, **options)
        emulators = emulators_at(stack.enter_context(Emulator()).base_url)
        services: dict[Backend, Service | str] = {"developer": developer, "vertex": vertex}
        for one in (*emulators.values(), *services.values()):
            if isinstance(one, Service):
                stack.callback(one.close)
        cases = congruence.cases()
        report = _begun(address, is_real, given.limit_usd, bound_usd(cases, PROBES))
        if is_real:
            report.secrets = {key: "<key>", **(_secrets(vertex) if isinstance(vertex, Service) else {})}
        if not _agreed(report, len(cases), yes=given.yes):
            return 2
        if refusal := _refusal(developer):
            return _said(f"The service refuses the key: {refusal}", 2)
        purse = Purse(given.limit_usd)
        try:
            side_by_side(services, emulators, cases, purse, lambda row: _told(row, report.congruence, report))
            asked(services, purse, lambda row: _told(row, report.facts, report), PROBES)
        finally:
            report.bound_usd = purse.spent_usd
            spent = [one.usage for one in services.values() if isinstance(one, Service)]
            report.usage = dict(sum(spent, Counter[str]()))
            report.refusals = [one.body.decode("utf-8", "replace") for one in developer.refusals]
            paths = report.write(given.out)
            print(f"\n{report.summary()}\n{' and '.join(map(str, paths))}")
        return 0 if report.is_good else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make test-live", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit-usd", type=float, default=LIMIT_USD, help=f"spend no more (default: {LIMIT_USD})")
    parser.add_argument("--yes", action="store_true", help="do not ask before the service is asked")
    parser.add_argument("--wait-s", type=float, default=300.0, help="for jobs and quotas, all together (default: 300)")
    parser.add_argument("--out", type=Path, default=Path("build/live"), help="a folder (default: build/live)")
    return parser


def _begun(address: str, is_real: bool, limit_usd: float, bound: float) -> Report:
    against = _shown(address) if is_real else f"a second emulator on {_shown(address)}"
    return Report(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", against, is_real, limit_usd, bound, [], [], {})


def _agreed(report: Report, cases: int, *, yes: bool) -> bool:
    """Tell what it may cost, and ask where that is real money."""
    print(f"{len(PROBES)} facts and {cases} requests beside the emulator, asked of {report.against}.")
    print(f"At most ${report.bound_usd:.2f}, and no more than the limit of ${report.limit_usd:.2f} (LIMIT_USD=).")
    if report.bound_usd > report.limit_usd:
        print("What does not fit is not asked; the report says what.")
    if not report.is_real:
        print("Nothing is paid here, and nothing learned of Google: a stand-in answers. With a key: GEMINI_API_KEY=...")
        return True
    if yes:
        return True
    if not sys.stdin.isatty():
        return bool(_said("Nobody can be asked here: YES=1 agrees. Nothing was sent.", 0))
    return input("Go on? [y/N] ").strip().lower() in ("y", "yes")


def _is_emulator(address: str) -> bool:
    if address == GOOGLE:
        return False
    try:
        reply = httpx.get(f"{address}/__emulator__/health", timeout=10)
    except httpx.HTTPError:
        return False
    return "emulator" in reply.headers.get("server", "")


def _vertex(address: str, key: str, *, is_real: bool, wait_s: float, poll_s: float) -> Service | str:
    """Vertex AI, or why it is not asked."""
    project, location = os.environ.get("GOOGLE_CLOUD_PROJECT", ""), os.environ.get("GOOGLE_CLOUD_LOCATION", "global")
    if not is_real:
        project, location, token = project or "stand-in", "global", "a-token"
    elif not project:
        return "GOOGLE_CLOUD_PROJECT is not set"
    else:
        import google.auth
        from google.auth.transport.requests import Request

        try:
            credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
            credentials.refresh(Request())  # type: ignore[no-untyped-call]  # google-auth's
        except google.auth.exceptions.GoogleAuthError as error:
            return f"no Application Default Credentials: {type(error).__name__}"
        address, token = _vertex_address(location), str(credentials.token)
    where = f"projects/{project}/locations/{location}/"
    return Service(address, {"authorization": f"Bearer {token}"}, "Vertex AI", where, key, wait_s, poll_s)


def _vertex_address(location: str) -> str:
    if location == "global":
        return "https://aiplatform.googleapis.com"
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"


def _refusal(service: Service) -> str:
    """Why the key is no good; "" where it is."""
    try:
        answer = service.ask("GET", "/v1beta/models", query={"pageSize": "1"})
    except UndecidedError as error:
        return str(error)
    return "" if answer.status == 200 else answer.words


def _secrets(service: Service) -> dict[str, str]:
    """The token, and the project, which is nobody else's matter."""
    token = service.headers["authorization"].removeprefix("Bearer ")
    return {token: "<token>", service.project.split("/")[1]: "<project>"}


def emulators_at(address: str) -> dict[Backend, Service]:
    """Both sides of the emulator that is compared with."""
    name, where = "the emulator", "projects/stand-in/locations/global/"
    return {
        "developer": Service(address, {"x-goog-api-key": NO_KEY}, name),
        "vertex": Service(address, {"authorization": "Bearer a-token"}, name, where),
    }


def _told(row: Row, rows: list[Row], report: Report) -> None:
    rows.append(row)
    mark = {"confirmed": "ok", "refuted": "REFUTED"}.get(row.verdict, row.verdict)
    print(f"{mark:14} {row.name}" + ("" if mark == "ok" else f": {report.clean(row.seen)[:200]}"), flush=True)


def _shown(address: str) -> str:
    """Without a name and password that stand in it."""
    url = urlsplit(address)
    return f"{url.scheme}://{url.hostname}{f':{url.port}' if url.port else ''}{url.path}"


def _said(words: str, code: int) -> int:
    print(words)
    return code


if __name__ == "__main__":
    sys.exit(main())
