"""Answers written down as one file, opened from disk in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fix_browser import EXAMPLES, opened_folder
from gemini_embed import Audio, Image
from gemini_embed.content import Media
from gemini_embed_cli.serving.page.export import Answer, write_page
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
QUESTIONS = EXAMPLES / "questions"
IS_PLAYING = "medium => !medium.paused && medium.currentTime > 0.1"


def held(medium: Media) -> Media:
    """Its bytes: the folder's embedder reads no file outside of it."""
    return type(medium)(Path(medium.location or "").read_bytes())


@pytest.fixture(scope="module")
def written(page_folder: Path) -> str:
    """A page of four answers, beside the folder."""
    out = page_folder.parent / "answers.html"
    asked = [
        Answer(words="Where do I shut off the water?", hits=[], kind="text to PDF"),
        Answer(media=[Image(QUESTIONS / "another-tree.png")], hits=[], kind="image to video"),
        Answer(media=[Audio(QUESTIONS / "spoken.wav")], hits=[], kind="audio to all"),
        Answer(words="</script><script>alert(1)</script>", hits=[], kind="text to nothing", note="<b>bold"),
    ]
    with opened_folder(page_folder, text_tokens=80, audio_s=20) as folder, folder.index() as index:
        answers = [
            replace(one, hits=index.search([*filter(None, [one.words]), *map(held, one.media)], 5, filter=only))
            for one, only in zip(asked, ({"modality": "pdf"}, {"modality": "video"}, None), strict=False)
        ]
        answers.append(asked[-1])
        write_page(out, answers, root=page_folder, title="Four <answers>", about="Of a folder.", emulator=True)
    return out.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_shows_what_the_live_page_shows(written: str, open_page: OpenPage, scheme: str) -> None:
    page = open_page(written, color_scheme=scheme)
    expect(page.locator("h1")).to_have_text("Four <answers>")
    assert page.locator("section h2").all_inner_texts() == [
        "“Where do I shut off the water?”",
        "another-tree.png",
        "spoken.wav",
        "“</script><script>alert(1)</script>”",
    ]
    expect(page.locator("nav a").first).to_be_hidden()
    page.get_by_text("All 4 questions").click()
    assert page.locator("nav a:visible").count() == 4
    first = page.locator("section").first.locator(".card").first
    expect(first.locator("h3")).to_have_text("house-manual.pdf")
    assert first.locator("a").get_attribute("href") == "my%20folder/home/house-manual.pdf#page=2"
    assert first.locator("img").evaluate("image => image.naturalWidth") > 300
    first.get_by_role("button", name="Enlarge").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("section").last).to_contain_text("Nothing was found.")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]] == []


def test_it_plays(written: str, open_page: OpenPage) -> None:
    page = open_page(written)
    page.get_by_role("button", name="Play walk.mp4, 0:32 to 1:04").first.click()
    playing = page.locator("video")
    page.wait_for_function(IS_PLAYING, arg=playing.element_handle())
    assert playing.evaluate("video => video.duration") == pytest.approx(32, abs=1)
    page.get_by_role("button", name="Play spoken.wav").click()
    page.wait_for_function(IS_PLAYING, arg=page.locator(".with audio").element_handle())
    assert playing.evaluate("video => video.paused"), "one at a time"


def test_on_a_phone(written: str, open_page: OpenPage) -> None:
    page = open_page(written, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    page.locator(".card").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= screen.width")
