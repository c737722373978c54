"""The page under hostile use: bombs, floods, paths and links out of the folder, many at once, clients that go away."""

from __future__ import annotations

import asyncio
import resource
import socket
import struct
import sys
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from fix_browser import opened_folder, running
from fix_media import pdf
from gemini_embed import Record
from gemini_embed_cli.folder import OpenFolder
from gemini_embed_cli.serving.guard import Guard
from gemini_embed_cli.serving.page.app import Page
from gemini_embed_cli.serving.page.limits import Limits

MIB = 2**20
CLIENT = httpx.Client(timeout=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenFolder]:
    place = tmp_path_factory.mktemp("page") / "folder"
    place.mkdir()
    (place / "water.md").write_text("Shut off the water at the stopcock.")
    (place / "manual.pdf").write_bytes(pdf("Shut off the water"))
    (place / "gone.md").write_text("what was here")
    (place.parent / "secret.md").write_text("water of the neighbour")
    with opened_folder(place) as opened:
        yield opened


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    yield
    CLIENT.close()


@pytest.fixture
def url(folder: OpenFolder) -> Iterator[str]:
    with running(Guard(Page(folder))) as address:
        yield address


def search(url: str, **form: Any) -> httpx.Response:
    files = form.pop("files", None)
    return CLIENT.post(f"{url}search", data=form, files=files)


def ids(url: str, words: str = "water") -> dict[str, str]:
    """Ids by the names of their files."""
    return {hit["name"]: hit["id"] for hit in search(url, words=words).json()["hits"]}


def png(width: int, height: int, filling: int = 1) -> bytes:
    """A picture that claims a size, and of whose rows some are there: all grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes(filling and (width + 1) * filling))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else MIB)


def test_bombs_are_refused_in_bounds(url: str) -> None:
    search(url, words="water")
    bomb = png(50_000, 50_000, filling=2_000)  # 100 MB in 100 kB, 2.5 GB if all were there
    before = peak_mb()
    answer = search(url, files={"file": ("bomb.png", bomb, "image/png")})
    assert answer.status_code in (400, 415)
    assert "bomb.png" in answer.text
    assert "pixels" in answer.text
    answer = search(url, files={"file": ("wide.png", png(2**31 - 1, 2**31 - 1, filling=0), "image/png")})
    assert answer.status_code in (400, 415)
    assert peak_mb() - before < 150


def test_a_gigabyte_is_refused_before_it_is_read(url: str) -> None:
    answer = search_raw(url, {"Content-Length": str(2**30)}, [])
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"40 MiB" in answer


def test_a_gigabyte_without_its_length_is_refused_on_the_way(url: str) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        yield b"%x\r\n%s\r\n" % (len(head), head)
        for _ in range(1024):
            sent += MIB
            yield b"%x\r\n%s\r\n" % (MIB, bytes(MIB))

    answer = search_raw(url, {"Transfer-Encoding": "chunked"}, pieces())
    assert sent < 100 * MIB
    assert answer.startswith(b"HTTP/1.1 413") or answer == b"", "or the connection was cut"


def search_raw(url: str, headers: dict[str, str], body: Any) -> bytes:
    """What is answered to a body that is sent as it is; as far as the server takes it."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    lines = {"Host": f"{host}:{port}", "Content-Type": "multipart/form-data; boundary=x", **headers}
    with socket.create_connection((str(host), int(port or 0)), timeout=30) as connection:
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        connection.sendall(f"POST /search HTTP/1.1\r\n{head}\r\n".encode())
        try:
            for piece in body:
                connection.sendall(piece)
            return connection.recv(65536)
        except OSError:
            return b""


@pytest.mark.parametrize(
    ("form", "status", "words"),
    [
        pytest.param({}, 400, "Type words", id="nothing"),
        pytest.param({"words": "x" * 9_000}, 413, "8,000 characters", id="long-words"),
        pytest.param({"words": "x", "k": "1000000"}, 400, "from 1 to 60", id="many-hits"),
        pytest.param({"words": "x", "k": "-1"}, 400, "from 1 to 60", id="negative"),
        pytest.param({"words": "x", "kind": "everything"}, 400, "'everything'", id="no-kind"),
        pytest.param({"like": "../../etc/passwd"}, 404, "not in the index", id="no-id"),
        pytest.param({"like": "0" * 1_000}, 404, "not in the index", id="long-id"),
        pytest.param(
            {"files": [("file", (f"{n}.txt", b"x", "text/plain")) for n in range(5)]}, 400, "4 files", id="many-files"
        ),
        pytest.param({"files": {"file": ("e.png", b"", "image/png")}}, 400, "empty", id="empty-file"),
        pytest.param({"files": {"file": ("a.exe", b"MZ\0\0\xff", "image/png")}}, 415, "a.exe", id="no-medium"),
        pytest.param({"files": {"file": ("big.png", bytes(21 * MIB), "image/png")}}, 413, "20 MiB", id="big-file"),
        pytest.param({f"field-{n}": "x" for n in range(100)}, 400, "cannot be read", id="many-fields"),
    ],
)
def test_what_means_nothing_is_refused_in_a_sentence(url: str, form: dict[str, Any], status: int, words: str) -> None:
    answer = search(url, **form)
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert "Traceback" not in answer.text


def test_a_form_that_is_none(url: str) -> None:
    for kind, body in (("multipart/form-data", b"x"), ("multipart/form-data; boundary=x", b"--y"), ("text/plain", b"")):
        answer = CLIENT.post(f"{url}search", content=body, headers={"content-type": kind})
        assert answer.status_code == 400, answer.text


def test_nothing_outside_of_the_folder_is_sent(url: str, folder: OpenFolder) -> None:
    place = folder.settings.folder
    known = ids(url)
    hit = f"{url}hits/{known['water.md']}/file"
    assert CLIENT.get(hit).text == "Shut off the water at the stopcock."
    (place / "water.md").rename(place / "water.bak")
    (place / "water.md").symlink_to(place.parent / "secret.md")
    try:
        answer = CLIENT.get(hit)
        assert answer.status_code == 400
        assert "neighbour" not in answer.text
        assert "outside of root" in answer.text
    finally:
        (place / "water.md").unlink()
        (place / "water.bak").rename(place / "water.md")
    for path in ("hits/..%2f..%2fetc%2fpasswd/file", "hits/x/file", "assets/..%2fapp.py", "assets/app.py", "../app.py"):
        assert CLIENT.get(f"{url}{path}").status_code in (400, 404), path


def test_a_record_that_leads_out_of_the_folder_opens_nothing(url: str, folder: OpenFolder) -> None:
    """As another hand might have written it into the store."""
    outside = str(folder.settings.folder.parent / "secret.md")
    places = {"text": outside, "image": "/dev/zero", "audio": url, "pdf": "file:///etc/passwd"}
    records = [
        Record(str(uuid4()), "stray", {"uri": uri, "source": uri, "modality": kind}) for kind, uri in places.items()
    ]
    with folder.index() as index:
        index.store.upsert(records, folder.embedder.embed(["stray"] * len(records)).values)
        try:
            for record in records:
                for view in ("file", "picture", "page", "whole", "clip", "waveform"):
                    answer = CLIENT.get(f"{url}hits/{record.id}/{view}")
                    assert answer.status_code == 400, (record, view)
                    assert "neighbour" not in answer.text
        finally:
            index.store.delete([record.id for record in records])


def test_files_come_from_any_byte(url: str, folder: OpenFolder) -> None:
    data = (folder.settings.folder / "manual.pdf").read_bytes()
    file = f"{url}hits/{ids(url)['manual.pdf']}/file"
    for asked, status, body in [
        ("bytes=0-4", 206, data[:5]),
        ("bytes=10-", 206, data[10:]),
        ("bytes=-7", 206, data[-7:]),
        (f"bytes={len(data)}-", 416, b""),
        ("bytes=9-3", 416, b""),
        ("bytes=a-b", 200, data),
        ("bytes=0-1,3-4", 200, data),
    ]:
        answer = CLIENT.get(file, headers={"range": asked})
        assert (answer.status_code, answer.content) == (status, body), asked
    whole = CLIENT.get(file)
    assert whole.content == data
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["x-content-type-options"] == "nosniff"


def test_every_answer_has_the_policy(url: str) -> None:
    for path in ("", "about", "assets/live.js", "nowhere", "hits/x/picture", f"hits/{ids(url)['water.md']}/file"):
        answer = CLIENT.get(f"{url}{path}")
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers


def test_a_hundred_at_once_are_answered(url: str) -> None:
    async def all_of_them() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            asked = (client.post(f"{url}search", data={"words": f"water {number}"}) for number in range(100))
            return await asyncio.gather(*asked)

    answers = asyncio.run(all_of_them())
    assert {answer.status_code for answer in answers} == {200}
    assert all(answer.json()["hits"] for answer in answers)


def test_more_than_may_wait_are_told_to_come_again(folder: OpenFolder) -> None:
    limits = Limits(searches=1, uploads=1, waiting=2)

    async def many(url: str) -> list[int]:
        async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=50)) as client:
            asked = (client.post(f"{url}search", data={"words": f"other {number}"}) for number in range(50))
            return [answer.status_code for answer in await asyncio.gather(*asked)]

    with running(Guard(Page(folder, limits))) as url:
        answered = asyncio.run(many(url))
        assert set(answered) == {200, 503}
        assert search(url, words="water").status_code == 200, "and it goes on"


def test_uploads_that_never_end_hold_no_place_for_ever(folder: OpenFolder) -> None:
    with running(Guard(Page(folder, Limits(uploads=1, upload_s=0.5)))) as url:
        answer = search_raw(url, {"Content-Length": str(MIB)}, [b"--x\r\n"])
        assert answer.startswith(b"HTTP/1.1 408")
        assert search(url, files={"file": ("a.txt", b"water " * 1000, "text/plain")}).status_code == 200


def test_clients_that_go_away_leave_nothing_behind(url: str) -> None:
    async def gone() -> None:
        host, port = urlsplit(url).hostname, urlsplit(url).port
        for part in (
            b"",
            b"POST /search HTTP/1.1\r\n",
            b"POST /search HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nw",
        ):
            _, writer = await asyncio.open_connection(host, port)
            writer.write(part)
            await writer.drain()
            writer.close()

        async def given_up(client: httpx.AsyncClient, number: int) -> None:
            try:
                await client.post(f"{url}search", data={"words": f"gone {number}"}, timeout=0.02)
            except httpx.TimeoutException:
                return

        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(given_up(client, number) for number in range(30)))

    asyncio.run(gone())
    assert search(url, words="water").json()["hits"]


@pytest.mark.slow  # a process of the command
def test_a_sync_meanwhile_and_a_search_both_end_well(url: str, folder: OpenFolder) -> None:
    place = folder.settings.folder
    (place / "gone.md").unlink()
    (place / "new.md").write_text("The plumber comes on Friday.")
    command = [sys.executable, "-m", "gemini_embed_cli", "sync", str(place), "--emulator"]

    async def both() -> tuple[int | None, list[httpx.Response]]:
        sync = await asyncio.create_subprocess_exec(*command, stdout=-3, stderr=-3)
        answers: list[httpx.Response] = []
        async with httpx.AsyncClient(timeout=60) as client:
            while sync.returncode is None:
                answers.append(await client.post(f"{url}search", data={"words": f"water {len(answers)}"}))
                await asyncio.sleep(0.05)
        return await sync.wait(), answers

    code, answers = asyncio.run(both())
    assert code == 0
    assert {answer.status_code for answer in answers} == {200}
    found = ids(url, "plumber")
    assert "new.md" in found
    assert "gone.md" not in found
