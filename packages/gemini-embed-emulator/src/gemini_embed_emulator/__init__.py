"""A local server that speaks the wire protocol of the Gemini embedding endpoints. It is not the model.

Rooms, from the ground up; a room imports only rooms of lower rows, never its own row's neighbours:

    1  `errors` `models` `settings` `tokens`  words that need no other word: refusals, the models, what can be set
    1  `clock` `bill`                         the service's time, and what it has billed
    1  `rows`                                 the vectors in a reply
    1  `running`                              a program that meets the emulator in place of the API
    1  `http/`                                bytes over sockets; knows no Gemini
    2  `faults`                               what is to go wrong with a request
    2  `chat`                                 what chat models are to say
    2  `vectors/`                             what makes vectors of texts and media
    2  `batches/`                             the life of batch jobs, their lines and answers, whichever API they are of
    3  `api/`                                 what the service answers, and what it refuses
    4  `emulator`                             what a user starts; each request from what came in to what goes out

The way of a request, one file a step:
    http: server -> http11 -> emulator -> faults -> api: service -> routes -> developer | vertex -> schema -> embedding
    -> parts    -> vectors: maker -> http: encoding
One below /__emulator__/ is none to the service: http -> emulator -> api: control -> fault_words | typed.
"""

from .batches import Entry, JobPlan, JobScript
from .bill import Bill
from .chat import Answer, ChatScript
from .clock import Clock
from .emulator import Emulator
from .errors import ApiError
from .faults import Fault, FaultScript, RawReply
from .http import ReceivedRequest, RequestLog
from .settings import Quota
from .vectors import tone_speech

__all__ = [
    "Answer",
    "ApiError",
    "Bill",
    "ChatScript",
    "Clock",
    "Emulator",
    "Entry",
    "Fault",
    "FaultScript",
    "JobPlan",
    "JobScript",
    "Quota",
    "RawReply",
    "ReceivedRequest",
    "RequestLog",
    "tone_speech",
]
