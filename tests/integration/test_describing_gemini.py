"""`describe=GeminiDescriber(...)`: sentences at their seconds, captions, scans; what is sent, paid, kept and told."""

from __future__ import annotations

import asyncio
import base64
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fix_describing import CHAT, asked, medium_of
from fix_media import drawn, film, pdf, wav
from gemini_embed import (
    ApiError,
    BudgetError,
    ConfigurationError,
    Cutting,
    EdgeStore,
    Embedder,
    GeminiDescriber,
    MultimodalIndex,
    Record,
    Words,
    track_usage,
)
from gemini_embed_emulator import ApiError as Refusal
from gemini_embed_emulator import Emulator, Fault, tone_speech
from gemini_embed_emulator.vectors.audio import read_samples
from gemini_embed_emulator.vectors.tones import heard_text

MakeEmbedder = Callable[..., Embedder]
Asked = Callable[[], list[Any]]

DESCRIBER = GeminiDescriber(model=CHAT)
LECTURE = "we begin with bees. honey is made in summer. the queen lives for five years. thank you all. "
QUEEN = "the queen lives for five years."
QUEEN_S = LECTURE.index(QUEEN) * 0.12


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    folder.mkdir()
    (folder / "lecture.mp4").write_bytes(film((drawn("red circle"), 12), sound=tone_speech(LECTURE)))
    (folder / "talk.wav").write_bytes(tone_speech("the pump stands in the cellar. its key is red. "))
    (folder / "silent.mp4").write_bytes(film((drawn("blue square"), 3)))
    (folder / "book.pdf").write_bytes(pdf("page one", ""))
    drawn("green circle").save(folder / "sign.png")
    return folder


@pytest.fixture
def open_index(make_embedder: MakeEmbedder, tmp_path: Path) -> Iterator[Callable[..., MultimodalIndex]]:
    made: list[MultimodalIndex] = []

    def make(name: str = "index", **options: Any) -> MultimodalIndex:
        store = EdgeStore(tmp_path / name, lexical=True)
        made.append(MultimodalIndex(make_embedder(dimensions=128, **options), store))
        return made[-1]

    yield make
    for index in made:
        index.close()


def held(index: MultimodalIndex) -> list[Record]:
    return [record for batch in index.store.iterate(with_vectors=False) for record in batch.records]


def texts(index: MultimodalIndex) -> dict[str, str]:
    return {Path(one.link()).name: one.page_content for one in held(index)}


def test_a_sentence_of_a_lecture_is_found_by_words_and_by_meaning_and_its_clip_plays_it(
    open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked
) -> None:
    index = open_index()
    report = index.add(folder / "lecture.mp4", describe=DESCRIBER)
    assert (report.undescribed, report.skipped) == ((), ())
    by_words = index.search("anything", 3, lexical=Words("queen", only=True), filter={"modality": "text"})[0]
    by_meaning = index.search("how many years does the queen live?", 1, filter={"modality": "text"})[0]
    for hit in (by_words, by_meaning):
        assert (hit.page_content, hit.found_by) == (QUEEN, hit.found_by)
        assert hit.window.start_s == pytest.approx(QUEEN_S, abs=0.2)
        assert hit.link.startswith(f"{folder / 'lecture.mp4'}#t={hit.window.start_s:g}")
        clip = hit.clip()
        assert clip.mime_type == "video/mp4"
        played = heard_text(read_samples(clip.local_bytes(root=None) or b"", 180))
        assert "queen lives for five years" in played
    (window,) = index.search("bees", 1, filter={"modality": "video"})
    assert window.page_content == LECTURE.strip(), "and the window has all that is said in it"
    assert index.search("the queen", 1, filter={"modality": "text"}, padding=2.0)[0].window.end_s == pytest.approx(
        by_words.window.end_s, abs=2.1
    )


def test_every_kind_in_a_folder(open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked) -> None:
    index = open_index()
    report = index.sync(folder, describe=DESCRIBER)
    found = texts(index)
    whole = {name: text for name, text in found.items() if name.split("#")[0] not in ("lecture.mp4", "talk.wav")}
    assert whole == {
        "silent.mp4#t=0,3": "A caption of video/mp4.",
        "book.pdf#page=1": "page one",
        "book.pdf#page=2": "A caption of application/pdf.",
        "sign.png": "A caption of image/png.",
    }
    assert sorted(medium_of(one)[0] for one in hearing()) == [
        "application/pdf", "audio/wav", "audio/wav", "image/png", "video/mp4",
    ]  # fmt: skip
    assert report.added == len(found) == 12
    again = index.sync(folder)
    assert (again.added, again.removed, again.replaced, len(hearing())) == (0, 0, 0, 5), "what was said stays"
    known = index.add(folder, describe=DESCRIBER)
    assert (known.added, known.replaced, len(hearing()), texts(index)) == (0, 0, 5, found)


def test_sentences_follow_their_file(open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked) -> None:
    """A renamed file keeps them, an edited one gets others, and a deleted one leaves none."""
    index = open_index()
    index.sync(folder, describe=DESCRIBER)
    (folder / "talk.wav").rename(folder / "speech.wav")
    before = len(hearing())
    report = index.sync(folder, describe=DESCRIBER)
    spoken = sorted(one.page_content for one in held(index) if "speech.wav" in one.link())
    assert spoken == [
        "its key is red.",
        "the pump stands in the cellar.",
        "the pump stands in the cellar. its key is red.",
    ]
    assert (len(hearing()), report.removed) == (before, 3)
    (folder / "speech.wav").write_bytes(tone_speech("the shed is green. "))
    index.sync(folder, describe=DESCRIBER)
    assert {one.page_content for one in held(index) if "speech.wav" in one.link()} == {"the shed is green."}
    (folder / "speech.wav").unlink()
    index.sync(folder)
    assert not [one for one in held(index) if "speech.wav" in one.link()]


def test_what_is_sent(open_index: Callable[..., MultimodalIndex], folder: Path, emulator: Emulator) -> None:
    """The very JSON of a question."""
    emulator.chat.push('[{"start": "00:00.5", "end": "00:01", "text": "Hello."}]', "A green circle.")
    index = open_index()
    index.add([folder / "talk.wav", folder / "sign.png"], describe=GeminiDescriber(model=CHAT, language="German"))
    spoken, seen = sorted(asked(emulator), key=lambda one: medium_of(one)[0])
    sound = (folder / "talk.wav").read_bytes()
    prompt = spoken["contents"][0]["parts"].pop()["text"]
    assert prompt.startswith("Transcribe the speech in this recording, word for word")
    said = {"type": "STRING"}
    assert spoken == {
        "contents": [
            {
                "role": "user",
                "parts": [{"inlineData": {"data": base64.urlsafe_b64encode(sound).decode(), "mime_type": "audio/wav"}}],
            }
        ],
        "generationConfig": {
            "maxOutputTokens": 8192,
            "responseMimeType": "application/json",
            "responseSchema": {
                "type": "ARRAY",
                "items": {
                    "type": "OBJECT",
                    "properties": {"start": said, "end": said, "text": said},
                    "property_ordering": ["start", "end", "text"],
                    "required": ["start", "end", "text"],
                },
            },
        },
    }
    assert medium_of(seen) == ("image/png", (folder / "sign.png").read_bytes())
    assert seen["contents"][0]["parts"][1]["text"].endswith("Answer in this language: German.")
    assert seen["generationConfig"] == {"maxOutputTokens": 8192}


def test_it_is_counted_in_the_estimate_and_in_the_report(
    open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked, emulator: Emulator
) -> None:
    index = open_index()
    place = folder / "talk.wav"
    without, likely = index.estimate(place), index.estimate(place, describe=DESCRIBER)
    assert asked(emulator) == []
    seconds = len("the pump stands in the cellar. its key is red. ") * 0.12
    assert likely.by_modality["describing"] == pytest.approx(40 * seconds + 100, rel=0.02)
    expected = (32 * seconds * 1.0 + 100 * 0.3 + 8 * seconds * 2.5) / 1e6
    assert likely.usd is not None
    assert without.usd is not None
    assert likely.usd - without.usd == pytest.approx(expected, rel=0.03)
    with track_usage() as spent:
        report = index.add(place, describe=DESCRIBER)
    chat = spent.by_model[CHAT]
    assert (chat.requests, chat.by_modality["AUDIO"]) == (1, round(32 * seconds))
    assert chat.output_tokens > 20
    assert report.usage.output_tokens == chat.output_tokens
    paid = (chat.by_modality["AUDIO"] * 1.0 + chat.by_modality["TEXT"] * 0.3 + chat.output_tokens * 2.5) / 1e6
    embedded = spent.by_model["gemini-embedding-2"].by_modality
    prices = index.embedder.facts.usd_per_million_tokens
    assert report.usd == pytest.approx(paid + sum(n * prices[name.lower()] for name, n in embedded.items()) / 1e6)
    assert index.embedder.budget.spent_usd == report.usd
    assert report.estimate.by_modality["describing"] == likely.by_modality["describing"]


@pytest.mark.parametrize("whose", ["call", "embedder"])
def test_what_the_budget_has_no_room_for_is_not_asked(
    open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked, emulator: Emulator, whose: str
) -> None:
    index = open_index(max_cost_usd=1e-6 if whose == "embedder" else None)
    limit = 1e-6 if whose == "call" else None
    with pytest.raises(BudgetError, match="the next call would cost about"):
        index.add(folder / "talk.wav", describe=DESCRIBER, max_cost_usd=limit)
    assert list(emulator.requests) == []


def test_a_limit_needs_a_price(open_index: Callable[..., MultimodalIndex], folder: Path, emulator: Emulator) -> None:
    index = open_index()
    with pytest.raises(ConfigurationError, match=r"none is known for gemini-9: pass GeminiDescriber\(usd_per"):
        index.add(folder, describe=GeminiDescriber(model="gemini-9"), max_cost_usd=1)
    assert list(emulator.requests) == []
    emulator.chat.push("A sign.")
    priced = GeminiDescriber(model="gemini-9", usd_per_million_tokens={"text": 1, "image": 1, "output": 4})
    index.add(folder / "sign.png", describe=priced, max_cost_usd=1)
    assert texts(index) == {"sign.png": "A sign."}


BAD_REPLIES = [
    pytest.param({"promptFeedback": {"blockReason": "SAFETY"}}, "", "not let read it: SAFETY", id="blocked"),
    pytest.param(
        '[{"start": "soon", "end": "0:01", "text": "Lost."}, {"start": "0:00", "end": "0:01", "text": "Kept."}]',
        "Lost. Kept.",
        "1 of 2 sentences have no time code",
        id="no-time",
    ),
]


@pytest.mark.parametrize(("reply", "text", "problem"), BAD_REPLIES)
def test_a_bad_reply_is_told_and_the_record_is_there(
    open_index: Callable[..., MultimodalIndex],
    folder: Path,
    emulator: Emulator,
    reply: Any,
    text: str,
    problem: str,
) -> None:
    emulator.chat.push(reply)
    index = open_index()
    report = index.add(folder / "talk.wav", describe=DESCRIBER)
    (told,) = report.undescribed
    assert problem in told.reason
    assert "talk.wav#t=0,5.65" in str(told)
    assert "no words  1" in str(report)
    assert [one.page_content for one in held(index) if one.modality == "audio"] == [text]
    assert [one.page_content for one in held(index) if one.is_said] == (["Kept."] if "Kept" in text else [])
    assert report.skipped == ()


def test_a_medium_that_the_model_refuses_is_told_and_a_service_that_refuses_stops_the_add(
    open_index: Callable[..., MultimodalIndex], folder: Path, emulator: Emulator, hearing: Asked
) -> None:
    index = open_index()
    emulator.faults.push(Fault(error=Refusal(400, "Unable to process input image.")), action="generateContent")
    (told,) = index.add(folder / "sign.png", describe=DESCRIBER).undescribed
    assert told.reason == "the model refused it: Unable to process input image."
    assert texts(index) == {"sign.png": ""}
    emulator.faults.push(Fault(error=Refusal(404, "models/gemini-2.5-flash is not found")), action="generateContent")
    with pytest.raises(ApiError, match="is not found"):
        index.add(folder / "talk.wav", describe=DESCRIBER)
    assert texts(index) == {"sign.png": ""}


def test_what_was_answered_is_kept_with_the_vectors(
    open_index: Callable[..., MultimodalIndex], folder: Path, tmp_path: Path, hearing: Asked
) -> None:
    cache = tmp_path / "vectors.db"
    first = open_index("one", cache=cache)
    first.add(folder, describe=DESCRIBER)
    known, asked_first = texts(first), len(hearing())
    second = open_index("two", cache=cache)
    report = second.add(folder, describe=DESCRIBER)
    assert (texts(second), len(hearing()), report.usd) == (known, asked_first, 0.0)
    third = open_index("three", cache=cache)
    third.add(folder / "sign.png", describe=GeminiDescriber(model=CHAT, instructions="Name the material."))
    assert len(hearing()) == asked_first + 1, "another question is asked anew"
    with sqlite3.connect(cache) as db:
        (version,) = db.execute("PRAGMA user_version").fetchone()
        assert version == 1, "earlier versions of the library open it"


def test_the_same_picture_twice_is_asked_about_once(
    open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked
) -> None:
    (folder / "copy.png").write_bytes((folder / "sign.png").read_bytes())
    index = open_index()
    index.add([folder / "sign.png", folder / "copy.png"], describe=DESCRIBER)
    assert (len(hearing()), texts(index)) == (1, dict.fromkeys(("sign.png", "copy.png"), "A caption of image/png."))


def test_sound_that_has_windows_of_its_own_is_heard_there_only(
    open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked
) -> None:
    index = open_index()
    index.add(folder / "lecture.mp4", describe=DESCRIBER, cutting=Cutting(video_sound=True))
    assert sorted(medium_of(one)[0] for one in hearing()) == ["audio/wav", "video/mp4"]
    spoken = [one for one in held(index) if one.is_said]
    assert len(spoken) == 4
    assert index.search("the queen", 1, filter={"modality": "text"})[0].clip().mime_type == "video/mp4"


def test_the_async_door(open_index: Callable[..., MultimodalIndex], folder: Path, hearing: Asked) -> None:
    index = open_index()
    asyncio.run(index.aadd(folder / "talk.wav", describe=DESCRIBER))
    assert "its key is red." in texts(index).values()


def test_what_is_no_describer_is_refused(open_index: Callable[..., MultimodalIndex], folder: Path) -> None:
    index = open_index()
    with pytest.raises(ConfigurationError, match="is no function of a window and no GeminiDescriber"):
        index.add(folder, describe="gemini-2.5-flash")  # type: ignore[arg-type]  # the point
    with pytest.raises(ConfigurationError, match="name a Gemini model"):
        GeminiDescriber(model="")


def test_wav_is_quiet(open_index: Callable[..., MultimodalIndex], folder: Path, emulator: Emulator) -> None:
    """Nobody speaks: no words, and nothing to tell."""
    emulator.chat.push("[]")
    (folder / "beep.wav").write_bytes(wav((440, 2)))
    index = open_index()
    report = index.add(folder / "beep.wav", describe=DESCRIBER)
    assert (report.undescribed, [one.page_content for one in held(index)]) == ((), [""])
