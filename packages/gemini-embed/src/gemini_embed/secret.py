"""Secrets: what no repr, log, pickle or printed traceback may show, and the few tools that keep it so."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit

P = ParamSpec("P")
E = TypeVar("E", bound=BaseException)

_SECRET_NAME = re.compile(r"auth|key|token|secret|cookie|passw|pwd|cred|jwt|sign|session", re.IGNORECASE)
"""In the name of a header that holds a secret, such as authorization, x-goog-api-key, cf-access-client-secret."""


class Secret:
    """A value that no repr, log or traceback shows, and that no pickle carries."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for a request."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: Any) -> Secret:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a secret is not pickled")


def is_secret_header(name: str) -> bool:
    """Whether a header of this name holds a secret, going by the words that such names are made of."""
    return bool(_SECRET_NAME.search(name))


def without_secret_headers(headers: Mapping[str, Any]) -> dict[str, Any]:
    """The headers that a pickle may carry."""
    return {name: value for name, value in headers.items() if not is_secret_header(name)}


def shown_url(location: str) -> str:
    """A URL as messages and reprs show it: without user, password and query, which may be keys; a path as it is."""
    scheme, mark, rest = location.partition("://")
    if not mark:
        return location
    rest, *query = re.split(r"[?#]", rest, maxsplit=1)
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{'?...' if query else ''}"


def without_userinfo(url: str) -> str:
    """`url` without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def without_frames(error: E, until: BaseException | None = None) -> E:
    """`error` and its causes without their tracebacks: error reporters print the locals of every frame they find, and
    frames of libraries hold headers and bodies in plain text. Types and messages stay. `until` and what is behind it
    are somebody else's.
    """
    todo: list[BaseException | None] = [error]
    seen: set[int] = {id(None), id(until)}
    while todo:
        one = todo.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            one.__traceback__ = None
            todo += [one.__cause__, one.__context__]
    return error


def hides_arguments(init: Callable[P, None]) -> Callable[P, None]:
    """A constructor that takes secrets: when it fails, no frame of the traceback holds its arguments."""

    @wraps(init)
    def hidden(*args: P.args, **options: P.kwargs) -> None:
        outer = sys.exception()
        try:
            init(*args, **options)
        except Exception as e:
            error = without_frames(e, until=outer)
        else:
            return
        args, options = (), {}  # type: ignore[assignment]  # this frame's own, printed as well
        raise error

    return hidden
