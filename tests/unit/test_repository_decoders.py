"""Which fast decoders are installed where: those that have a wheel there, and nothing that would have to be built."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[2] / "packages/gemini-embed/pyproject.toml"
DECODERS = {"pysimdjson", "orjson", "isal"}
LINUX, ARM, APPLE, INTEL_MAC, WINDOWS, WINDOWS_ARM = (
    ("linux", "x86_64"),
    ("linux", "aarch64"),
    ("darwin", "arm64"),
    ("darwin", "x86_64"),
    ("win32", "AMD64"),
    ("win32", "ARM64"),
)


def decoders(python: str, place: tuple[str, str], implementation: str = "cpython") -> set[str]:
    """Those that `pip install gemini-embed` brings."""
    lines = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["dependencies"]
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.1",
        "sys_platform": place[0],
        "platform_machine": place[1],
        "implementation_name": implementation,
    }
    wanted = (Requirement(line) for line in lines)
    return {one.name for one in wanted if one.name in DECODERS and one.marker and one.marker.evaluate(environment)}


@pytest.mark.parametrize("place", [LINUX, ARM, APPLE, WINDOWS], ids="-".join)
@pytest.mark.parametrize(
    ("python", "expected"),
    [
        ("3.11", {"pysimdjson", "isal"}),
        ("3.13", {"pysimdjson", "isal"}),
        ("3.14", {"orjson", "isal"}),
        ("3.15", {"isal"}),
    ],
)
def test_each_python_has_the_fastest_that_it_can_have(python: str, place: tuple[str, str], expected: set[str]) -> None:
    assert decoders(python, place) == expected


@pytest.mark.parametrize("place", [INTEL_MAC, WINDOWS_ARM], ids="-".join)
@pytest.mark.parametrize("python", ["3.11", "3.14", "3.15"])
def test_nothing_is_built_where_there_are_no_wheels(python: str, place: tuple[str, str]) -> None:
    assert decoders(python, place) == set()


def test_other_interpreters_do_with_json_and_zlib() -> None:
    assert decoders("3.11", LINUX, "pypy") == set()
