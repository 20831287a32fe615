"""`scrapy export`: write the collection in the format of another tool."""

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from harvester.export.result import ExportTotals


class Command(ScrapyCommand):
    """Writes what is new or changed since the last export; exit code 1 if something could not be exported."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """The arguments of the command, for its help."""
        return "FORMAT --to DIR [options]"

    def short_desc(self) -> str:
        """The line in the list of commands."""
        return "Export pictures and their metadata for another tool; docs/export.md"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options for the folder, the selection of images, and the output format."""
        super().add_options(parser)
        add = parser.add_argument
        add("--to", metavar="DIR", help="folder of the export; made if it is missing")
        add("--site", help="images of this site only")
        add("--tag", help="pictures with this tag only")
        add("--album", metavar="USER/ALBUM", help="images of this album only")
        add("--where", metavar="RULE=VALUE", action="append", default=[], help="author=, source_tag=, collection=, …")
        add(
            "--dedupe",
            metavar="HOW",
            help="keep: each picture once, no verdict skip; best: one per group of near-duplicates; all",
        )
        add("--image", metavar="FORM", help="original, rgb or jpeg")
        add("--resize", metavar="PIXELS", help="longest side of exported pictures; never enlarged")
        add("--number", action="store_true", help="files, tags: prefix names with 00001- and so on, in album order")
        add("--dry-run", action="store_true", help="only print what would be done")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the command; exit code 2 for bad input, and while another export into the same folder runs."""
        from harvester.cli import run_command
        from harvester.export.options import FORMATS

        if len(args) != 1 or args[0].startswith("--"):
            raise UsageError(f"expected one format: {', '.join(FORMATS)}", print_help=False)
        if not opts.to:
            raise UsageError("expected --to DIR, the folder of the export", print_help=False)
        self.exitcode = run_command(lambda: self._export(args[0], opts))

    def _export(self, format: str, opts: argparse.Namespace) -> int:
        from harvester.catalogue import queries
        from harvester.cli import open_collection
        from harvester.export.export import Export
        from harvester.export.options import ExportOptions, check_export_folder, parse_pixels
        from harvester.export.selection import parse_selection, resolve_selection
        from harvester.imaging.decode import set_pixel_limit
        from harvester.imaging.settings import blob_import_options, picture_options
        from harvester.storage.blobs import BlobStore

        assert self.settings is not None
        max_side = parse_pixels("--resize", opts.resize)
        export_options = ExportOptions(
            format, opts.dedupe, opts.image, max_side, number=opts.number, dry=opts.dry_run
        ).with_defaults()
        limits = blob_import_options(self.settings).limits  # stored pictures are not checked against the limits again
        set_pixel_limit(limits.max_pixels)
        options = replace(picture_options(self.settings, export_options.image), thumbs={}, limits=limits)
        rules = parse_selection({"site": opts.site, "tag": opts.tag, "album": opts.album}, opts.where)
        with open_collection(self.settings) as (places, catalogue):
            with catalogue.connect() as connection:
                folder = check_export_folder(opts.to, places, list(queries.all_collections(connection).values()))
                resolved = resolve_selection(connection, places, export_options, rules)
            export = Export(export_options, folder, resolved.tag, resolved.conditions, BlobStore(places.blobs), options)
            return _print_totals(_run_with_progress(lambda step: export.run(catalogue, step)), dry=export_options.dry)


def _run_with_progress(work: Any) -> "ExportTotals":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    to_terminal = sys.stderr.isatty()
    bar = Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, disable=not to_terminal
    )
    with bar as progress:
        task = progress.add_task("images", total=None)
        totals: ExportTotals = work(lambda done, total: progress.update(task, completed=done, total=total))
    return totals


def _print_totals(totals: "ExportTotals", *, dry: bool) -> int:
    print(*totals.lines(dry=dry), sep="\n")  # noqa: T201
    complaints = totals.complaints()
    for complaint in complaints:
        print(complaint, file=sys.stderr)  # noqa: T201
    return int(bool(complaints))
