"""Work in a child process, which is started again after a crash or a time limit: for what reads anybody's files.

process   the parent's side: asked, waited for, ended
child     what runs in the child
framing   messages over pipes

It keeps a crash and an endless loop away from the caller. It is no sandbox: the child may do what the caller may.
"""

from gemini_embed.isolation.process import CrashedError, Process, StalledError

__all__ = ["CrashedError", "Process", "StalledError"]
