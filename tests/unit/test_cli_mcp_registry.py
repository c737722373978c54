"""What others are told of the MCP server: the registry's server.json, and the lines for clients on our page."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_docs import ROOT, blocks_of

PACKAGE = ROOT / "packages/gemini-embed-cli"
SERVER: dict[str, Any] = json.loads((PACKAGE / "server.json").read_text("utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((PACKAGE / "pyproject.toml").read_text("utf-8"))["project"]
PAGE = ROOT / "docs/mcp.md"


def test_server_json_is_what_the_registry_takes() -> None:
    """By the rules of its format (schema 2025-12-11) that concern us."""
    assert re.fullmatch(
        r"https://static\.modelcontextprotocol\.io/schemas/\d{4}-\d\d-\d\d/server\.schema\.json", SERVER["$schema"]
    )
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert 3 <= len(SERVER["name"]) <= 200
    assert 1 <= len(SERVER["description"]) <= 100
    assert {*SERVER} <= {"$schema", "name", "title", "description", "version", "websiteUrl", "repository", "packages"}
    (package,) = SERVER["packages"]
    required = {"registryType", "identifier", "version", "transport"}
    assert required <= {*package} <= required | {"runtimeHint", "packageArguments", "environmentVariables"}
    assert (package["registryType"], package["runtimeHint"], package["transport"]) == ("pypi", "uvx", {"type": "stdio"})
    for argument in package["packageArguments"]:
        assert argument["type"] == "positional"
        assert "value" in argument or "valueHint" in argument
    secrets = {one["name"] for one in package["environmentVariables"] if one.get("isSecret")}
    assert secrets == {"GEMINI_API_KEY"}


def test_the_listing_is_this_package() -> None:
    """One version, a script of the project's name, which uvx starts; and the mark by which the registry knows us."""
    (package,) = SERVER["packages"]
    assert SERVER["version"] == package["version"] == PROJECT["version"]
    assert package["identifier"] == PROJECT["name"]
    assert PROJECT["name"] in PROJECT["scripts"]
    readme = (PACKAGE / PROJECT["readme"]).read_text("utf-8")
    assert re.findall(r"mcp-name: (\S+)", readme) == [SERVER["name"]]


def commands() -> Iterator[Any]:
    """Everything on the page, and in the listing, that a client would start."""
    for block in blocks_of(PAGE, "json"):
        found = json.loads(block.code)
        for server in (found.get("mcpServers") or found["servers"]).values():
            yield pytest.param([server["command"], *server["args"]], id=f"line-{block.line}")
    for block in blocks_of(PAGE, "toml"):
        for server in tomllib.loads(block.code)["mcp_servers"].values():
            yield pytest.param([server["command"], *server["args"]], id=f"line-{block.line}")
    for path in (PAGE, PACKAGE / "README.md"):
        for block in blocks_of(path, "console"):
            for line in block.code.splitlines():
                if "gemini-embed" in line and " mcp " in line and " -- " in line:
                    yield pytest.param(line.partition(" -- ")[2].split(), id=f"{path.stem}-{block.line}")
    (package,) = SERVER["packages"]
    yield pytest.param(
        [package["identifier"], *(one.get("value", "notes") for one in package["packageArguments"])], id="listing"
    )


@pytest.mark.parametrize("command", list(commands()))
def test_clients_start_what_there_is(command: list[str]) -> None:
    """A script of ours, or uvx that runs one, with arguments that it takes."""
    from gemini_embed_cli.commands.app import app

    script, *arguments = command[command[0] == "uvx" :]
    assert script in PROJECT["scripts"]
    verb, bound, _ = app().parse_args(arguments, exit_on_error=False, print_error=False)
    assert verb.__name__ == "mcp"
    assert all(isinstance(folder, Path) for folder in bound.args)
    assert bound.args
