"""Which entries of a call are to be in a job: not in the cache, with their key, their media at hand."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from gemini_embed.calls.attempts import Request, all_of
from gemini_embed.calls.call import Call
from gemini_embed.calls.recall import Recall
from gemini_embed.calls.windows import Loading
from gemini_embed.errors import InputError
from gemini_embed.preparing import Entry
from gemini_embed.service import HttpSession


class Gathering:
    """Walks the entries of a call, a few at a time; of their media no more is in memory than there is room for."""

    def __init__(self, session: HttpSession, request: Request, recall: Recall, call: Call) -> None:
        self._session, self._request, self._recall, self._call = session, request, recall, call

    async def unknown(self, entries: Sequence[Entry]) -> AsyncGenerator[list[Entry], None]:
        """Those that the cache lacks, their media loaded, window by window. All of `entries` have their key then.

        An object of Cloud Storage has none, since another may take its address: it is left to ordinary calls.
        """
        by_position = {entry.position: entry for entry in entries}
        loading = Loading(self._session.gate.loaded, self._request.facts)
        try:
            for window in loading.windows(entries):
                await loading.begin(window)
                loaded = await self._loaded(window)
                loading.loaded(window, loaded)
                known = await self._recall.known(loaded)
                for item in loaded:
                    entry = by_position[item.position]
                    entry.key, entry.tokens, entry.media_tokens = item.key, item.tokens, item.media_tokens
                yield [item for item in loaded if item.position not in known and item.key]
                loading.done(loaded)
        finally:
            loading.close()

    async def _loaded(self, window: Sequence[Entry]) -> Sequence[Entry]:
        if not any(item.has_media for item in window):
            return window
        return [item for item in await all_of(self._with_media(item) for item in window) if item is not None]

    async def _with_media(self, item: Entry) -> Entry | None:
        from gemini_embed.preparing.loading import loaded  # texts alone need nothing of it

        try:
            return await loaded(item, self._request.facts, self._request.fetch)
        except InputError as e:
            self._call.refused.bad_input(e, item.positions)
            return None
