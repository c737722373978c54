"""The emulator outside of Python: its flags, and the container file beside it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from gemini_embed_emulator import Emulator, Quota
from gemini_embed_emulator.__main__ import emulator_of

PACKAGE = Path(__file__).parents[2] / "packages/gemini-embed-emulator"
CONTAINER = (PACKAGE / "Dockerfile").read_text("utf-8").replace("\\\n", "")


def test_every_setting_has_its_flag_but_those_for_one_s_own_bytes() -> None:
    flags = (
        "--host localhost --port 0 --api-key a --api-key b --invalid-api-key c --serve-retired --no-usage --cors "
        "--vertex-001-batch-limit 1 --vertex-001-embed-content --refuse-pretty-print --no-compress --no-control "
        "--file-processing-s 1 --gcs-bucket bucket --modality-gap 0.5 --latency-s 2 --latency-jitter-s 3 --seed 4 "
        "--requests-per-minute 5 --tokens-per-minute 6 --requests-per-day 7 --minute-s 8 --count-calls "
        "--enqueued-tokens 9 --batch-s 1 --batch-listed-after-s 1 --batch-empty-pages 1 "
        "--batch-other-jobs 1 --max-batch-jobs 1"
    )
    set_, untouched = emulator_of(flags.split()), emulator_of([])
    assert set_.quota == Quota(5, 6, 7, count_items=False, minute_s=8, enqueued_tokens=9)
    changed = {one.name for one in fields(Emulator) if getattr(set_, one.name) != getattr(Emulator(), one.name)}
    limits = {"file_lifetime_s", *(one.name for one in fields(Emulator) if one.name.endswith("_bytes"))}
    assert changed == {one.name for one in fields(Emulator)} - {"gcs", "port", *limits}
    plain = Emulator(port=8080, quota=Quota())
    assert [getattr(untouched, one.name) for one in fields(Emulator)] == [
        getattr(plain, one.name) for one in fields(Emulator)
    ]


def test_a_quota_of_nothing_is_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        emulator_of(["--requests-per-minute", "0"])
    assert "limits are 1 or more" in capsys.readouterr().err


def instructions(name: str) -> list[str]:
    """What follows an instruction of the container file, each time it is there."""
    return re.findall(rf"^{name} (.+)$", CONTAINER, re.MULTILINE)


def test_the_container_copies_what_a_build_needs() -> None:
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    assert copied == {"pyproject.toml", "README.md", "LICENSE", "src"}
    assert all((PACKAGE / source).exists() for source in copied)


def test_the_container_listens_for_others_on_the_port_it_shows() -> None:
    (line,) = instructions("ENTRYPOINT")
    python, module, name, *flags = json.loads(line)
    assert (python, module, name) == ("python", "-m", "gemini_embed_emulator")
    server = emulator_of(flags)
    assert (server.host, [str(server.port)]) == ("0.0.0.0", instructions("EXPOSE"))  # noqa: S104 - within a container


def test_the_container_is_healthy_as_long_as_the_emulator_answers(emulator: Emulator) -> None:
    ((_, line),) = [one.split(" CMD ") for one in instructions("HEALTHCHECK")]
    _, *program = json.loads(line.replace("127.0.0.1:8080", f"127.0.0.1:{emulator.port}"))
    codes = []
    for running in (True, False):
        if not running:
            emulator.stop()
        codes.append(subprocess.run([sys.executable, *program], capture_output=True, check=False).returncode)  # noqa: S603 - our own file
    assert codes == [0, 1]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        pytest.param(["--latency-s", "-1"], "latency_s: -1.0 is not possible", id="a setting"),
        pytest.param(["--requests-per-day", "0"], "limits are 1 or more", id="a quota"),
    ],
)
def test_flags_out_of_range_are_told(flags: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        emulator_of(flags)
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("port", ["taken", "99999"])
def test_a_port_that_cannot_be_had_is_told_in_a_line(port: str) -> None:
    with Emulator() as other:
        flags = ["--port", str(other.port) if port == "taken" else port]
        command = [sys.executable, "-m", "gemini_embed_emulator", *flags]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)  # noqa: S603 - this very package
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot listen on http://127.0.0.1:")
    assert done.stderr.count("\n") == 1


PROGRAM = """
import json, os, sys, urllib.request
found = {name: value for name, value in os.environ.items() if name.startswith(("GOOGLE_", "GEMINI_API"))}
health = urllib.request.urlopen(found["GOOGLE_GEMINI_BASE_URL"] + "/__emulator__/health").status
print(json.dumps([sys.argv[1:], found, health]))
sys.exit(7)
"""


def with_the_emulator(*program: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """A program, run by the emulator's command, among these variables of Google's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "GEMINI_API"))}
    command = [sys.executable, "-m", "gemini_embed_emulator", *program]
    return subprocess.run(command, env=kept | environ, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603 - this very package


def test_a_program_meets_the_emulator_in_place_of_the_api(tmp_path: Path) -> None:
    """Whatever it finds in the environment: no key goes along, and Vertex AI asks nobody for a token."""
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    real = dict.fromkeys(("GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI"), "real")
    done = with_the_emulator(str(tmp_path / "program.py"), "--port", "1", **real)

    arguments, found, health = json.loads(done.stdout)
    address = found["GOOGLE_GEMINI_BASE_URL"]
    assert (arguments, health) == (["--port", "1"], 200)
    assert found == {
        "GEMINI_API_KEY": "emulator", "GOOGLE_GEMINI_BASE_URL": address, "GOOGLE_VERTEX_BASE_URL": address,
    }  # fmt: skip
    assert (done.returncode, done.stderr) == (7, "gemini-embed-emulator makes the vectors, not the model\n")


def test_a_program_that_is_not_there_is_told_in_a_line() -> None:
    done = with_the_emulator("--", "no-such-program")
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == ["Cannot run no-such-program: No such file or directory."]
