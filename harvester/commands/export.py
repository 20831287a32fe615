"""`scrapy export`: the collection as the next tool wants it."""

import argparse
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

if TYPE_CHECKING:
    from harvester.export.sets.outcome import Tally


class Command(ScrapyCommand):
    """Writes what is new or changed since the last export there; exit code 1 when something could not be exported."""

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    def syntax(self) -> str:
        """How it is called."""
        return "FORMAT --to DIR [options]"

    def short_desc(self) -> str:
        """One line for `scrapy`."""
        return "Export pictures and what is known of them for another tool; docs/export.md"

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Where to, which images, and in which form."""
        super().add_options(parser)
        add = parser.add_argument
        add("--to", metavar="DIR", help="folder of the export, made where it is missing")
        add("--site", help="images of this site only")
        add("--tag", help="pictures with this tag only")
        add("--album", metavar="USER/ALBUM", help="images of this album only")
        add("--where", metavar="RULE=VALUE", action="append", default=[], help="author=, source_tag=, collection=, …")
        add("--dedupe", metavar="HOW", help="keep: each picture once, no verdict skip; best: of look-alikes one; all")
        add("--image", metavar="FORM", help="original, rgb or jpeg")
        add("--resize", metavar="PIXELS", help="longest side at most so long; never enlarged")
        add("--number", action="store_true", help="files, tags: 00001- and so on before names, in the order of albums")
        add("--dry-run", action="store_true", help="only say what would be done")

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Exit code 2 for bad input and while another export into the same folder runs."""
        from harvester.console import exit_code
        from harvester.export.sets.wish import FORMATS

        if len(args) != 1 or args[0].startswith("--"):
            raise UsageError(f"expected one format: {', '.join(FORMATS)}", print_help=False)
        if not opts.to:
            raise UsageError("expected --to DIR, the folder of the export", print_help=False)
        self.exitcode = exit_code(lambda: self._export(args[0], opts))

    def _export(self, format: str, opts: argparse.Namespace) -> int:
        from harvester.blobs import BlobStore
        from harvester.catalogue import queries
        from harvester.console import collection
        from harvester.export.sets.destination import destination
        from harvester.export.sets.exporting import Export
        from harvester.export.sets.selecting import selected, selection
        from harvester.export.sets.wish import Wish, whole_number
        from harvester.imaging.decode import set_pixel_limit
        from harvester.options import adoption_options, picture_options

        assert self.settings is not None
        longest = whole_number("--resize", opts.resize)
        wish = Wish(format, opts.dedupe, opts.image, longest, number=opts.number, dry=opts.dry_run).checked()
        limits = adoption_options(self.settings).limits  # what is kept already is not judged again
        set_pixel_limit(limits.max_pixels)
        options = replace(picture_options(self.settings, wish.image), thumbs={}, limits=limits)
        wanted = selection({"site": opts.site, "tag": opts.tag, "album": opts.album}, opts.where)
        with collection(self.settings) as (places, catalogue):
            with catalogue.connect() as connection:
                folder = destination(opts.to, places, list(queries.all_collections(connection).values()))
                chosen = selected(connection, places, wish, wanted)
            export = Export(wish, folder, chosen.tag, chosen.fitting, BlobStore(places.blobs), options)
            return _told(_with_bar(lambda step: export.run(catalogue, step)), dry=wish.dry)


def _with_bar(work: Any) -> "Tally":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    to_terminal = sys.stderr.isatty()
    bar = Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, disable=not to_terminal
    )
    with bar as progress:
        task = progress.add_task("images", total=None)
        tally: Tally = work(lambda done, total: progress.update(task, completed=done, total=total))
    return tally


def _told(tally: "Tally", *, dry: bool) -> int:
    print(*tally.lines(dry=dry), sep="\n")  # noqa: T201
    complaints = tally.complaints()
    for complaint in complaints:
        print(complaint, file=sys.stderr)  # noqa: T201
    return int(bool(complaints))
