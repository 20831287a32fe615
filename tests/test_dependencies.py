"""What others wrote and we run: pinned by hash, under licences that let everybody use it, looked at for known holes."""

import json
import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.audit import parse_report

ROOT = Path(__file__).parent.parent

ALLOWED = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0",
           "PSF-2.0", "ZPL-2.1", "Zlib"}  # fmt: skip
"""SPDX names. MPL-2.0 is certifi's, a list of certificates that is used as it comes; MIT-CMU is Pillow's."""

_LICENCE_NAMES = {
    "2-clause BSD License": "BSD-2-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Names that packages use in place of SPDX's."""


def _read_requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith(("#", "-r"))]


def _installed_dependencies() -> dict[str, metadata.PackageMetadata]:
    """Every package that runs with harvester, whoever needs it."""
    packages: dict[str, metadata.PackageMetadata] = {}
    queue = _read_requirements("requirements.txt")
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        if name in packages:
            continue
        packages[name] = metadata.metadata(name)
        for line in metadata.requires(name) or ():
            dependency = Requirement(line)
            if dependency.marker is None or any(
                dependency.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            ):
                queue.append(dependency)
    return packages


def _licences(about: metadata.PackageMetadata) -> set[str]:
    classifiers = [
        line.rpartition("::")[2].strip() for line in about.get_all("Classifier", []) if line.startswith("License")
    ]
    if expression := about.get("License-Expression"):
        return set(re.split(r"\s+(?:AND|OR)\s+", expression.strip("()")))
    licences = classifiers or [about.get("License") or "none named"]
    return {_LICENCE_NAMES.get(licence, licence) for licence in licences}


def test_every_dependency_has_an_allowed_licence() -> None:
    """No GPL, no LGPL, nothing without a licence: also of what our libraries need themselves."""
    packages = _installed_dependencies()
    assert {"scrapy", "twisted", "pillow", "certifi", "lxml"} <= set(packages)
    licences_by_name = {name: _licences(about) for name, about in packages.items()}
    assert {name: licences - ALLOWED for name, licences in licences_by_name.items() if licences - ALLOWED} == {}


def _pins() -> dict[str, list[Version]]:
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins: dict[str, list[Version]] = {}
    for line in lines:
        if pin := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line):
            pins.setdefault(canonicalize_name(pin[1]), []).append(Version(pin[2]))
    return pins


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_the_lock_satisfies_the_requirements(name: str) -> None:
    """`make lock` is run when a requirement changes: each is pinned within its bounds."""
    pins = _pins()
    outside = [
        requirement.name
        for requirement in _read_requirements(name)
        if not any(requirement.specifier.contains(pin) for pin in pins.get(canonicalize_name(requirement.name), ()))
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
    vulnerable = {"name": "b", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
    sound = {"name": "c", "version": "1", "vulns": []}
    audits = [
        parse_report(json.dumps({"dependencies": packages}))
        for packages in ([skipped], [sound, skipped], [vulnerable], [sound])
    ]
    assert [str(audit) for audit in audits] == [
        "NOT AUDITED: no source of advisories could be reached for any of 1 packages.",
        "1 packages: no known holes. NOT AUDITED: 1 others.",
        "1 packages: 1 known holes:\n  b 1: PYSEC-1, mended in 2",
        "1 packages: no known holes.",
    ]
    assert [audit.exit_code for audit in audits if audit] == [0, 0, 1, 0]
    assert parse_report("Traceback") is None
