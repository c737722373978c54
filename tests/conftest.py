"""Fixtures live in the named plugins beside this file."""

import importlib.util
import sys
from pathlib import Path

pytest_plugins = []

# The plugins are files, not a package (import-mode=importlib): load each under its own name.
for _path in sorted(Path(__file__).parent.glob("fix_*.py")):
    _spec = importlib.util.spec_from_file_location(_path.stem, _path)
    assert _spec is not None
    assert _spec.loader is not None
    sys.modules[_path.stem] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_path.stem])
    pytest_plugins.append(_path.stem)
