"""`make fuzz`: coverage-guided fuzzing of every parser, for a bounded time each.

    python -m tests.fuzz [--seconds 60] [NAME …]

Atheris is of PyPI and Apache-2.0; it is installed by `make fuzz` only. A find is written to `fuzz-finds/` and becomes a
test in tests/parsing/test_fuzz.py.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

FINDS = Path("fuzz-finds")


def main() -> int:
    """One process for each parser, because a fuzzer ends its process."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the parsers.")
    parser.add_argument("--seconds", type=int, default=60, help="for each parser")
    parser.add_argument("names", nargs="*", help="parsers; all by default")
    options = parser.parse_args()
    from tests.parsing.parsers import PARSERS, samples

    broken = []
    for name in options.names or PARSERS:
        with tempfile.TemporaryDirectory() as seeds:
            for number, body in enumerate(samples(name)):
                Path(seeds, str(number)).write_bytes(body)
            FINDS.mkdir(exist_ok=True)
            bounds = [
                f"-max_total_time={options.seconds}",
                "-max_len=20000",
                "-timeout=15",
                "-rss_limit_mb=2048",
            ]
            command = [
                sys.executable,
                "-m",
                "tests.fuzz",
                "--",
                name,
                seeds,
                *bounds,
                f"-artifact_prefix={FINDS}/{name}-",
            ]
            if subprocess.run(command, check=False).returncode:
                broken.append(name)
    print(f"Broken: {', '.join(broken)}; see {FINDS}/" if broken else "Nothing found.")
    return int(bool(broken))


def _fuzz(name: str, arguments: list[str]) -> None:
    import atheris

    with atheris.instrument_imports(include=["harvester"]):
        from tests.parsing.parsers import EXPECTED, PARSERS

    def run_input(body: bytes) -> None:
        try:
            PARSERS[name](body)
        except EXPECTED:
            return

    atheris.Setup([sys.argv[0], *arguments], run_input)
    atheris.Fuzz()


if __name__ == "__main__":
    if "--" in sys.argv:
        _fuzz(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
