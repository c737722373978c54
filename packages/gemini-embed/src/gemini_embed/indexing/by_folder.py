"""What an add did, folder by folder, counted while it goes on."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from gemini_embed.indexing.report import FolderReport, SkippedItem
from gemini_embed.records import Record


class ByFolder:
    """The counts of one add; it grows with the number of folders."""

    def __init__(self, left_out: Mapping[tuple[str, str], int] | None = None) -> None:
        """`left_out`: how many names, by their folder and the reason."""
        self._added: Counter[tuple[str, str]] = Counter()
        self._reused: Counter[str] = Counter()
        self._left_out = left_out or {}

    def wrote(self, records: Iterable[Record]) -> None:
        """These are new."""
        self._added.update((_folder_of(one.uri), one.modality or "") for one in records)

    def held(self, records: Iterable[Record]) -> None:
        """These were there."""
        self._reused.update(_folder_of(one.uri) for one in records)

    def unchanged(self, path: str, records: int) -> None:
        """A file was not read, and had so many."""
        self._reused[_folder_of(path)] += records

    def reports(self, skipped: Iterable[SkippedItem]) -> tuple[FolderReport, ...]:
        """Of each folder, by name."""
        added: dict[str, dict[str, int]] = defaultdict(dict)
        for (folder, modality), count in sorted(self._added.items()):
            added[folder][modality] = count
        reasons: dict[str, dict[str, int]] = defaultdict(dict)
        for (folder, reason), count in sorted(self._left_out.items()):
            reasons[folder][reason] = count
        bad: dict[str, list[SkippedItem]] = defaultdict(list)
        for item in skipped:
            bad[_folder_of(item.source)].append(item)
        return tuple(
            FolderReport(
                folder=folder,
                added=added.get(folder, {}),
                reused=self._reused[folder],
                skipped=tuple(bad.get(folder, ())),
                left_out=reasons.get(folder, {}),
            )
            for folder in sorted({*added, *self._reused, *bad, *reasons})
        )


def _folder_of(place: str | None) -> str:
    """ "" where it is no file of this machine."""
    return "" if place is None or "://" in place or place.startswith("sha256:") else os.path.dirname(place)
