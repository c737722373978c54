"""Stores in pickles: their settings travel, what is open does not, and neither does a server's key."""

from __future__ import annotations

import os
import threading
from typing import Any, ClassVar, Self

from gemini_embed.errors import ConfigurationError, StoreError
from gemini_embed.secret import without_userinfo


class SettingsOnly:
    """A store that pickles as its settings, where it is one of a server; a copy within the process is itself.

    Raises:
        StoreError: in pickling an embedded store, whose files one process has open.
    """

    _opened_names: ClassVar[tuple[str, ...]] = ("_client", "_fingerprint", "_pinned")
    _key_name: ClassVar[str] = ""
    """The attribute that holds a server's key."""
    _key_variable: ClassVar[str] = ""
    """Where the key is found again."""
    _key_stayed_behind = False

    def _is_embedded(self) -> bool:
        return True

    def _check_key(self) -> None:
        """To be asked before a server is connected to.

        Raises:
            ConfigurationError: the key did not travel, and the environment has none.
        """
        if self._key_stayed_behind and not getattr(self, self._key_name):
            raise ConfigurationError(
                f"{self}: its key did not travel with the pickle: set {self._key_variable} where it is unpickled"
            )

    def __getstate__(self) -> dict[str, Any]:
        if self._is_embedded():
            raise StoreError(
                f"{self} is embedded, and is not pickled, since one process at a time has it open: make the index in "
                "the process that uses it, or share one by a server, such as QdrantStore(url=...)"
            )
        left_behind = {"_lock": None, self._key_name: None, **dict.fromkeys(self._opened_names)}
        places = {name: without_userinfo(place) for name, place in self.__dict__.items() if _is_address(place)}
        has_key = self._key_stayed_behind or getattr(self, self._key_name) is not None
        has_key = has_key or any(place != self.__dict__[name] for name, place in places.items())
        return {**self.__dict__, **places, **left_behind, "_key_stayed_behind": has_key}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.RLock())
        if self._key_stayed_behind:
            self.__dict__[self._key_name] = os.environ.get(self._key_variable)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


def _is_address(value: object) -> bool:
    return isinstance(value, str) and "://" in value
