"""`scrapy verify`: is everything on disk that the catalogue says, and nothing else?"""

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from harvester.places import Places
    from harvester.upkeep.findings import Finding


class Command(ScrapyCommand):
    """Prints one line per finding; exit code 0 when the store is sound, or has been made so, 1 when it is not."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "[--repair] [--delete]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Hash every blob again and compare disk and catalogue; mend what can be mended"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Two options besides Scrapy's own."""
        super().add_options(parser)
        parser.add_argument("--repair", action="store_true", help="owe or record again what is wrong; removes nothing")
        parser.add_argument("--delete", action="store_true", help="repair, and remove the files that are of no use")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input and while another process is at work."""
        from harvester.console import exit_code

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = exit_code(lambda: self._verify(repair=opts.repair or opts.delete, delete=opts.delete))

    def _verify(self, *, repair: bool, delete: bool) -> int:
        from harvester.console import collection

        assert self.settings is not None
        with collection(self.settings, "scrapy verify" if repair else "") as (places, catalogue):
            return self._compare(places, catalogue, repair=repair, delete=delete)

    def _compare(self, places: "Places", catalogue: "Engine", *, repair: bool, delete: bool) -> int:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from harvester.upkeep.verify import cores, findings, workload

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        to_terminal = sys.stdout.isatty()  # otherwise what is printed must not be caught for the bar's terminal
        bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=to_terminal)
        with bar as progress:
            task = progress.add_task("files", total=workload(catalogue))
            found = findings(places, catalogue, lambda number: progress.advance(task, number), cores())
            bad, spare, mended = self._tell(found, places, catalogue, repair=repair, delete=delete)
            files = int(progress.tasks[0].completed)
        print(_summary(files, bad, spare, mended, repair=repair))  # noqa: T201
        return int(bad.total() > mended.total())

    def _tell(
        self, found: "Iterable[Finding]", places: "Places", catalogue: "Engine", *, repair: bool, delete: bool
    ) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """How many findings of each kind are bad, spare, and bad but mended."""
        from harvester.imaging.decode import set_pixel_limit
        from harvester.options import adoption_options
        from harvester.text import printable
        from harvester.upkeep.repair import Repair

        assert self.settings is not None
        options = adoption_options(self.settings)
        set_pixel_limit(options.limits.max_pixels)
        repairing = Repair(places, catalogue, options, delete=delete)
        bad, spare, mended = Counter[str](), Counter[str](), Counter[str]()
        for finding in found:
            done = repairing.mend(finding) if repair else ""
            (spare if finding.sound else bad)[finding.kind] += not (finding.sound and done)
            mended[finding.kind] += bool(done) and not finding.sound
            told = filter(None, (finding.kind, finding.what, finding.detail, done))
            print("\t".join(printable(text) for text in told), flush=True)  # noqa: T201
        return bad, spare, mended


def _summary(files: int, bad: Counter[str], spare: Counter[str], mended: Counter[str], *, repair: bool) -> str:
    told = [f"{files:,} files: sound." if not bad else f"{files:,} files: {_listed(bad)}."]
    if bad.total() > mended.total():
        left = _listed(bad - mended)
        told.append(f"Not mended: {left}." if repair else "scrapy verify --repair mends what it can.")
    if mended:
        told.append("Mended: the same crawl as before makes what is owed again.")
    if +spare:
        told.append(f"Of no use, but harmless: {_listed(spare)}; --delete removes them.")
    return " ".join(told)


def _listed(found: Counter[str]) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in found.items() if number)
