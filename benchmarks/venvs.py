"""Virtual environments for the contenders that are not ours: made on first use, from PyPI, outside the project."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import CACHE

VENVS = CACHE / "venvs"


class NotInstalled(Exception):
    """An environment could not be made; the text says why."""


def binaries(name: str, packages: Sequence[str]) -> Path:
    """The `bin` folder of the environment of that name, with exactly these requirements in it. Raises NotInstalled."""
    folder = VENVS / name
    marker = folder / "requirements.txt"
    requirements = "\n".join(packages)
    if not (marker.is_file() and marker.read_text() == requirements):
        print(f"making {folder} with {', '.join(packages)} …", file=sys.stderr, flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run(*pip, *packages)
        marker.write_text(requirements)
    return folder / "bin"


def _run(*command: str) -> None:
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise NotInstalled(next((line for line in lines if line.startswith("ERROR")), lines[-1]))
