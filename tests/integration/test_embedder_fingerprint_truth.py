"""Two embedders have equal fingerprints exactly when they give equal vectors to documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer, Received
from fix_media import png
from gemini_embed import Embedder, Fingerprint, Image
from gemini_embed_emulator import Emulator, Fault
from hypothesis import given, settings
from hypothesis import strategies as st

Made = Callable[[dict[str, Any]], tuple[Fingerprint, Any]]

CONFIGURATIONS = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["gemini-embedding-2", "gemini-embedding-001"]),
        "dimensions": st.sampled_from([None, 768, 3072]),
        "task": st.sampled_from(["search", "question_answering", "code_retrieval", "clustering", "similarity", "raw"]),
        "normalize": st.sampled_from([None, True, False]),
        "condition_media": st.sampled_from(["query", "both", "none"]),
        "service": st.sampled_from(["google", "emulator", "another emulator"]),
    }
)


def turned(payload: dict[str, Any]) -> None:
    """Vectors of another service, made of these."""
    for row in payload["embeddings"]:
        row["values"] = np.roll(row["values"], 1)


@pytest.fixture(scope="module")
def made() -> Iterator[Made]:
    """(fingerprint, vectors of some documents) of a configuration, each embedded once. What stands for Google is an
    emulator whose vectors are others, and whose user calls it so."""
    with Emulator() as one, Emulator() as two, Emulator() as google:
        google.faults.rule = lambda request: Fault(edit=turned)
        where = {
            "emulator": {"base_url": one.base_url},
            "another emulator": {"base_url": two.base_url},
            "google": {"base_url": google.base_url, "service": "google"},
        }

        @cache
        def of(configuration: tuple[tuple[str, Any], ...]) -> tuple[Fingerprint, Any]:
            options = dict(configuration)
            options |= where[options["service"]] if options["service"] == "google" else where[options.pop("service")]
            with Embedder(api_key="k", verify=False, **options) as embedder:
                contents: list[Any] = ["a document", "another one, about boats"]
                if embedder.model == "gemini-embedding-2":
                    contents.append(["beside a picture", Image(png())])
                return embedder.fingerprint, embedder.embed(contents).values

        yield lambda configuration: of(tuple(sorted(configuration.items())))


@settings(deadline=None, max_examples=120)
@given(first=CONFIGURATIONS, data=st.data())
def test_equal_fingerprints_are_equal_vectors(first: dict[str, Any], data: st.DataObject, made: Made) -> None:
    """Of two that differ in one or two settings, which is where a fingerprint may be wrong."""
    second, other = dict(first), data.draw(CONFIGURATIONS)
    for name in data.draw(st.sets(st.sampled_from(sorted(first)), min_size=1, max_size=2)):
        second[name] = other[name]
    (one, vectors), (two, others) = made(first), made(second)
    equal = vectors.shape == others.shape and np.allclose(vectors, others, atol=1e-6)
    assert (one == two) == equal, one.difference(two)
    assert (one.difference(two) == "") == equal


def test_a_service_with_a_smaller_default(make_server: Callable[..., CaptureServer]) -> None:
    """What no size is asked for is as long as what is asked for by the size it has: one place decides the size."""

    def respond(request: Received) -> Answer:
        rows = [{"values": [0.57 / 28] * one.get("outputDimensionality", 784)} for one in request.json["requests"]]
        return Answer(json.dumps({"embeddings": rows}).encode())

    server = make_server(respond)
    given_by_facts = {"facts": {"default_dimensions": 784}}
    found = []
    for options in (given_by_facts, {"dimensions": 784}):
        with Embedder("gemini-embedding-001", api_key="k", base_url=server.base_url, service="s", **options) as one:
            found.append((one.fingerprint, float(np.linalg.norm(one.embed_query("x").vector))))
    assert found[0] == found[1]
    assert found[0][1] == pytest.approx(1)
