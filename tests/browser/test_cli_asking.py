"""What a person does on the page, in a real browser: types, drops, pastes, speaks, combines, filters, goes back."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import pytest
from fix_browser import EXAMPLES, ask, first
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
QUESTIONS = EXAMPLES / "questions"

PASTED = "(words, clipboardData) => words.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true}))"


def names(page: Page) -> list[str]:
    return page.locator(".card h3").all_inner_texts()


def carried(page: Page, file: Path, mime_type: str) -> object:
    """A DataTransfer with a file in it, as a person drags or copies it."""
    data = base64.b64encode(file.read_bytes()).decode()
    return page.evaluate_handle(
        """([data, name, type]) => {
            const carried = new DataTransfer();
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            carried.items.add(new File([bytes], name, {type}));
            return carried;
        }""",
        [data, file.name, mime_type],
    )


def test_typed_words_find_a_page_with_its_words_marked(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    expect(page.locator("h1")).to_have_text("Search my folder")
    assert ask(page, "Where do I shut off the water?") == "house-manual.pdf page 2 · in home"
    expect(page.locator("#status")).to_have_text("12 places found for “Where do I shut off the water?”, best first")
    card = page.locator(".card").first
    picture = card.locator("img")
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 300
    assert "stopcock is under the kitchen sink" in (picture.get_attribute("alt") or "")
    assert (card.locator("h3 a").get_attribute("href") or "").endswith("/file#page=2")
    expect(page.locator(".excerpt mark").first).to_be_visible()


def test_ranks_are_shown_and_numbers_told_when_asked_for(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    ask(page, "apple")
    assert page.locator(".rank").all_inner_texts()[:3] != []
    rank = page.locator(".rank").first
    tip = rank.locator(".tip")
    expect(tip).to_be_hidden()
    rank.focus()
    expect(tip).to_be_visible()
    assert "Cosine similarity 0." in tip.inner_text()
    assert "-0.00" not in page.content()


@pytest.mark.parametrize("way", ["picked", "dropped", "pasted"])
def test_a_picture_however_it_comes(page_url: str, open_page: OpenPage, way: str) -> None:
    page = open_page(page_url)
    file = QUESTIONS / "another-tree.png"
    if way == "picked":
        page.set_input_files("#file", file)
    elif way == "dropped":
        page.dispatch_event("#words", "drop", {"dataTransfer": carried(page, file, "image/png")})
    else:
        page.locator("#words").evaluate(PASTED, carried(page, file, "image/png"))
    expect(page.locator("#parts li img")).to_be_visible()
    first(page)
    assert "tree.png" in names(page)[:2]
    expect(page.locator("#status")).to_contain_text("another-tree.png")


def test_words_and_a_picture_are_one_query(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    page.set_input_files("#file", QUESTIONS / "green-swatch.png")
    first(page)
    page.get_by_role("checkbox", name="Pictures").check()
    assert "bar-chart-green.png" in ask(page, "a bar chart in this colour")
    page.get_by_role("button", name="Remove green-swatch.png").click()
    expect(page.locator("#status")).not_to_contain_text("green-swatch")
    expect(page.locator("#words")).to_be_focused()


def test_what_is_spoken_finds_the_page_that_says_it(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url, permissions=["microphone"])
    page.get_by_role("checkbox", name="PDF pages").check()
    page.get_by_role("button", name="Speak").click()
    stop = page.get_by_role("button", name="Stop 0:04")
    expect(page.locator("#status")).to_contain_text("Listening")
    stop.click()
    assert first(page) == "house-manual.pdf page 3 · in home"
    expect(page.locator("#parts audio")).to_be_visible()
    expect(page.locator("#speak")).to_have_attribute("aria-pressed", "false")


def test_filters_by_kind_and_more_of_them(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    page.get_by_role("checkbox", name="Videos").check()
    expect(page.locator("#status")).to_have_text("Among Videos: type words, drop or paste a picture, or speak.")
    page.get_by_role("checkbox", name="Videos").uncheck()
    expect(page.locator("#status")).to_have_text("")
    ask(page, "boat")
    page.get_by_role("checkbox", name="Videos").check()
    page.locator("#status", has_text="3 places found").wait_for()
    assert set(names(page)) == {"walk.mp4"}
    page.get_by_role("checkbox", name="Pictures").check()
    page.locator("#status", has_text="12 places found").wait_for()
    page.get_by_role("button", name="Show more").click()
    page.locator("#status", has_text="20 places found").wait_for()
    assert {name.rpartition(".")[2] for name in names(page)} == {"mp4", "png", "jpg"}


def test_similar_and_back_again(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    page.get_by_role("checkbox", name="Pictures").check()
    before = ask(page, "a bar chart with blue bars")
    page.locator(".card").first.get_by_role("button", name="Similar to bar-chart-blue.png").click()
    page.locator("#status", has_text="like bar-chart-blue.png").wait_for()
    assert "bar-chart-green.png" in first(page)
    assert "bar-chart-blue.png" not in names(page), "it is not like itself"
    page.go_back()
    page.locator("#status", has_text="“a bar chart with blue bars”").wait_for()
    assert first(page) == before
    expect(page.locator("#words")).to_have_value("a bar chart with blue bars")


def test_what_cannot_be_looked_for_is_said(page_url: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(page_url)
    page.get_by_role("button", name="Search").click()
    expect(page.locator("#status")).to_have_text("Type words, drop or paste a picture, or speak.")
    (tmp_path / "large.png").write_bytes(b"\x89PNG" + bytes(21 * 2**20))
    page.set_input_files("#file", tmp_path / "large.png")
    expect(page.locator("#status")).to_have_text("large.png has 21 MiB: 20 MiB are read.")
    expect(page.locator("#parts li")).to_have_count(0)
