"""Bytes over sockets: HTTP/1.1, the JSON in it, and the log of what came in. Nothing here knows Gemini.

`server` reads requests by `http11`; `encoding` writes replies by it, and `received` keeps what it read.
"""

from .encoding import encode, json_response
from .http11 import BadRequestError, HttpRequest, answer_to, raw_response
from .received import ReceivedRequest, RequestLog
from .server import Client, Server

__all__ = [
    "BadRequestError",
    "Client",
    "HttpRequest",
    "ReceivedRequest",
    "RequestLog",
    "Server",
    "answer_to",
    "encode",
    "json_response",
    "raw_response",
]
