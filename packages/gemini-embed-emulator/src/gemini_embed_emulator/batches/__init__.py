"""Batch jobs, whichever API they are made on: their life, their lines, what comes of them, what they cost.

Nothing here knows a path or a field of HTTP. `lines` is what a job is given, `plan` what is to become of it, `states`
when it is what, `answers` what it gives back and in which order; `job` is one of them, `store` all of one API's.
"""

from .job import Form, Job
from .lines import BadLineError, JsonLines, Line, LineError, ReadLine, rpc_code
from .plan import Asked, Entry, JobPlan, JobScript
from .states import State
from .store import JobStore, NewJob

__all__ = [
    "Asked",
    "BadLineError",
    "Entry",
    "Form",
    "Job",
    "JobPlan",
    "JobScript",
    "JobStore",
    "JsonLines",
    "Line",
    "LineError",
    "NewJob",
    "ReadLine",
    "State",
    "rpc_code",
]
