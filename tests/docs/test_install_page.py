"""docs/install.md names what there is: distributions, extras, Pythons."""

from __future__ import annotations

import re
import tomllib

from fix_docs import ROOT, tables_under

PAGE = ROOT / "docs/install.md"
PROJECTS = [
    tomllib.loads(path.read_text("utf-8"))["project"] for path in sorted(ROOT.glob("packages/*/pyproject.toml"))
]


def test_every_extra_is_told() -> None:
    (table,) = tables_under(PAGE, "Extras")
    told = [name for row in table for name in re.findall(r"`([a-z]+)`", row[0])]
    assert sorted(told) == sorted({name for project in PROJECTS for name in project["optional-dependencies"]})


def test_every_distribution_is_told() -> None:
    (table,) = tables_under(PAGE, "What each distribution brings")
    assert sorted(row[0].strip("`") for row in table) == sorted(project["name"] for project in PROJECTS)


def test_the_pythons_are_those_of_the_classifiers() -> None:
    pythons = {
        tuple(re.findall(r":: (3\.\d+)$", "\n".join(project["classifiers"]), re.MULTILINE)) for project in PROJECTS
    }
    (told,) = re.findall(r"Python ((?:3\.\d+, )+3\.\d+ or 3\.\d+)", PAGE.read_text("utf-8"))
    assert pythons == {tuple(re.findall(r"3\.\d+", told))}
