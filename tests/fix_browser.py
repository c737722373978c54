"""A headless browser, and the page of a folder for it to open. All of it is imported when a test asks for it."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from gemini_embed_cli.folder import OpenFolder
    from playwright.sync_api import Browser, BrowserContext, Page

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={EXAMPLES / 'questions' / 'spoken.wav'}",
    "--autoplay-policy=no-user-gesture-required",
)  # fmt: skip


@contextmanager
def running(app: Any) -> Iterator[str]:
    """The address of an ASGI application, served in a thread; stopped, whatever happens."""
    from gemini_embed_cli.serving.page.running import server_of

    listening = socket.create_server(("127.0.0.1", 0))
    server = server_of(app)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="the page's server")
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@contextmanager
def opened_folder(folder: Path, **cutting: Any) -> Iterator[OpenFolder]:
    """A folder, indexed by the emulator as the command does it."""
    from gemini_embed.windows import Cutting
    from gemini_embed_cli.folder import OpenFolder, settings

    with OpenFolder(settings({"folder": folder, "emulator": True}, {}), confined=True) as opened:
        with opened.index(new=True) as index:
            index.sync(folder, cutting=Cutting(**cutting))
        yield opened


@dataclass
class Watched:
    """What a page did that it should not have: errors, what its policy stopped, requests to others."""

    host: str
    seen: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", lambda said: self.seen.append(f"{said.type}: {said.text}") if said.type == "error" else None)
        page.on("pageerror", lambda error: self.seen.append(f"raised: {error}"))
        page.on("request", lambda request: self._request(request.url))
        page.on("dialog", lambda dialog: self.seen.append(f"dialog: {dialog.message}"))

    def _request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("blob", "data", "file") and parts.netloc != self.host:
            self.seen.append(f"asked another: {url}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless, with a microphone that speaks `spoken.wav`."""
    found = os.environ.get("GEMINI_EMBED_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no browser: install chromium, or name one in GEMINI_EMBED_CHROMIUM")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the quickstart's folder."""
    return Path(shutil.copytree(EXAMPLES / "data", tmp_path_factory.mktemp("page") / "my folder"))


@pytest.fixture(scope="session")
def page_url(page_folder: Path) -> Iterator[str]:
    """The page over the quickstart's folder."""
    from gemini_embed_cli.serving.guard import Guard
    from gemini_embed_cli.serving.page.app import Page

    with opened_folder(page_folder, text_tokens=80, audio_s=20) as folder, running(Guard(Page(folder))) as url:
        yield url


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address in a new window, `**options` are those of a browser's context; at the end no page may have met
    an error, its policy, or another server."""
    contexts: list[BrowserContext] = []
    watched: list[Watched] = []

    def opened(url: str, **options: Any) -> Page:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(30_000)  # of a machine that does much else
        contexts.append(context)
        page = context.new_page()
        watched.append(Watched(urlsplit(url).netloc))
        watched[-1].watch(page)
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [one for page in watched for one in page.seen] == []


def first(page: Page) -> str:
    """The first card: its name and place, once an answer is there."""
    page.locator("#hits:not([aria-busy]) .card").first.wait_for()
    return " ".join(page.locator(".card").first.locator("h3, .place span").all_inner_texts())


def ask(page: Page, words: str) -> str:
    page.fill("#words", words)
    page.keyboard.press("Enter")
    page.locator("#status", has_text=words[:40]).wait_for()
    return first(page)
