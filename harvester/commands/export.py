"""`scrapy export`: write the collection in the format of another tool."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from harvester.cli import HarvesterCommand, print_message, progress_bar

if TYPE_CHECKING:
    from harvester.export.result import ExportTotals


class Command(HarvesterCommand):
    """Writes what is new or changed since the last export; exit code 1 if something could not be exported."""

    usage = "FORMAT --to DIR [options]"
    description = "Export images and their metadata for another tool; see docs/export.md"
    min_args = max_args = 1

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options for the folder, the selection of images, and the output format."""
        super().add_options(parser)
        add = parser.add_argument
        add("--to", metavar="DIR", help="folder of the export; created if it is missing")
        add("--site", help="only images of this site")
        add("--tag", help="only images with this tag")
        add("--album", metavar="USER/ALBUM", help="only images of this album")
        add(
            "--where",
            metavar="RULE=VALUE",
            action="append",
            default=[],
            help="only images that match: author=, source_tag=, collection=, …",
        )
        add(
            "--dedupe",
            metavar="HOW",
            help="keep: each image once, without those you skipped; best: also only one of each undecided group; all",
        )
        add("--image", metavar="FORM", help="original, rgb or jpeg")
        add("--resize", metavar="PIXELS", help="longest side of exported images; never enlarged")
        add("--number", action="store_true", help="files, tags: prefix names with 00001- and so on, in album order")
        add("--dry-run", action="store_true", help="only print what would be done")

    def expected(self, args: list[str]) -> str:
        """Name the formats."""
        from harvester.export.options import FORMATS

        return f"one format: {', '.join(FORMATS)}"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Refuse to run while another export into the same folder runs."""
        from harvester.catalogue import queries
        from harvester.export.export import Export
        from harvester.export.options import ExportOptions, check_export_folder, parse_pixels
        from harvester.export.selection import parse_selection, resolve_selection
        from harvester.imaging.settings import picture_options
        from harvester.storage.blobs import BlobStore

        if not opts.to:
            raise UsageError("expected --to DIR, the folder of the export", print_help=False)
        max_side = parse_pixels("--resize", opts.resize)
        export_options = ExportOptions(
            args[0], opts.dedupe, opts.image, max_side, number=opts.number, dry=opts.dry_run
        ).with_defaults()
        limits = self.stored_image_options().limits  # stored pictures are not checked against the limits again
        options = replace(picture_options(self.project_settings, export_options.image), thumbs={}, limits=limits)
        rules = parse_selection({"site": opts.site, "tag": opts.tag, "album": opts.album}, opts.where)
        with self.collection() as (paths, catalogue):
            with catalogue.connect() as connection:
                folder = check_export_folder(opts.to, paths, list(queries.all_collections(connection).values()))
                resolved = resolve_selection(connection, paths, export_options, rules)
            export = Export(export_options, folder, resolved.tag, resolved.conditions, BlobStore(paths.blobs), options)
            with progress_bar() as bar:
                task = bar.add_task("images", total=None)
                totals = export.run(catalogue, lambda done, total: bar.update(task, completed=done, total=total))
        return _print_totals(totals, dry=opts.dry_run)


def _print_totals(totals: "ExportTotals", *, dry: bool) -> int:
    print(*totals.lines(dry=dry), sep="\n")
    complaints = totals.complaints()
    for complaint in complaints:
        print_message(complaint)
    return int(bool(complaints))
