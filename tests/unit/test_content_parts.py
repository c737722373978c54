"""What may be embedded, and what is refused with which words."""

import base64
from typing import Any

import numpy as np
import pytest
from gemini_embed import Content, Embedder, Image, InputError, Text
from gemini_embed.content import contents_of

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")

ALIKE = [
    pytest.param("a", Content("a"), id="str"),
    pytest.param(np.str_("a"), Content("a"), id="numpy-str"),
    pytest.param(Text("a"), Content("a"), id="text"),
    pytest.param(["a", "b"], Content("a", "b"), id="a-sequence-is-one-content"),
    pytest.param(("a", Image(PNG)), Content("a", Image(PNG)), id="tuple"),
    pytest.param(Content("a", title="T"), Content("a", title="T"), id="content"),
    pytest.param(PNG, Content(Image(PNG)), id="bytes-are-an-image"),
]


@pytest.mark.parametrize(("like", "content"), ALIKE)
def test_what_an_input_means(like: Any, content: Content) -> None:
    assert contents_of([like]) == [content]


def test_the_sdks_types() -> None:
    from google.genai import types

    parts = [types.Part(text="a"), types.Part.from_bytes(data=PNG, mime_type="image/png")]
    wanted = Content("a", Image(PNG, mime_type="image/png"))
    assert contents_of([types.Content(parts=parts), parts]) == [wanted, wanted]


WRONG = [
    pytest.param([None], "input 0: cannot embed a NoneType", id="none"),
    pytest.param(["a", 5], "input 1: cannot embed a int", id="number"),
    pytest.param(["a", []], "input 1: a content needs at least one part", id="empty-sequence"),
    pytest.param(["a", ["b", None]], "input 1: part 1: cannot embed a NoneType", id="nested"),
    pytest.param("one str", r"pass a list of inputs, not one str: \[x\]", id="a-bare-str"),
    pytest.param(Text("a"), "not one Text", id="a-bare-part"),
]


@pytest.mark.parametrize(("likes", "message"), WRONG)
def test_what_cannot_be_embedded(likes: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        contents_of(likes)


TEXTS = [
    pytest.param(["a", ""], "^input 1: the text is empty", id="empty"),
    pytest.param(["a", " \n\t"], "^input 1: the text is empty", id="blank"),
    pytest.param(["a", "b", 7], "^input 2: a text must be a str, not int", id="number"),
    pytest.param(["a", None], "^input 1: a text must be a str, not NoneType", id="none"),
    pytest.param(["a", "ok \ud83d"], r"^input 1: .*lone surrogate \('\\ud83d'\) at character 3,", id="surrogate"),
    pytest.param("a bare str", r"pass a list of texts, not one str", id="a-bare-str"),
    pytest.param(None, "pass a list of texts, not one NoneType", id="no-list"),
    pytest.param(["é" * 2_000_001], "^input 0: text of 4000022 bytes, more than one call", id="too-many-bytes"),
]


@pytest.mark.parametrize(("texts", "message"), TEXTS)
def test_texts_that_are_refused_before_any_request(texts: Any, message: str) -> None:
    with Embedder(api_key="k", base_url="http://127.0.0.1:9") as embedder, pytest.raises(InputError, match=message):
        embedder.embed_documents(texts)


TITLES = [
    pytest.param(["T"], "1 titles for 2 texts", id="too-few"),
    pytest.param("TT", "one str for 2 texts", id="a-bare-str"),
    pytest.param([None, 5], "input 1: a title must be a str or None, not int", id="a-number"),
    pytest.param([None, "\ud83d"], r"input 1: the title holds a lone surrogate .* at character 0", id="surrogate"),
]


@pytest.mark.parametrize(("titles", "message"), TITLES)
def test_titles_that_are_refused(titles: Any, message: str) -> None:
    with Embedder(api_key="k", base_url="http://127.0.0.1:9") as embedder, pytest.raises(InputError, match=message):
        embedder.embed_documents(["a", "b"], titles=titles)


def test_a_query_is_one_content() -> None:
    wrong: list[Any] = [["a"], None, b"a", 5, []]
    with Embedder(api_key="k", base_url="http://127.0.0.1:9") as embedder:
        for query in wrong:
            with pytest.raises(InputError):
                embedder.embed_query(query)


def test_a_medium_needs_a_name() -> None:
    with pytest.raises(InputError, match="the name of the medium is empty"):
        Image("")


def test_a_repr_does_not_show_bytes() -> None:
    assert repr(Image(PNG)) == f"Image(<{len(PNG)} bytes>)"
    assert repr(Content("a", Image("b.png"))) == "Content(parts=(Text(text='a'), Image('b.png')), title=None)"
