"""Batch jobs as google-genai asks for them, and as we do: the same requests, but for what it cannot say."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gemini_embed import Embedder
from gemini_embed_emulator import Emulator


def asked(emulator: Emulator, action: str) -> list[tuple[str, str, Any]]:
    """(method, path, body) of the requests whose path ends so."""
    return [(one.method, one.path, one.json) for one in emulator.requests if one.path.endswith(action)]


def test_a_job_of_a_file_is_created_by_the_same_request(
    emulator: Emulator, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    from google import genai

    make_embedder(cache=tmp_path / "v.db", dimensions=128).batches.submit(["a"], verify=0)
    (ours,) = asked(emulator, ":asyncBatchEmbedContent")
    batch = ours[2]["batch"]
    client = genai.Client(api_key="k", http_options={"base_url": emulator.base_url, "api_version": "v1beta"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that these jobs are an experiment
        job = client.batches.create_embeddings(
            model="gemini-embedding-2",
            src={"file_name": batch["inputConfig"]["file_name"]},
            config={"display_name": batch["displayName"]},
        )
    assert asked(emulator, ":asyncBatchEmbedContent") == [ours, ours]
    assert job.display_name == batch["displayName"]
    client.close()


def test_a_job_is_looked_at_and_listed_by_the_same_requests(
    emulator: Emulator, make_embedder: Callable[..., Embedder], tmp_path: Path
) -> None:
    from google import genai

    batches = make_embedder(cache=tmp_path / "v.db", dimensions=128).batches
    batches.submit(["a"], verify=0, name="run")
    emulator.requests.clear()
    batches.get("run").wait()
    wanted = {(method, path) for method, path, _ in asked(emulator, "") if "/batches" in path or ":download" in path}
    batches.submit(["b"], verify=0, name="run")
    name = str(emulator.jobs()[0]["name"])
    emulator.requests.clear()
    client = genai.Client(api_key="k", http_options={"base_url": emulator.base_url, "api_version": "v1beta"})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert [job.name for job in client.batches.list()] == [name]
        job = client.batches.get(name=name)
        client.batches.delete(name=name)
    client.close()
    theirs = {(method, path.replace(name, "NAME")) for method, path, _ in asked(emulator, "")}
    ours = {(method, path.rpartition("/")[0] + "/" if method != "GET" else path) for method, path in wanted}
    assert ("GET", "/v1beta/batches") in theirs & ours
    assert {("GET", "/v1beta/NAME"), ("DELETE", "/v1beta/NAME")} <= theirs
    assert ("DELETE", "/v1beta/batches/") in ours
    assert job.state is not None
