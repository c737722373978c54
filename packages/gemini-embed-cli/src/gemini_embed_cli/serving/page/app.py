"""The addresses of the page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from gemini_embed import ConnectionFailedError, GeminiEmbedError, Hit, QuotaError, StoreLockedError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gemini_embed_cli.serving.guard import Receive, Scope, Send
from gemini_embed_cli.serving.page import showing
from gemini_embed_cli.serving.page.answering import Answers
from gemini_embed_cli.serving.page.asking import asked
from gemini_embed_cli.serving.page.assets import asset
from gemini_embed_cli.serving.page.headers import with_headers
from gemini_embed_cli.serving.page.limits import Limits, Refused
from gemini_embed_cli.serving.page.rooms import Room
from gemini_embed_cli.serving.page.sending import file_response

if TYPE_CHECKING:
    from gemini_embed_cli.folder import OpenFolder

T = TypeVar("T")
Endpoint = Callable[[Request], Awaitable[Response]]

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
ASSETS = ("page.css", "dom.js", "cards.js", "sound.js", "query.js", "live.js", "icon.svg")
A_TYPED_QUERY = 64 * 1024  # bytes of a request that waits for no upload
KEPT = {"cache-control": "private, max-age=3600"}
"""What a hit looks like: its id is made of its content."""


class Page:
    """The page over a folder, as an ASGI application: a `Guard` stands before it.

    Args:
        folder: that is searched, opened with `confined=True`.
        limits: of what is read from strangers.
    """

    def __init__(self, folder: OpenFolder, limits: Limits | None = None) -> None:
        self._answers, self._limits = Answers(folder), limits or Limits()
        self._uploads = Room(self._limits.uploads, self._limits.waiting)
        self._searches = Room(self._limits.searches, self._limits.waiting)
        self._app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/assets/{name}", self._asset),
                Route("/about", self._about),
                Route("/search", self._search, methods=["POST"]),
                Route("/hits/{id}/picture", self._seen(lambda hit, _: showing.picture(hit))),
                Route("/hits/{id}/page", self._seen(lambda hit, words: showing.page(hit, words))),
                Route("/hits/{id}/whole", self._seen(lambda hit, words: showing.page(hit, words, whole=True))),
                Route("/hits/{id}/clip", self._seen(lambda hit, _: showing.clip(hit))),
                Route("/hits/{id}/waveform", self._waveform),
                Route("/hits/{id}/file", self._file),
            ],
            exception_handlers={Refused: _refused, GeminiEmbedError: _failed},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, with_headers(send))

    async def _page(self, request: Request) -> Response:
        return _asset("page.html")

    async def _asset(self, request: Request) -> Response:
        if request.path_params["name"] not in ASSETS:
            raise Refused(404, "There is no such file.")
        return _asset(request.path_params["name"])

    async def _about(self, request: Request) -> Response:
        limits = self._limits
        about = await self._thread(self._answers.about)
        return JSONResponse(about | {"limits": {"files": limits.files, "file_bytes": limits.file_bytes}})

    async def _search(self, request: Request) -> Response:
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length) <= A_TYPED_QUERY:
            return await self._answered(request)
        async with self._uploads.place():  # from the first byte: what waits has not been read
            return await self._answered(request)

    async def _answered(self, request: Request) -> Response:
        query = await asked(request.scope, request.receive, self._limits)
        return JSONResponse(await self._thread(self._answers.answer, query, request=request))

    def _seen(self, show: Callable[[Hit, str], showing.Shown]) -> Endpoint:
        """An endpoint that answers with what `show` makes of a hit and the words of the query."""

        async def endpoint(request: Request) -> Response:
            words = request.query_params.get("words", "")[: self._limits.words]
            shown = await self._thread(lambda: show(self._hit(request), words), request=request)
            return Response(shown.data, media_type=shown.mime_type, headers=KEPT)

        return endpoint

    async def _waveform(self, request: Request) -> Response:
        peaks = await self._thread(lambda: showing.waveform(self._hit(request)), request=request)
        return JSONResponse(peaks, headers=KEPT)

    async def _file(self, request: Request) -> Response:
        return await self._thread(lambda: file_response(self._hit(request), request.headers.get("range")))

    def _hit(self, request: Request) -> Hit:
        return self._answers.hit(request.path_params["id"])

    async def _thread(self, work: Callable[..., T], *given: Any, request: Request | None = None) -> T:
        """`work` in a thread, so many at once; not for those who have gone away while they waited."""
        async with self._searches.place():
            if request is not None and await request.is_disconnected():
                raise Refused(499, "The one who asked went away.")
            return await run_in_threadpool(work, *given)


def _asset(name: str) -> Response:
    return Response(asset(name), media_type=TYPES[name.rpartition(".")[2]])


async def _refused(_: Request, refused: Exception) -> Response:
    assert isinstance(refused, Refused)  # noqa: S101 - the table of handlers says so
    headers = {"connection": "close"} if refused.status in (408, 413) else {}  # what still comes is not waited for
    return PlainTextResponse(str(refused), refused.status, headers)


async def _failed(_: Request, error: Exception) -> Response:
    """What the core says, in its own words: they name the input and what to do."""
    busy = isinstance(error, StoreLockedError | QuotaError)
    status = 503 if busy else 502 if isinstance(error, ConnectionFailedError) else 400
    return PlainTextResponse(str(error), status)
