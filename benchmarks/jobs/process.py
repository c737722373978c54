"""What a process can say of itself (Linux)."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

MIB = 2**20


def rss_mib() -> float:
    """Resident memory now, MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MIB


def peak_rss_mib() -> float:
    """Most resident memory so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cpu_s() -> float:
    """CPU seconds of the process so far, all threads, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def ended_children_s() -> float:
    """CPU seconds of child processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def threads() -> int:
    """Threads of Python that are alive."""
    return threading.active_count()


def open_files() -> int:
    """File descriptors, sockets among them."""
    return len(os.listdir("/proc/self/fd"))
