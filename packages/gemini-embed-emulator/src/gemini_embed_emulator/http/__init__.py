"""Bytes over sockets: HTTP/1.1, the JSON in it, and the log of what came in. Nothing here knows Gemini.

`server` reads requests by `http11`; `encoding` writes replies by it, `streaming` those too long to be held, and
`received` keeps what was read.
"""

from .encoding import encode, json_response
from .http11 import BadRequestError, HttpRequest, answer_to, raw_response
from .received import ReceivedRequest, RequestLog
from .server import Client, Server
from .streaming import Streamed, send_streamed

__all__ = [
    "BadRequestError",
    "Client",
    "HttpRequest",
    "ReceivedRequest",
    "RequestLog",
    "Server",
    "Streamed",
    "answer_to",
    "encode",
    "json_response",
    "raw_response",
    "send_streamed",
]
