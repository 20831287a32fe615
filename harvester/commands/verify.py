"""`scrapy verify`: compare the files on disk with the catalogue, and repair differences."""

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from harvester.cli import HarvesterCommand, progress_bar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from harvester.maintenance.findings import Finding
    from harvester.maintenance.repair import Repair


class Command(HarvesterCommand):
    """Prints one line per finding; exit code 0 if all files are sound or repaired, 1 otherwise."""

    usage = "[--repair] [--delete]"
    description = "Hash every blob again and compare disk and catalogue; repair what can be repaired"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the two options of the command."""
        super().add_options(parser)
        parser.add_argument(
            "--repair",
            action="store_true",
            help="repair what can be repaired; deletes nothing",
        )
        parser.add_argument("--delete", action="store_true", help="repair, and delete files that are not needed")

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Refuse to repair while another process uses the collection."""
        from harvester.maintenance.repair import Repair
        from harvester.maintenance.verify import check_store, count_cores, count_files

        repair = opts.repair or opts.delete
        options = self.stored_image_options()
        with self.collection(locked=repair) as (paths, catalogue), progress_bar() as bar:
            task = bar.add_task("files", total=count_files(catalogue))
            findings = check_store(paths, catalogue, lambda number: bar.advance(task, number), count_cores())
            repairer = Repair(paths, catalogue, options, delete=opts.delete) if repair else None
            bad, harmless, repaired = _report_findings(findings, repairer)
            files = int(bar.tasks[task].completed)
        print(_format_summary(files, bad, harmless, repaired, repair=repair))
        return int(bad.total() > repaired.total())


def _report_findings(
    findings: "Iterable[Finding]", repairer: "Repair | None"
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """The number of findings of each kind: bad ones, harmless ones, and bad ones that were repaired."""
    from harvester.text import escape_control_chars

    bad, harmless, repaired = Counter[str](), Counter[str](), Counter[str]()
    for finding in findings:
        action = repairer.repair(finding) if repairer else ""
        (harmless if finding.is_harmless else bad)[finding.kind] += not (finding.is_harmless and action)
        repaired[finding.kind] += bool(action) and not finding.is_harmless
        fields = filter(None, (finding.kind, finding.subject, finding.detail, action))
        print("\t".join(escape_control_chars(text) for text in fields), flush=True)
    return bad, harmless, repaired


def _format_summary(
    files: int, bad: Counter[str], harmless: Counter[str], repaired: Counter[str], *, repair: bool
) -> str:
    from harvester.text import count_noun

    sentences = [f"{count_noun(files, 'file')}: {_format_counts(bad) if bad else 'no damage'}."]
    if bad.total() > repaired.total():
        remaining = _format_counts(bad - repaired)
        sentences.append(f"Not repaired: {remaining}." if repair else "scrapy verify --repair repairs what it can.")
    if repaired:
        sentences.append("Repaired. Run the same crawl again to process the images that are pending again.")
    if +harmless:
        sentences.append(f"Not needed: {_format_counts(harmless)}; scrapy verify --delete removes them.")
    return " ".join(sentences)


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number)
