"""Checks of settings: folders, durations, whole numbers."""

import os
from collections.abc import Mapping
from math import isfinite, nan
from typing import Any

from harvester.errors import UsageProblem
from harvester.storage.paths import resolve_folder


def check_writable(name: str, folder: str) -> None:
    """Raise `UsageProblem` unless the folder exists and can be written to."""
    path = resolve_folder(name, folder)
    if not path.is_dir() or not os.access(path, os.W_OK):
        raise UsageProblem(f"{name}={folder}: must be an existing folder that can be written to.")


def check_duration(settings: Mapping[str, Any], name: str, *, above: float) -> None:
    """Raise `UsageProblem` unless the setting is a finite number greater than `above`."""
    try:
        number = float(settings[name])
    except (TypeError, ValueError):
        number = nan
    if not isfinite(number) or number <= above:
        raise UsageProblem(f"{name}={settings[name]}: must be a number {'above 0' if above == 0 else 'from 0'}.")


def parse_number(settings: Mapping[str, Any], name: str, minimum: int, maximum: int | None = None) -> int:
    """Return the setting as a whole number within the bounds, or raise `UsageProblem`."""
    try:
        number = int(settings[name])
    except (TypeError, ValueError):
        number = minimum - 1
    if number < minimum or (maximum is not None and number > maximum):
        bounds = f"from {minimum}" + (f" to {maximum}" if maximum is not None else "")
        raise UsageProblem(f"{name}={settings[name]}: must be a whole number {bounds}.")
    return number
