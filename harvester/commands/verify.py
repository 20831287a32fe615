"""`scrapy verify`: compare the files on disk with the catalogue, and repair differences."""

import argparse
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine

    from harvester.maintenance.findings import Finding
    from harvester.storage.paths import DataPaths


class Command(ScrapyCommand):
    """Prints one line per finding; exit code 0 if all files are sound or repaired, 1 otherwise."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "[--repair] [--delete]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Hash every blob again and compare disk and catalogue; repair what can be repaired"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the two options of the command."""
        super().add_options(parser)
        parser.add_argument(
            "--repair",
            action="store_true",
            help="make images pending or record them again where something is wrong; removes nothing",
        )
        parser.add_argument("--delete", action="store_true", help="repair, and remove useless files")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input, and while another process uses the collection."""
        from harvester.cli import run_command

        if args:
            raise UsageError(f"unknown: {' '.join(args)}", print_help=False)
        self.exitcode = run_command(lambda: self._verify(repair=opts.repair or opts.delete, delete=opts.delete))

    def _verify(self, *, repair: bool, delete: bool) -> int:
        from harvester.cli import open_collection

        assert self.settings is not None
        with open_collection(self.settings, "scrapy verify" if repair else "") as (places, catalogue):
            return self._compare(places, catalogue, repair=repair, delete=delete)

    def _compare(self, places: "DataPaths", catalogue: "Engine", *, repair: bool, delete: bool) -> int:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        from harvester.maintenance.verify import check_store, count_cores, count_files

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        to_terminal = sys.stdout.isatty()  # otherwise the bar must not redirect the output to its terminal
        bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=to_terminal)
        with bar as progress:
            task = progress.add_task("files", total=count_files(catalogue))
            problems = check_store(places, catalogue, lambda number: progress.advance(task, number), count_cores())
            bad, harmless, repaired = self._report_findings(problems, places, catalogue, repair=repair, delete=delete)
            files = int(progress.tasks[0].completed)
        print(_format_summary(files, bad, harmless, repaired, repair=repair))  # noqa: T201
        return int(bad.total() > repaired.total())

    def _report_findings(
        self, problems: "Iterable[Finding]", places: "DataPaths", catalogue: "Engine", *, repair: bool, delete: bool
    ) -> tuple[Counter[str], Counter[str], Counter[str]]:
        """The number of findings of each kind: bad ones, harmless ones, and bad ones that were repaired."""
        from harvester.imaging.decode import set_pixel_limit
        from harvester.imaging.settings import blob_import_options
        from harvester.maintenance.repair import Repair
        from harvester.text import escape_control_chars

        assert self.settings is not None
        options = blob_import_options(self.settings)
        set_pixel_limit(options.limits.max_pixels)
        repairer = Repair(places, catalogue, options, delete=delete)
        bad, harmless, repaired = Counter[str](), Counter[str](), Counter[str]()
        for finding in problems:
            action = repairer.repair(finding) if repair else ""
            (harmless if finding.is_harmless else bad)[finding.kind] += not (finding.is_harmless and action)
            repaired[finding.kind] += bool(action) and not finding.is_harmless
            fields = filter(None, (finding.kind, finding.subject, finding.detail, action))
            print("\t".join(escape_control_chars(text) for text in fields), flush=True)  # noqa: T201
        return bad, harmless, repaired


def _format_summary(
    files: int, bad: Counter[str], harmless: Counter[str], repaired: Counter[str], *, repair: bool
) -> str:
    from harvester.text import count_noun

    sentences = [f"{count_noun(files, 'file')}: {_format_counts(bad) if bad else 'sound'}."]
    if bad.total() > repaired.total():
        remaining = _format_counts(bad - repaired)
        sentences.append(f"Not repaired: {remaining}." if repair else "scrapy verify --repair repairs what it can.")
    if repaired:
        sentences.append("Repaired: the same crawl as before fetches or makes what is pending again.")
    if +harmless:
        sentences.append(f"Useless, but harmless: {_format_counts(harmless)}; --delete removes them.")
    return " ".join(sentences)


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number)
