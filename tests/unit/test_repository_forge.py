"""What a public forge reads: forms, workflows, updates, hooks, and the page on security."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FORGE = ROOT / ".github"
FORMS = sorted(path for path in FORGE.glob("ISSUE_TEMPLATE/*.yml") if path.name != "config.yml")
SCHEMAS = {
    **dict.fromkeys(FORMS, "github-issue-forms"),
    FORGE / "ISSUE_TEMPLATE/config.yml": "github-issue-config",
    FORGE / "dependabot.yml": "dependabot",
    **dict.fromkeys(sorted(FORGE.glob("workflows/*.yml")), "github-workflows"),
}


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_the_forge_can_read_it(path: Path) -> None:
    """By the published schema of its kind, which check-jsonschema brings; zizmor looks at the rest, in `make lint`."""
    schemas = pytest.importorskip("check_jsonschema.builtin_schemas", reason="needs the group lint of pyproject.toml")
    validator_for = pytest.importorskip("jsonschema.validators").validator_for
    schema = schemas.get_builtin_schema(f"vendor.{SCHEMAS[path]}")
    tree = read(path)
    if True in tree:
        tree["on"] = tree.pop(True)  # YAML 1.1, which PyYAML reads, has `on` for true
    assert [f"{error.json_path}: {error.message}" for error in validator_for(schema)(schema).iter_errors(tree)] == []


@pytest.mark.parametrize("name", ["bug", "fact"])
def test_forms_ask_for_what_we_always_need(name: str) -> None:
    """The backend and the model must be told; of what is broken, `pip freeze` too."""
    asked = {field.get("id"): field for field in read(FORGE / f"ISSUE_TEMPLATE/{name}.yml")["body"]}
    needed = {"backend", "model"} | ({"freeze"} if name == "bug" else set())

    assert all(asked[field]["validations"]["required"] for field in needed)
    assert name != "bug" or "pip freeze" in asked["freeze"]["attributes"]["description"]


def test_hooks_are_the_tools_of_make_lint() -> None:
    """In the versions of constraints.txt."""
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "constraints.txt").read_text("utf-8"), re.MULTILINE))
    hooks = read(ROOT / ".pre-commit-config.yaml")["repos"]
    tools = {
        re.sub(r"-pre-commit$", "", one["repo"].rpartition("/")[2]): one["rev"].removeprefix("v")
        for one in hooks
        if one["repo"] != "local"
    }
    (local,) = (one["hooks"] for one in hooks if one["repo"] == "local")

    assert tools == {name: pins[name] for name in ("ruff", "zizmor", "check-jsonschema")}
    assert [hook["entry"] for hook in local] == [".venv/bin/mypy"]


def test_promises_of_security_name_what_holds_them() -> None:
    """Every test that attacks us stands beside a promise, and no promise names a test that is not there."""
    named = {*re.findall(r"`(test_\w+\.py)`", (ROOT / "SECURITY.md").read_text("utf-8"))}

    assert named == {path.name for path in (ROOT / "tests/security").glob("test_*.py")}


def test_places_of_the_forge_are_of_this_repository() -> None:
    """Addresses that lead to a neighbour would send reports there."""
    home = re.search(r'^Repository = "(.+)"', (ROOT / "packages/gemini-embed/pyproject.toml").read_text("utf-8"), re.M)
    assert home is not None
    for path in (ROOT / "SECURITY.md", *FORGE.rglob("*.yml")):
        for url in re.findall(r"https://github\.com/[\w./-]+", path.read_text("utf-8")):
            assert url.startswith(home[1] + "/"), (path.name, url)


def test_tasks_that_workflows_run_are_there() -> None:
    """`make NAME` in a workflow is a task of the Makefile."""
    tasks = {*re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)}
    run = {
        task
        for path in FORGE.glob("workflows/*.yml")
        for task in re.findall(r"run: make ((?:[A-Z_]+=\S+ )*)([a-z-]+)", path.read_text("utf-8"))
    }
    assert {task for _, task in run} <= tasks
