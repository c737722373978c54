#!/usr/bin/env python3
"""For a matrix of Pythons: those that the classifiers of gemini-embed name, as JSON, such as ["3.11", "3.12"].

.ci/classifiers.py         # all
.ci/classifiers.py --ends  # the oldest and the newest
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "packages/gemini-embed/pyproject.toml"


def pythons() -> list[str]:
    classifiers = tomllib.loads(PROJECT.read_text("utf-8"))["project"]["classifiers"]
    return re.findall(r"^Programming Language :: Python :: (3\.\d+)$", "\n".join(classifiers), re.MULTILINE)


if __name__ == "__main__":
    found = pythons()
    print(json.dumps([found[0], found[-1]] if sys.argv[1:] == ["--ends"] else found))
