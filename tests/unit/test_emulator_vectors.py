"""The emulator's vectors: sizes and norms of the real models, and a little meaning."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from gemini_embed_emulator.models import MODELS
from gemini_embed_emulator.vectors import Input, Medium, Part, Vector, VectorMaker, look
from PIL import Image, ImageDraw

MAKER = VectorMaker()
CANONICAL_HELLO = [-0.001501778, -0.005288746, 0.012881133, 0.023251146]
CANONICAL_RED = [0.002554677, 0.004236053, -0.034739897, 0.01868348]


def embed(
    *parts: Part, model: str = "gemini-embedding-2", size: int | None = None, task: str = "", title: str = ""
) -> Vector:
    return MAKER.vector(MODELS[model], Input(parts, task, title), size)


def picture(
    draw: Callable[[ImageDraw.ImageDraw], None], size: tuple[int, int] = (320, 240), paper: str = "white"
) -> Medium:
    image = Image.new("RGB", size, paper)
    draw(ImageDraw.Draw(image))
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return look(encoded.getvalue())


def draw_bars(colour: str) -> Callable[[ImageDraw.ImageDraw], None]:
    def draw(pen: ImageDraw.ImageDraw) -> None:
        pen.line((30, 20, 30, 210, 300, 210), fill="black", width=2)
        for position, height in enumerate((60, 120, 90, 160)):
            pen.rectangle((50 + 60 * position, 210 - height, 85 + 60 * position, 208), fill=colour)

    return draw


def draw_pie(pen: ImageDraw.ImageDraw) -> None:
    for quarter, colour in enumerate(("red", "blue", "green", "orange")):
        pen.pieslice((60, 20, 260, 220), quarter * 90, quarter * 90 + 90, fill=colour)


def draw_diagram(pen: ImageDraw.ImageDraw) -> None:
    for left, top in ((20, 20), (200, 20), (110, 160)):
        pen.rectangle((left, top, left + 90, top + 50), fill="lightblue", outline="black")
    pen.line((110, 45, 200, 45), fill="black", width=2)


def draw_dots(pen: ImageDraw.ImageDraw) -> None:
    for number in range(12):
        x, y = 20 + 25 * number, 200 - 12 * number - 30 * (number % 3)
        pen.ellipse((x, y, x + 10, y + 10), fill="#2ca02c")


PICTURES = {
    "red circle": picture(lambda pen: pen.ellipse((100, 60, 220, 180), fill="red")),
    "blue square": picture(lambda pen: pen.rectangle((100, 60, 220, 180), fill="#1f77b4")),
    "green triangle": picture(lambda pen: pen.polygon([(160, 40), (60, 200), (260, 200)], fill="green")),
    "yellow circle": picture(lambda pen: pen.ellipse((10, 10, 120, 120), fill="gold"), paper="black"),
    "blue bars": picture(draw_bars("#1f77b4")),
    "orange bars": picture(draw_bars("#ff7f0e")),
    "pie": picture(draw_pie),
    "diagram": picture(draw_diagram),
    "scatter": picture(draw_dots),
    "purple line": picture(lambda pen: pen.line([(10, 200), (150, 170), (310, 40)], fill="purple", width=8)),
}

PASSAGES = (
    "Retries wait as long as the server's RetryInfo says; without it they back off exponentially with jitter.",
    "A fingerprint is kept beside the vectors: model, size, normalisation. Two models never meet in one index.",
    "Images are sent inline as base64; PNG and JPEG are taken by the Developer API, others are converted.",
    "gemini-embedding-001 returns vectors of 3072 values; shortened ones are not of unit length.",
    "Apple pie is baked with cinnamon and sugar in a hot oven.",
    "Install the package with pip and change one import.",
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("a red circle", "red circle", id="colour and shape"),
        pytest.param("something round and yellow", "yellow circle", id="another word for the shape"),
        pytest.param("blue bar chart", "blue bars", id="a chart and its colour"),
        pytest.param("a graph with orange bars", "orange bars", id="another word for chart"),
        pytest.param("which picture is a pie chart?", "pie", id="pie"),
        pytest.param("a photo of a green triangle", "green triangle", id="triangle"),
        pytest.param("line chart", "purple line", id="line"),
        pytest.param("flowchart with boxes", "diagram", id="diagram"),
        pytest.param("scatter plot of green dots", "scatter", id="scatter"),
        pytest.param("a blue box", "blue square", id="square"),
    ],
)
def test_words_find_the_picture_a_person_means(query: str, expected: str) -> None:
    vector = embed(f"task: search result | query: {query}")
    scores = {name: float(vector @ embed(image)) for name, image in PICTURES.items()}
    assert max(scores, key=scores.__getitem__) == expected, scores


@pytest.mark.parametrize(
    ("question", "position"),
    [
        pytest.param("How long does a retry wait?", 0, id="verb and plural"),
        pytest.param("Can two models share an index?", 1, id="shared nouns"),
        pytest.param("Which image formats does the Developer API accept?", 2, id="plural in the passage"),
        pytest.param("Are shortened vectors of unit length?", 3, id="adjective"),
        pytest.param("What do I need to bake a pie?", 4, id="tense"),
        pytest.param("How is the package installed?", 5, id="participle"),
    ],
)
def test_a_question_finds_the_passage_that_answers_it(question: str, position: int) -> None:
    query = embed(f"task: question answering | query: {question}")
    scores = [float(query @ embed(f"title: none | text: {passage}")) for passage in PASSAGES]
    assert int(np.argmax(scores)) == position, scores


def test_unrelated_texts_stay_apart_and_a_prefix_shifts_but_does_not_rule() -> None:
    documents = np.array([embed(f"title: none | text: {passage}") for passage in PASSAGES])
    cosines = documents @ documents.T - np.eye(len(PASSAGES))
    assert cosines.max() < 0.5
    bare, document = embed(PASSAGES[0]), documents[0]
    query = embed(f"task: search result | query: {PASSAGES[0]}")
    assert 0.75 < document @ query < 0.9
    assert 0.75 < document @ bare < 0.95


def test_pictures_of_the_same_kind_are_nearer_than_others() -> None:
    blue, orange, circle = (embed(PICTURES[name]) for name in ("blue bars", "orange bars", "red circle"))
    assert blue @ orange > 0.5 > blue @ circle


@pytest.mark.parametrize("name", ["gemini-embedding-2", "gemini-embedding-2-preview"])
@pytest.mark.parametrize("size", [1, 128, 768, 1536, 3072])
def test_embedding_2_is_of_unit_length_at_every_size(name: str, size: int) -> None:
    vector = embed("Some text", model=name, size=size)
    assert vector.shape == (size,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("text", ["x", "Some text goes here", PASSAGES[0], "日本語のテキスト", "!?"])
def test_embedding_001_is_of_unit_length_only_whole(text: str) -> None:
    whole, cut = embed(text, model="gemini-embedding-001"), embed(text, model="gemini-embedding-001", size=768)
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-6)
    assert 0.55 < np.linalg.norm(cut) < 0.60
    assert 0.36 < np.linalg.norm(whole[:256]) < 0.39
    assert np.array_equal(cut, whole[:768])


def test_shortened_embedding_2_is_the_first_values_renormalised() -> None:
    front = embed("Some text")[:768]
    assert np.allclose(embed("Some text", size=768), front / np.linalg.norm(front), atol=1e-7)


@pytest.mark.parametrize("name", ["text-embedding-004", "text-embedding-005", "text-multilingual-embedding-002"])
def test_older_models_give_768_values_of_unit_length(name: str) -> None:
    vector = embed("Some text", model=name)
    assert vector.shape == (768,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)


def test_spaces_of_different_models_are_unrelated() -> None:
    vectors = [embed("the same text", model=name) for name in ("gemini-embedding-2", "gemini-embedding-001")]
    assert abs(float(vectors[0] @ vectors[1])) < 0.1


def test_task_type_and_title_count_for_text_models_only() -> None:
    old = [
        embed("x y", model="gemini-embedding-001", task=task, title=title)
        for task, title in (("", ""), ("RETRIEVAL_QUERY", ""), ("RETRIEVAL_DOCUMENT", ""), ("RETRIEVAL_DOCUMENT", "t"))
    ]
    new = [embed("x y", task=task, title=title) for task, title in (("", ""), ("RETRIEVAL_DOCUMENT", "t"))]
    assert len({vector.tobytes() for vector in old}) == 4
    assert len({vector.tobytes() for vector in new}) == 1


def test_parts_are_fused_into_something_near_both_that_is_not_their_mean() -> None:
    text, image = embed("a red circle"), embed(PICTURES["red circle"])
    fused = embed("a red circle", PICTURES["red circle"])
    mean = (text + image) / np.linalg.norm(text + image)
    assert min(fused @ text, fused @ image) > 0.5
    assert 0.7 < fused @ mean < 0.95
    assert not np.allclose(fused, embed(PICTURES["red circle"], "a red circle"))


def test_no_two_texts_coincide() -> None:
    texts = ["Hello", "hello", " hello", "hello hello", " ", "\ud800", *(f"text number {i}" for i in range(500))]
    assert len({embed(text).tobytes() for text in texts}) == len(texts)


def test_a_remembered_vector_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        embed("hello")[0] = 1


def test_vectors_are_the_same_in_every_process_and_on_every_machine() -> None:
    assert embed("hello")[:4] == pytest.approx(CANONICAL_HELLO, abs=1e-7)
    red = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(red, "BMP")  # a format without a compressor of its own mind
    assert embed(look(red.getvalue()))[:4] == pytest.approx(CANONICAL_RED, abs=1e-7)
