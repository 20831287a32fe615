"""`make audit`: are there known holes in what requirements.lock names? Silence is never taken for a yes or a no.

pip-audit calls a package that its source of advisories does not know "not found" and ends as if all were well, so what
could not be looked up is counted here.
"""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COMMAND = (".venv-supply/bin/pip-audit", "-r", "requirements.lock", "--require-hashes", "--disable-pip",
           "--progress-spinner=off", "--format=json", "--vulnerability-service")  # fmt: skip
SERVICES = ("pypi", "osv")
"""Services with advisories, by pip-audit's names; the first that answers counts."""


@dataclass(frozen=True)
class Audit:
    """What a service said: how many packages it knew, and of how many it was asked; the holes, one line each."""

    audited: int
    total: int
    vulnerabilities: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """1 where there are holes."""
        return int(bool(self.vulnerabilities))

    def __str__(self) -> str:
        if not self.audited:
            return f"NOT AUDITED: no source of advisories could be reached for any of {self.total} packages."
        unknown = f" NOT AUDITED: {self.total - self.audited} others." if self.audited < self.total else ""
        text = (
            "\n".join((f"{len(self.vulnerabilities)} known holes:", *self.vulnerabilities))
            if self.vulnerabilities
            else "no known holes."
        )
        return f"{self.audited} packages: {text}{unknown}"


def parse_report(output: str) -> Audit | None:
    """What pip-audit printed; None where it is no report."""
    try:
        packages: list[dict[str, Any]] = json.loads(output)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    vulnerabilities = tuple(
        f"  {package['name']} {package['version']}: {vulnerability['id']}, "
        f"mended in {', '.join(vulnerability['fix_versions']) or 'none'}"
        for package in packages
        for vulnerability in package.get("vulns", ())
    )
    return Audit(sum("skip_reason" not in package for package in packages), len(packages), vulnerabilities)


def main() -> int:
    """Exit code 1 for holes; 0 for none, and where nobody could be asked, which is said."""
    lines = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    audit = Audit(0, sum("==" in line for line in lines), ())
    for source in SERVICES:
        result = subprocess.run([*COMMAND, source], cwd=ROOT, capture_output=True, text=True, check=False)
        report = parse_report(result.stdout)
        if report is not None and report.audited:
            audit = report
            break
        reason = (
            "it knows none of the packages" if report else (result.stderr.strip() or "no answer").splitlines()[-1][:300]
        )
        print(f"{source} could not be asked: {reason}", file=sys.stderr)
    print(audit)
    return audit.exit_code


if __name__ == "__main__":
    sys.exit(main())
