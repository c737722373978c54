"""What is found, shown and played in a real browser; for eyes, keys, screen readers and small screens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from fix_browser import ask, opened_folder, running
from playwright.sync_api import Page, expect

OpenPage = Callable[..., Page]
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
FOCUSED = """(document.activeElement.getAttribute('aria-label') || document.activeElement.innerText
    || document.activeElement.id)"""
IS_PLAYING = """([selector, start, end]) => {
    const medium = document.querySelector(selector);
    return medium && !medium.paused && medium.currentTime > start + 0.2 && medium.currentTime < end;
}"""


def violations(page: Page) -> list[str]:
    """What axe-core has against the page, by rule and element."""
    found = Axe().run(page).response["violations"]
    nodes = [(one["id"], node) for one in found for node in one["nodes"]]
    return [f"{rule}: {node['html'][:120]} {node['failureSummary'][:300]}" for rule, node in nodes]


def all_seen(page: Page) -> None:
    """Scroll, so that every picture is loaded."""
    page.wait_for_load_state("networkidle")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")


def test_a_video_plays_from_its_second(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    page.get_by_role("checkbox", name="Videos").check()
    assert ask(page, "a boat with white sails and a red hull") == "walk.mp4 0:32 to 1:04 · in home"
    page.get_by_role("button", name="Play walk.mp4, 0:32 to 1:04").click()
    page.wait_for_function(IS_PLAYING, arg=[".card video", 32, 64])
    expect(page.locator(".card video").first).to_be_focused()


def test_a_recording_plays_its_stretch_and_shows_its_waveform(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    page.get_by_role("checkbox", name="Recordings").check()
    ask(page, "garden")
    card = page.locator(".card", has_text="0:20 to 0:40")
    heights = card.locator(".wave rect").evaluate_all("bars => bars.map((bar) => bar.getAttribute('height'))")
    page.wait_for_function("() => document.querySelectorAll('.wave rect').length >= 300")
    heights = card.locator(".wave rect").evaluate_all("bars => bars.map((bar) => Number(bar.getAttribute('height')))")
    assert len(set(heights)) > 10
    card.get_by_role("button", name="Play messages.mp3, 0:20 to 0:40").click()
    playing = card.locator("audio")
    playing.evaluate("audio => audio.id = 'playing'")
    page.wait_for_function(IS_PLAYING, arg=["#playing", 20, 40])
    card.get_by_role("button", name="Pause messages.mp3").click()
    card.get_by_role("slider").fill("500")
    page.wait_for_function("() => Math.abs(document.querySelector('#playing').currentTime - 30) < 0.5")
    expect(card.locator("output")).to_have_text("0:10")
    assert card.locator("rect.played").count() == pytest.approx(60, abs=3)


def test_a_page_is_enlarged_by_keys_alone(page_url: str, open_page: OpenPage) -> None:
    page = open_page(page_url)
    expect(page.locator("#words")).to_be_focused()
    page.keyboard.type("Where do I shut off the water?")
    page.keyboard.press("Enter")
    page.locator(".card").first.wait_for()
    reached = []
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
        if reached[-1].startswith("Enlarge"):
            break
    assert reached[-1].startswith("Enlarge house-manual.pdf, page 2")
    assert any(name.startswith("Rank 1") for name in reached)
    assert "house-manual.pdf" in reached
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    large = page.locator("#large-picture")
    page.wait_for_function("() => document.querySelector('#large-picture').naturalHeight > 1000")
    assert "/whole?words=" in (large.get_attribute("src") or "")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Enlarge")
    page.keyboard.press("/")
    expect(page.locator("#words")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_readable_by_everybody(page_url: str, open_page: OpenPage, scheme: str, size: str) -> None:
    page = open_page(page_url, color_scheme=scheme, **(PHONE if size == "phone" else {}))
    page.locator("#kinds label").first.wait_for()
    assert violations(page) == []
    ask(page, "water in the garden")
    all_seen(page)
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= screen.width"), "a phone's innerWidth grows along"
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, background[4:-1].split(","))) < 64) == (scheme == "dark")


def test_what_a_folder_holds_is_never_markup(open_page: OpenPage, tmp_path: Path) -> None:
    """Names and texts of outsiders, and a page of theirs that is opened by its name."""
    from gemini_embed_cli.serving.guard import Guard
    from gemini_embed_cli.serving.page.app import Page as SearchPage

    evil = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    folder = tmp_path / "<b>folder"
    folder.mkdir()
    (folder / "<img src=x onerror=alert(3)>.md").write_text(f"# water {evil}\nwater")
    (folder / "page.html").write_text(f"<h1>water</h1>{evil}")
    with opened_folder(folder) as opened, running(Guard(SearchPage(opened))) as url:
        page = open_page(url)
        ask(page, f"water {evil}")
        assert page.locator(".card img").count() == 0
        for link in page.locator(".card h3 a").all():
            with page.context.expect_page() as appeared:
                link.click()
            shown = appeared.value
            shown.wait_for_load_state()
            assert "alert(2)" in shown.inner_text("body"), "its source, as text"
            assert shown.evaluate("document.querySelectorAll('img, script, h1').length") == 0
            shown.close()


def test_with_a_token_the_link_opens_it(page_folder: Path, chromium: Any, open_page: OpenPage) -> None:
    from gemini_embed_cli.serving.guard import Guard, new_token
    from gemini_embed_cli.serving.page.app import Page as SearchPage

    token = new_token()
    with (
        opened_folder(page_folder, text_tokens=80, audio_s=20) as folder,
        running(Guard(SearchPage(folder), token=token, cookie="page")) as url,
    ):
        page = open_page(f"{url}?token={token}")
        assert page.url == url, "it is not left in the address bar"
        ask(page, "a red circle")
        all_seen(page)
        assert page.locator(".card img").first.evaluate("image => image.naturalWidth") > 0
        stranger = chromium.new_context().new_page()
        answer = stranger.goto(url)
        assert answer is not None
        assert answer.status == 401
        stranger.context.close()
