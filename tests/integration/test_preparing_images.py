"""Images from everywhere: what is sent for them, and what is refused, with the input's position."""

from __future__ import annotations

import base64
import gc
import struct
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from fix_capture import Answer, CaptureServer, Received, embeddings_for
from fix_media import png
from gemini_embed import Content, Embedder, Image, InputError, Text
from PIL import Image as Pillow

PICTURE = Pillow.new("RGB", (8, 6), (200, 30, 30))


def encoded(kind: str, picture: Pillow.Image = PICTURE) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, format=kind)
    return buffer.getvalue()


PNG, JPEG, WEBP, BMP, GIF = (encoded(kind) for kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF"))


@pytest.fixture
def embedder(capture: CaptureServer) -> Any:
    with Embedder(api_key="k", base_url=capture.base_url, verify=False) as made:
        yield made


@pytest.fixture
def on_vertex(capture: CaptureServer, fake_credentials: Any) -> Any:
    with Embedder(project="p", credentials=fake_credentials, base_url=capture.base_url, verify=False) as made:
        yield made


def sent(capture: CaptureServer) -> list[tuple[str, bytes]]:
    """(MIME type, bytes) of every image that was sent."""
    contents = [c for r in capture.requests for c in r.json.get("requests", [r.json])]
    blobs = [part["inlineData"] for c in contents for part in c["content"]["parts"] if "inlineData" in part]
    return [(blob["mimeType"], base64.b64decode(blob["data"], validate=True)) for blob in blobs]


AS_IT_IS = [pytest.param(PNG, "image/png", id="png"), pytest.param(JPEG, "image/jpeg", id="jpeg")]
OTHERS = [
    pytest.param(WEBP, "image/webp", id="webp"),
    pytest.param(BMP, "image/bmp", id="bmp"),
]


@pytest.mark.parametrize(("data", "mime_type"), AS_IT_IS)
def test_what_is_sent_as_it_is(data: bytes, mime_type: str, embedder: Embedder, capture: CaptureServer) -> None:
    embedder.embed([Image(data)])
    assert sent(capture) == [(mime_type, data)]


@pytest.mark.parametrize(("data", "mime_type"), [*OTHERS, pytest.param(GIF, "image/gif", id="gif")])
def test_other_images_are_converted_for_the_developer_api(
    data: bytes, mime_type: str, embedder: Embedder, capture: CaptureServer
) -> None:
    embedder.embed([Image(data, mime_type=mime_type)])
    ((sent_type, png),) = sent(capture)
    assert sent_type == "image/png"
    with Pillow.open(BytesIO(png)) as picture:
        assert (picture.format, picture.size) == ("PNG", (8, 6))
        red, green, blue = picture.convert("RGB").getpixel((4, 3))  # type: ignore[misc]  # a tuple for RGB
        assert (red > 180, green < 60, blue < 60) == (True, True, True)


@pytest.mark.parametrize(("data", "mime_type"), OTHERS)
def test_vertex_takes_them_as_they_are(
    data: bytes, mime_type: str, on_vertex: Embedder, capture: CaptureServer
) -> None:
    on_vertex.embed([Image(data)])
    assert sent(capture) == [(mime_type, data)]


def test_transparency_survives_a_conversion(embedder: Embedder, capture: CaptureServer) -> None:
    embedder.embed([Image(encoded("WEBP", Pillow.new("RGBA", (4, 4), (0, 0, 255, 0))))])
    ((_, png),) = sent(capture)
    with Pillow.open(BytesIO(png)) as picture:
        assert picture.getpixel((0, 0))[3] == 0  # type: ignore[index]  # a tuple for RGBA


def sources(folder: Path, server: CaptureServer) -> dict[str, Any]:
    path = folder / "picture.png"
    path.write_bytes(PNG)
    return {
        "path": path,
        "str path": str(path),
        "bytes": PNG,
        "bytearray": bytearray(PNG),
        "data URI": "data:image/png;base64," + base64.b64encode(PNG).decode(),
        "file object": BytesIO(PNG),
        "URL": f"{server.base_url}/picture.png",
        "upper-case URL": f"HTTP{server.base_url[4:]}/picture.png",
    }


@pytest.mark.parametrize(
    "name", ["path", "str path", "bytes", "bytearray", "data URI", "file object", "URL", "upper-case URL"]
)
def test_every_source(
    name: str, tmp_path: Path, make_server: Callable[..., CaptureServer], capture: CaptureServer
) -> None:
    pictures = make_server(lambda request: Answer(PNG, headers={"content-type": "image/png"}))
    options: dict[str, Any] = {"api_key": "k", "base_url": capture.base_url, "verify": False}
    with Embedder(allow_private_urls=True, **options) as embedder:
        embedder.embed([Image(sources(tmp_path, pictures)[name])])
    assert sent(capture) == [("image/png", PNG)]


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "CMYK", "1", "F", "YCbCr"])
def test_a_pil_image_of_any_mode(mode: str, embedder: Embedder, capture: CaptureServer) -> None:
    embedder.embed([PICTURE.convert(mode), Content("a picture", PICTURE.convert(mode))])
    first, second = sent(capture)
    assert first == second
    with Pillow.open(BytesIO(first[1])) as picture:
        assert (first[0], picture.size) == ("image/png", (8, 6))


def test_a_path_without_a_wrapper_and_a_genai_part(embedder: Embedder, capture: CaptureServer, tmp_path: Path) -> None:
    from google.genai import types

    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    embedder.embed([path, types.Part.from_bytes(data=PNG, mime_type="image/png"), PNG])
    assert sent(capture) == [("image/png", PNG)] * 3


def test_the_name_and_the_claim_may_be_wrong(embedder: Embedder, capture: CaptureServer, tmp_path: Path) -> None:
    """The bytes decide."""
    path = tmp_path / "really-a-jpeg.png"
    path.write_bytes(JPEG)
    uri = "data:image/gif;base64," + base64.b64encode(JPEG).decode()
    embedder.embed([Image(path), Image(JPEG, mime_type="image/png"), Image(uri)])
    assert sent(capture) == [("image/jpeg", JPEG)] * 3


def test_six_images_in_a_content_and_no_more(embedder: Embedder, capture: CaptureServer) -> None:
    embedder.embed([[Image(PNG)] * 6])
    assert len(sent(capture)) == 6
    with pytest.raises(InputError, match="input 1: 7 images in one content; gemini-embedding-2 takes 6"):
        embedder.embed(["fine", ["text", *[Image(PNG)] * 7]])


LARGE_GIF = b"GIF89a" + struct.pack("<HHBBB", 13_300, 13_300, 0x80, 0, 0) + bytes(6) + b"," + bytes(9) + b"\x02\x01;"

BROKEN = [
    pytest.param(lambda tmp: tmp / "absent.png", "cannot read .*absent.png: No such file", id="absent"),
    pytest.param(lambda tmp: tmp, "cannot read .*: Is a directory", id="a-folder"),
    pytest.param(lambda tmp: b"", "is empty", id="zero-bytes"),
    pytest.param(lambda tmp: b"\x00" * 100, "no known format", id="zeros"),
    pytest.param(lambda tmp: b"<svg xmlns='x'/>", "no known format", id="svg"),
    pytest.param(lambda tmp: b"%PDF-1.7 ...", "is application/pdf, not an image", id="pdf"),
    pytest.param(lambda tmp: "data:image/png;base64,@@@@", "base64 is damaged", id="broken-data-uri"),
    pytest.param(lambda tmp: "data:image/png;base64", "without a comma", id="data-uri-without-data"),
    pytest.param(lambda tmp: "data:image/png;base64,", "is empty", id="empty-data-uri"),
    pytest.param(lambda tmp: "file:///etc/hostname", r"URLs are http\(s\) only", id="file-url"),
    pytest.param(lambda tmp: "ftp://127.0.0.1/a.png", "ftp:// is not supported", id="ftp"),
    pytest.param(lambda tmp: "gs://bucket/a.png", "Cloud Storage is read by Vertex AI only", id="gs"),
    pytest.param(lambda tmp: "https:///a.png", "has no host", id="no-host"),
    pytest.param(lambda tmp: 3.5, "cannot read media from a float", id="a-number"),
    pytest.param(lambda tmp: WEBP[:40], "is damaged or cut short", id="webp-cut-short"),
    pytest.param(lambda tmp: LARGE_GIF, "has 13300 x 13300 pixels, more than can", id="176-megapixels-to-convert"),
    pytest.param(lambda tmp: png(11_000, 11_000), "has 11000 x 11000 pixels, more than can", id="121-megapixels"),
]


@pytest.mark.parametrize(("source", "message"), BROKEN)
def test_what_cannot_be_an_image(
    source: Callable[[Path], Any], message: str, embedder: Embedder, capture: CaptureServer, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        embedder.embed(["a text", [Text("and"), Image(source(tmp_path))]])
    assert not sent(capture)


def test_the_position_is_named_before_any_request(embedder: Embedder, capture: CaptureServer, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"^input 2: ") as caught:
        embedder.embed([Content("a"), Content("b"), Image(tmp_path / "absent.png")])
    assert caught.value.position == 2
    assert not capture.requests


def test_media_larger_than_allowed(capture: CaptureServer, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG + b"\0" * 1000)
    options: dict[str, Any] = {"api_key": "k", "base_url": capture.base_url, "verify": False}
    with Embedder(max_media_bytes=500, **options) as embedder:
        with pytest.raises(InputError, match=r"input 0: .* more than max_media_bytes=500"):
            embedder.embed([Image(path)])
        assert len(embedder.embed([Image(path.read_bytes())])) == 1, "what is in memory is the caller's to bound"


def test_media_that_no_call_can_carry(capture: CaptureServer, fake_credentials: Any) -> None:
    """The file is allowed, but its base64 is larger than a call may be, and Vertex AI has no Files API."""
    options: dict[str, Any] = {"project": "p", "credentials": fake_credentials}
    options |= {"base_url": capture.base_url, "verify": False}
    with (
        Embedder(facts={"max_media_bytes": 1000}, **options) as embedder,
        pytest.raises(InputError, match=r"input 1: 14\d\d bytes as base64, more than one call .* takes \(1000\)"),
    ):
        embedder.embed([Content("a"), Image(PNG + b"\0" * 1000)])
    assert not capture.requests


@pytest.mark.parametrize("model", ["gemini-embedding-001", "text-embedding-004"])
@pytest.mark.filterwarnings("ignore::gemini_embed.GeminiEmbedWarning")
def test_a_model_that_reads_text_only(model: str, capture: CaptureServer) -> None:
    embedder = Embedder(model, api_key="k", base_url=capture.base_url, verify=False)
    with embedder, pytest.raises(InputError, match=r"input 1: .*reads text and no image: use gemini-embedding-2"):
        embedder.embed([Content("a"), Image(PNG)])


class TestUrls:
    """Public http(s) addresses only, unless private ones are allowed; bounded in size and time."""

    Serve = Callable[..., CaptureServer]

    def fetch(self, url: str, capture: CaptureServer, **options: Any) -> list[tuple[str, bytes]]:
        with Embedder(api_key="k", base_url=capture.base_url, verify=False, **options) as embedder:
            embedder.embed([Content("a text"), Image(url)])
        return sent(capture)

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1", "2130706433"])  # noqa: S104 - asked for, not bound
    def test_loopback_is_refused(self, host: str, make_server: Serve, capture: CaptureServer) -> None:
        pictures = make_server(lambda request: Answer(PNG))
        url = pictures.base_url.replace("127.0.0.1", host)
        with pytest.raises(InputError, match=r"input 1: .*not a public address; allow_private_urls=True permits it"):
            self.fetch(url, capture)
        assert not pictures.requests

    @pytest.mark.parametrize(
        "host",
        ["10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "[fd00::1]", "224.0.0.1"],
    )
    def test_private_addresses_are_refused(self, host: str, capture: CaptureServer) -> None:
        with pytest.raises(InputError, match="not a public address"):
            self.fetch(f"http://{host}/latest/meta-data", capture)

    def test_a_redirect_to_loopback_is_refused(
        self, make_server: Serve, capture: CaptureServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first hop is let through by hand; the second one is not."""
        from gemini_embed.media import fetching

        secret = make_server(lambda request: Answer(PNG))
        front = make_server(lambda request: Answer(b"", 302, {"location": f"{secret.base_url}/secret.png"}))
        checked = fetching._checked_address

        async def first_hop_is_public(url: Any, policy: Any) -> str:
            return "127.0.0.1" if url.port == front.server_address[1] else await checked(url, policy)

        monkeypatch.setattr(fetching, "_checked_address", first_hop_is_public)
        with pytest.raises(InputError, match="not a public address"):
            self.fetch(f"{front.base_url}/a.png", capture)
        assert len(front.requests) == 1
        assert not secret.requests

    @pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://example.com/a.png", "data:image/png;base64,AA"])
    def test_a_redirect_away_from_http_is_refused(
        self, location: str, make_server: Serve, capture: CaptureServer
    ) -> None:
        front = make_server(lambda request: Answer(b"", 302, {"location": location}))
        with pytest.raises(InputError, match=r"not an http\(s\) URL|cannot fetch"):
            self.fetch(front.base_url, capture, allow_private_urls=True)

    def test_redirects_are_followed(self, make_server: Serve, capture: CaptureServer) -> None:
        def respond(request: Received) -> Answer:
            return Answer(PNG) if request.path == "/b.png" else Answer(b"", 301, {"location": "/b.png"})

        server = make_server(respond)
        assert self.fetch(f"{server.base_url}/a.png", capture, allow_private_urls=True) == [("image/png", PNG)]
        assert all("x-goog-api-key" not in r.headers for r in server.requests)

    def test_redirects_without_end(self, make_server: Serve, capture: CaptureServer) -> None:
        server = make_server(lambda request: Answer(b"", 302, {"location": request.path + "x"}))
        with pytest.raises(InputError, match="more than 5 redirects"):
            self.fetch(server.base_url + "/", capture, allow_private_urls=True)

    BAD: ClassVar = [
        pytest.param(Answer(b"gone", 404), {}, "answered 404", id="404"),
        pytest.param(Answer(b"<!doctype html><p>log in"), {}, "not an image", id="html"),
        pytest.param(Answer(PNG + b"\0" * 5000), {"max_media_bytes": 99}, "larger than max_media_bytes=99", id="big"),
        pytest.param(Answer(b""), {}, "is empty", id="empty"),
        pytest.param(Answer(PNG, wait_s=30), {"timeout_s": 0.4}, r"within 0\.4 s|ReadTimeout", id="slow"),
        pytest.param(Answer(PNG, sent_bytes=20), {}, "cannot fetch", id="broken-off"),
    ]  # fmt: skip

    @pytest.mark.parametrize(("answer", "options", "message"), BAD)
    def test_what_is_not_there(
        self, answer: Answer, options: dict[str, Any], message: str, make_server: Serve, capture: CaptureServer
    ) -> None:
        server = make_server(lambda request: answer)
        with pytest.raises(InputError, match=f"input 1: .*({message})") as caught:
            self.fetch(f"{server.base_url}/a.png", capture, allow_private_urls=True, **options)
        assert caught.value.position == 1

    def test_unreachable(self, make_server: Serve, capture: CaptureServer) -> None:
        server = make_server()
        url = server.base_url
        server.stop()
        with pytest.raises(InputError, match="input 1: cannot fetch"):
            self.fetch(url, capture, allow_private_urls=True)


def test_images_and_texts_keep_their_order(emulator: Any, make_embedder: Callable[..., Embedder]) -> None:
    embedder = make_embedder(dimensions=64, batch_size=3)
    colours = [Pillow.new("RGB", (8, 8), (20 * i, 255 - 20 * i, 40)) for i in range(10)]
    mixed: list[Any] = [item for i, c in enumerate(colours) for item in (c, Content(f"text {i}"), [f"colour {i}", c])]
    result = embedder.embed(mixed)
    singles = [embedder.embed([item]).vector for item in mixed]
    assert np.array_equal(result.values, np.array(singles))


def test_media_are_not_all_in_memory_at_once(make_server: Callable[..., CaptureServer], tmp_path: Path) -> None:
    """What has been sent goes, at once: a folder of pictures larger than the memory can be embedded.

    Without the garbage collector, which runs more or less often from one Python to the next.
    """

    def answer_and_forget(request: Received) -> Answer:
        answer = embeddings_for(request)
        server.requests.clear()
        return answer

    server = make_server(answer_and_forget)
    noise = np.random.default_rng(0).integers(0, 256, (2**19,), dtype=np.uint8).tobytes()
    paths = []
    for i in range(120):  # 60 MB, 80 MB as base64
        paths.append(tmp_path / f"{i}.png")
        paths[-1].write_bytes(PNG + noise)
    with Embedder(api_key="k", base_url=server.base_url, verify=False, batch_size=1, concurrency=2) as embedder:
        gc.collect()
        gc.disable()
        tracemalloc.start()
        try:
            embedder.embed(paths)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            gc.enable()
    assert peak < 20 * 2**20, "two calls in flight and what is read ahead take 12 MiB, the server's side included"
