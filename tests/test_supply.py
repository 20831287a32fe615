"""What others wrote and we run: pinned by hash, under licences that let everybody use it, looked at for known holes."""

import json
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.audit import reading

ROOT = Path(__file__).parent.parent

ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
           "PSF-2.0", "ZPL-2.1", "Zlib"}  # fmt: skip
"""SPDX names. MPL-2.0 is certifi's, a list of certificates that is used as it comes; MIT-CMU is Pillow's."""

_SPOKEN = {
    "2-clause BSD License": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names that packages use in place of SPDX's."""


def _wanted(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def _needed() -> dict[str, metadata.PackageMetadata]:
    """Every package that runs with harvester, whoever needs it."""
    found: dict[str, metadata.PackageMetadata] = {}
    queue = _wanted("requirements.txt")
    while queue:
        wanted = queue.pop()
        name = canonicalize_name(wanted.name)
        if name in found:
            continue
        found[name] = metadata.metadata(name)
        for line in metadata.requires(name) or ():
            more = Requirement(line)
            if more.marker is None or any(more.marker.evaluate({"extra": extra}) for extra in ("", *wanted.extras)):
                queue.append(more)
    return found


def _licences(about: metadata.PackageMetadata) -> set[str]:
    spoken = [
        line.rpartition("::")[2].strip() for line in about.get_all("Classifier", []) if line.startswith("License")
    ]
    if expression := about.get("License-Expression"):
        return set(re.split(r"\s+(?:AND|OR)\s+", expression.strip("()")))
    named = spoken or [about.get("License") or "none named"]
    return {_SPOKEN.get(one, one) for one in named}


def test_every_library_that_runs_with_us_may_be_used_by_everybody() -> None:
    """No GPL, no LGPL, nothing without a licence: also of what our libraries need themselves."""
    needed = _needed()
    assert {"scrapy", "twisted", "pillow", "certifi", "lxml"} <= set(needed)
    found = {name: _licences(about) for name, about in needed.items()}
    assert {name: licences - ALLOWED for name, licences in found.items() if licences - ALLOWED} == {}


def _pins() -> dict[str, list[Version]]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    found: dict[str, list[Version]] = {}
    for line in lines:
        if pin := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line):
            found.setdefault(canonicalize_name(pin[1]), []).append(Version(pin[2]))
    return found


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_has_what_is_wanted(name: str) -> None:
    """`make lock` is run when a requirement changes: each is pinned within its bounds."""
    pins = _pins()
    outside = [
        wanted.name
        for wanted in _wanted(name)
        if not any(wanted.specifier.contains(pin) for pin in pins.get(canonicalize_name(wanted.name), ()))
    ]
    assert outside == []


def test_every_pin_of_the_lock_has_its_hashes() -> None:
    """A file that was exchanged on its way is not installed."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
    assert len(blocks) > 50
    assert [
        block
        for block in blocks
        if not re.fullmatch(r"\S+==[^\n]+\\\n(\s+--hash=sha256:[0-9a-f]{64}( \\\n|$))+", block)
    ] == []


def test_ci_installs_the_lock_and_audits_it() -> None:
    """With hashes, and both on every run."""
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()[-2:] == ["make LOCKED=1 test", "make audit"]
    assert "--require-hashes -r requirements.lock" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_an_audit_that_could_not_be_made_says_so() -> None:
    """pip-audit itself ends with 0 where it knew none of the packages."""
    skipped = {"name": "a", "skip_reason": "Dependency not found on PyPI and could not be audited: a (1)"}
    hole = {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    sound = {"name": "c", "version": "1", "vulns": []}
    told = [
        reading(json.dumps({"dependencies": packages})) for packages in ([skipped], [sound, skipped], [hole], [sound])
    ]
    assert [str(audit) for audit in told] == [
        "NOT AUDITED: no source of advisories could be reached for any of 1 packages.",
        "1 packages: no known holes. NOT AUDITED: 1 others.",
        "1 packages: 1 known holes:\n  b 1: PYSEC-1, mended in 2",
        "1 packages: no known holes.",
    ]
    assert [audit.exit_code for audit in told if audit] == [0, 0, 1, 0]
    assert reading("Traceback") is None
