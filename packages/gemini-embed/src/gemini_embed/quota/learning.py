"""A rate that nobody told, measured between refusals and kept.

A refusal that tells a delay says how full the quota is: when the delay is over there is room for the refused call, and
for no more. Two refusals bound a sample, and what was let through in between, over the time, is the rate. Pure: time
is passed in, in seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass

from gemini_embed.quota.bucket import Bucket
from gemini_embed.quota.limits import Cost
from gemini_embed.quota.refusal import Refusal

SAFETY = 0.97
"""Share of a measured rate that is used: the service's clock and ours are not the same."""
SAFETY_WITHOUT_DELAY = 0.9
"""The same where refusals tell no delay, so that a sample is as inexact as one call."""
CATCH_UP_S = 1.0
"""What a call that starts late leaves unused is not lost to the next ones, up to so many seconds' worth."""
SHORTEST_SAMPLE_S = 2.0
"""A rate is not told from less than this: a passing refusal would be taken for a quota."""
CALM_CALLS = 40
CALM_S = 60.0
GROWTH = 0.01
"""After so many answers and seconds without a refusal each further answer lets the rate grow by this share: a quota
that was raised is found, and one that was not refuses one call in forty."""
TRIAL_AFTER_S = 3.0
TRIAL_DOUBLING_S = 1.5
"""A rate that one sample gave may be far too low, where the refusals were no quota. After so many seconds without
another it is put to the trial: it doubles in so many seconds, at most once an answer. A quota answers with one refusal
more, whose sample agrees with the first; then the rate is sure, and tried no more."""
AGREEMENT = 0.1
"""Two rates that differ by no more than this share are the same."""


@dataclass(frozen=True)
class _Mark:
    """At this time the quota had room for so many units, and no more."""

    at: float
    room: float


class LearnedRate:
    """The rate of one unit ("requests" or "tokens"), and the bucket that keeps it once it is known.

    A refusal while the measured rate was kept contradicts it: this is no quota of ours (an overloaded service, others
    on the same project), which is better met by the number of calls under way than by a rate that each refusal would
    lower further. Then no rate is kept until two samples in a row agree. Without a told delay a sample is inexact, so
    one contradiction may be noise: the lower rate is taken, and given up at the second in a row.
    """

    def __init__(self, unit: str, epoch: int) -> None:
        self.bucket: Bucket | None = None
        self._unit = unit
        self._began: _Mark | None = None
        self._ended: tuple[_Mark, Refusal] | None = None
        self._epoch = epoch
        self._taken = 0.0
        self._longest_rest_s = 0.0
        self._measured: float | None = None
        self._doubts = 0
        self._answers = 0
        self._refused_at = 0.0
        self._is_sure = self._is_wanted = False
        self._tried_at: float | None = None

    def wait(self, cost: Cost, now: float) -> float:
        """Seconds until a call may start."""
        seconds = self.bucket.wait(cost.of(self._unit), now) if self.bucket else 0.0
        self._is_wanted |= seconds > 0
        return seconds

    def started(self, cost: Cost, now: float, rested_s: float) -> None:
        """A call starts, after so many seconds in which nothing was under way or wanted."""
        self._longest_rest_s = max(self._longest_rest_s, rested_s)
        self.take(cost.of(self._unit), now)

    def take(self, units: float, now: float) -> None:
        """So many units are taken; a negative number corrects an estimate."""
        self._taken += units
        if self.bucket:
            self.bucket.take(units, now)

    def answered(self, now: float) -> None:
        """A call was let through."""
        self._answers += 1
        if self.bucket is None:
            return
        if not self._is_sure and self._is_wanted and now - self._refused_at > TRIAL_AFTER_S:
            since = self._refused_at + TRIAL_AFTER_S if self._tried_at is None else self._tried_at
            self.bucket.per_second *= 2 ** min((now - since) / TRIAL_DOUBLING_S, 1.0)
            self._tried_at, self._is_wanted = now, False
        elif self._answers > CALM_CALLS and now - self._refused_at > CALM_S:
            self.bucket.per_second *= 1 + GROWTH

    def not_counted(self, cost: Cost, epoch: int, now: float) -> None:
        """A call that started in `epoch` was refused, so it took nothing."""
        if epoch >= self._epoch:
            self.take(-cost.of(self._unit), now)

    def refused(self, cost: Cost, refusal: Refusal, now: float) -> None:
        """The sample ends here; it is told when calls start again, since others may be refused or let through yet."""
        self._ended = _Mark(now + (refusal.retry_after_s or 0.0), cost.of(self._unit)), refusal

    def conclude(self, now: float, epoch: int) -> None:
        """Calls start again, with `epoch`: set the rate from the sample, and begin the next one."""
        if self._ended is None:
            return
        (mark, refusal), self._ended = self._ended, None
        self._answers, self._refused_at = 0, now
        sampled = self._sampled(mark)
        self._is_sure |= self._proves(sampled, mark, refusal)
        pace = self._tried(sampled, refusal) if self._tried_at is not None else self._pace(sampled, refusal)
        self._tried_at, self._is_wanted = None, False
        full_at = mark.at if refusal.retry_after_s is not None else now
        self.bucket = Bucket(pace, mark.room + pace * CATCH_UP_S, mark.room, full_at) if pace is not None else None
        if not self._is_too_early(mark):
            self._began, self._epoch = mark, epoch
            self._taken = self._longest_rest_s = 0.0

    def _is_too_early(self, end: _Mark) -> bool:
        """Whether the sample is to go on: too short yet, or nothing was let through."""
        return self._began is not None and (end.at - self._began.at < SHORTEST_SAMPLE_S or self._taken <= 0)

    def _sampled(self, end: _Mark) -> float | None:
        """Units a second between two refusals, None where that tells nothing, as when the quota may have been full."""
        if self._began is None or self._is_too_early(end):
            return None
        rate = (self._taken + end.room - self._began.room) / (end.at - self._began.at)
        return rate if rate > 0 and rate * self._longest_rest_s < end.room else None

    def _proves(self, sampled: float | None, end: _Mark, refusal: Refusal) -> bool:
        """Whether a rate need not be tried: it was told, or measured twice, or the delay that was told fits it, since
        at this rate room for one call is never further away than the time that one call takes."""
        if refusal.per_minute is not None or _agree(self._measured, sampled):
            return True
        delay_s = refusal.retry_after_s
        return sampled is not None and delay_s is not None and sampled * delay_s <= end.room * (1 + AGREEMENT)

    def _tried(self, sampled: float | None, refusal: Refusal) -> float | None:
        """Units a second after a trial, which contradicts nothing that was measured before."""
        named = refusal.per_minute / 60 if refusal.per_minute is not None else None
        self._measured = named or sampled or self._measured
        self._doubts = 0
        return self._measured * _safety(refusal) if self._measured else None

    def _pace(self, sampled: float | None, refusal: Refusal) -> float | None:
        """Units a second to keep from now on, None when no rate is known."""
        safety = _safety(refusal)
        named = refusal.per_minute / 60 if refusal.per_minute is not None else None
        kept = self.bucket.per_second if self.bucket else None
        measured, self._measured = self._measured, sampled or named or self._measured
        told = min(filter(None, (named, sampled)), default=None)
        if kept is not None and (told is None or (measured is not None and kept <= measured)):
            self._doubts += told is not None
            if named is None and (self._doubts > 1 or refusal.retry_after_s is not None):
                return None
            return told * safety if told else kept
        if self._doubts > 1 and named is None and not _agree(measured, sampled):
            return None
        self._doubts = 0
        rate = named or sampled
        return rate * safety if rate else None


def _safety(refusal: Refusal) -> float:
    return SAFETY if refusal.retry_after_s is not None else SAFETY_WITHOUT_DELAY


def _agree(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= AGREEMENT * one
