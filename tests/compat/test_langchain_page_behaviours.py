"""The behaviours that docs/coming-from-langchain.md sets side by side are the official class's, and ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fix_docs import ROOT, tables_under
from fix_official import NEW, OLD, told_in
from gemini_embed import ConfigurationError, GeminiEmbedError, GeminiEmbedWarning, InputError
from gemini_embed_emulator import Emulator, Fault
from langchain_google_genai._common import GoogleGenerativeAIError

pytestmark = pytest.mark.compat

PAGE = ROOT / "docs/coming-from-langchain.md"
Make = Callable[..., Any]


def is_tried_again(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for fault in (Fault.rate_limited(retry_delay_s=0.01), Fault.status(503), Fault.drop_before()):
        emulator.faults.push(fault)
        with pytest.raises(GoogleGenerativeAIError):
            theirs().embed_query("x")
        emulator.faults.push(fault)
        assert ours().embed_query("x")


def keeps_what_was_finished(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for make in (theirs, ours):
        emulator.faults.push(None, Fault.status(403))
        with pytest.raises((GoogleGenerativeAIError, GeminiEmbedError)) as failed:
            make().embed_documents([f"text {i}" for i in range(200)], batch_size=100)
        assert (getattr(failed.value, "completed", None) is not None) == (make is ours)


def tells_tasks_by_prefixes(theirs: Make, ours: Make, emulator: Emulator) -> None:
    for make, given, told in (
        (theirs, {}, {"RETRIEVAL_QUERY", "x"}),
        (ours, {}, {"task: search result | query: x"}),
        (ours, {"task_type": "raw"}, {"x"}),
    ):
        make(model=NEW, **given).embed_query("x")
        assert told_in(emulator) == told


def sends_a_query(theirs: Make, ours: Make, emulator: Emulator) -> None:
    theirs(task_type="RETRIEVAL_DOCUMENT").embed_query("x")
    assert told_in(emulator) == {"RETRIEVAL_DOCUMENT", "x"}
    with pytest.warns(GeminiEmbedWarning):
        ours(task_type="RETRIEVAL_DOCUMENT").embed_query("x")
    assert told_in(emulator) == {"RETRIEVAL_QUERY", "x"}
    ours().embed_query("x", task_type="RETRIEVAL_DOCUMENT")
    assert told_in(emulator) == {"RETRIEVAL_DOCUMENT", "x"}


def sends_documents(theirs: Make, ours: Make, emulator: Emulator) -> None:
    theirs(task_type="RETRIEVAL_QUERY").embed_documents(["x"])
    assert told_in(emulator) == {"RETRIEVAL_QUERY", "x"}
    with pytest.warns(GeminiEmbedWarning):
        ours(task_type="RETRIEVAL_QUERY").embed_documents(["x"])
    assert told_in(emulator) == {"RETRIEVAL_DOCUMENT", "x"}


def refuses_an_empty_text(theirs: Make, ours: Make, emulator: Emulator) -> None:
    try:
        theirs().embed_documents(["x", ""])
    except GoogleGenerativeAIError:
        assert emulator.requests
    emulator.requests.clear()
    with pytest.raises(InputError) as refused:
        ours().embed_documents(["x", ""])
    assert (refused.value.position, len(emulator.requests)) == (1, 0)


def warns_of_a_long_text(theirs: Make, ours: Make, emulator: Emulator) -> None:
    long = "word " * 4000
    assert theirs().embed_query(long)  # a warning is an error here
    with pytest.warns(GeminiEmbedWarning):
        assert ours().embed_query(long)
    with pytest.raises(InputError):
        ours(overflow="error").embed_query(long)


def has_fixed_fields(theirs: Make, ours: Make, emulator: Emulator) -> None:
    model = theirs()
    model.google_api_key = "invalid"
    assert model.embed_query("x")
    with pytest.raises(ConfigurationError, match="model_copy"):
        ours().google_api_key = "invalid"


def sends_requests_together(theirs: Make, ours: Make, emulator: Emulator) -> None:
    emulator.latency_s = 0.2
    for make, most in ((theirs, 1), (ours, 3)):
        make().embed_documents(["x", "y", "z"], batch_size=1)
        assert emulator.requests.max_in_flight == most


def embeds_media(theirs: Make, ours: Make, emulator: Emulator) -> None:
    assert not hasattr(theirs(), "embed")
    assert not hasattr(theirs(), "embed_image")
    assert ours(model=NEW).embed(["x"])


BEHAVIOURS: dict[str, Callable[[Make, Make, Emulator], None]] = {
    "a refusal that passes (429, 503, a dropped connection)": is_tried_again,
    "a failed call": keeps_what_was_finished,
    "tasks on gemini-embedding-2": tells_tasks_by_prefixes,
    '`task_type="RETRIEVAL_DOCUMENT"` in the constructor, then `embed_query`': sends_a_query,
    '`task_type="RETRIEVAL_QUERY"` in the constructor, then `embed_documents`': sends_documents,
    "an empty text": refuses_an_empty_text,
    "a text that is too long": warns_of_a_long_text,
    "fields of an object": has_fixed_fields,
    "requests of a call": sends_requests_together,
    "media": embeds_media,
}


@pytest.mark.parametrize("row", tables_under(PAGE, "Behaviours")[0], ids=lambda row: row[0])
def test_the_behaviours(row: list[str], official_langchain: Make, make_langchain: Make, emulator: Emulator) -> None:
    BEHAVIOURS[row[0]](official_langchain, lambda **given: make_langchain(**{"model": OLD, **given}), emulator)
