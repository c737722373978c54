"""The built wheels, and a clean environment that has nothing but them and what they ask for (make test-wheels)."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_docs import ROOT, blocks_of

PACKAGES = {
    "gemini_embed": ["gemini_embed"],
    "gemini_embed_emulator": ["gemini_embed_emulator"],
    "langchain_gemini_embed": ["langchain_gemini_embed"],
    "llama_index_embeddings_gemini_embed": [
        "llama_index/embeddings/gemini_embed",
        "llama_index/postprocessor/gemini_embed",
        "llama_index/retrievers/gemini_embed",
    ],
}
CLI = {"gemini_embed_cli": ["gemini_embed_cli"]}
"""Installed in an environment of its own: it brings a vector store, which the other must not have."""
NEEDED = {"GEMINI_EMBED_DIST", "GEMINI_EMBED_CLEAN_PYTHON", "GEMINI_EMBED_CLI_PYTHON"}
pytestmark = pytest.mark.skipif(not os.environ.keys() >= NEEDED, reason="run by make test-wheels")


@pytest.fixture(scope="module")
def dist() -> Path:
    """The folder that `make test-wheels` built into."""
    return ROOT / os.environ["GEMINI_EMBED_DIST"]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """`run("-c", code)`: what the clean environment's Python prints, away from the source tree."""

    def run(*arguments: str) -> str:
        python = ROOT / os.environ["GEMINI_EMBED_CLEAN_PYTHON"]
        done = subprocess.run([python, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own code
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.mark.parametrize("name", PACKAGES | CLI)
def test_a_wheel_holds_its_packages_and_no_more(dist: Path, name: str) -> None:
    """Typed, licensed, and no `__init__.py` in the folders that are LlamaIndex's."""
    (wheel,) = dist.glob(f"{name}-[0-9]*.whl")
    files = zipfile.ZipFile(wheel).namelist()
    packages = (PACKAGES | CLI)[name]
    outside = [file for file in files if not file.startswith((*(f"{each}/" for each in packages), f"{name}-"))]

    assert outside == []
    assert {f"{package}/py.typed" for package in packages} <= {*files}
    assert any(file.endswith("licenses/LICENSE") for file in files)
    assert len(list(dist.glob(f"{name}-[0-9]*.tar.gz"))) == 1


@pytest.mark.parametrize("name", [each.replace("/", ".") for packages in PACKAGES.values() for each in packages])
def test_installed_packages_import(run: Callable[..., str], name: str) -> None:
    """From the wheel, without a warning."""
    assert "site-packages" in run("-W", "error", "-c", f"import {name}; print({name}.__file__)")


def test_a_missing_extra_names_the_command(run: Callable[..., str]) -> None:
    """The clean environment has no vector store."""
    code = """
from gemini_embed import EdgeStore, Embedder, MissingExtraError, MultimodalIndex
try:
    MultimodalIndex(Embedder(api_key="k"), EdgeStore("index")).count()
except MissingExtraError as error:
    print(error)
"""

    assert 'pip install "gemini-embed[edge]"' in run("-c", code)


@pytest.mark.usefixtures("reader_folder")
def test_the_first_snippet_of_the_readme_runs(run: Callable[..., str]) -> None:
    """What a newcomer pastes first."""
    assert run("-c", blocks_of(ROOT / "README.md", "python")[0].code).strip()


def test_the_emulator_starts_as_a_module(run: Callable[..., str]) -> None:
    """`python -m gemini_embed_emulator`."""
    assert "--port" in run("-m", "gemini_embed_emulator", "--help")


def test_users_of_the_wheels_get_types() -> None:
    """mypy finds the annotations where pip put them."""
    program = str(ROOT / "tests/typing/core_user.py")
    python = ROOT / os.environ["GEMINI_EMBED_CLEAN_PYTHON"]
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--python-executable={python}", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["gemini-embed", "gemini-embed-cli"])
def test_the_command_needs_nothing_else(name: str, tmp_path: Path) -> None:
    """Installed alone, without extras and without a key: a folder is synced and searched."""
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/bread.md").write_text("Bread rises because of yeast.", "utf-8")
    command = (ROOT / os.environ["GEMINI_EMBED_CLI_PYTHON"]).with_name(name)
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("GEMINI_", "GOOGLE_"))}
    for arguments in (
        ("sync", "notes", "--emulator"),
        ("search", "-C", "notes", "What makes bread rise?", "--emulator"),
    ):
        done = subprocess.run(  # noqa: S603 - our own command
            [command, *arguments], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "bread.md  Bread rises because of yeast." in done.stdout


async def test_agents_are_served_by_the_command(tmp_path: Path) -> None:
    """Installed alone: the SDK's client starts it as the registry says, under the project's name."""
    from mcp import Client, StdioServerParameters
    from mcp.client.stdio import stdio_client

    (tmp_path / "bread.md").write_text("Bread rises because of yeast.", "utf-8")
    command = (ROOT / os.environ["GEMINI_EMBED_CLI_PYTHON"]).with_name("gemini-embed-cli")
    arguments = ["mcp", str(tmp_path), "--emulator", "--allow-writes"]
    async with Client(stdio_client(StdioServerParameters(command=str(command), args=arguments))) as client:
        await client.call_tool("sync", {})
        found = await client.call_tool("search", {"query": "What makes bread rise?"})
    assert found.structured_content is not None
    assert found.structured_content["results"][0]["text"] == "Bread rises because of yeast."
