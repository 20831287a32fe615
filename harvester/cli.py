"""Base class and helpers of the commands: checks of arguments, errors as one sentence, tables, progress.

Every `scrapy …` imports this module, so at its top it imports only what is loaded anyway or is small.
"""

import argparse
import shlex
import sys
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TextIO

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from harvester.errors import HarvesterError, UsageProblem

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from scrapy.settings import Settings
    from sqlalchemy import Engine

    from harvester.catalogue.selection import Selection
    from harvester.imaging.types import ConversionOptions
    from harvester.storage.paths import DataPaths

INTERRUPTED = 130
"""The exit code after Ctrl-C, as shells have it."""

ANY_NUMBER = sys.maxsize
"""`max_args` of a command that takes any number of arguments."""

RULES = {
    "site": "of this site",
    "collection": "whose output files are in this folder",
    "author": "of this author",
    "album": "of an album: USER/ALBUM, by names or numbers",
    "source_tag": "that have this tag at the source",
    "tag": "that have this tag in the collection",
    "status": "that are pending, done, failed or skipped",
}
"""Rule for images -> its meaning; an image must match all rules that are given."""


class HarvesterCommand(ScrapyCommand):
    """A command of this project: a subclass says what it takes, and does its work in `execute`.

    `args` are the words that are not options. Empty ones, and those that begin with `--`, are refused.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings: ClassVar[dict[str, Any]] = {"LOG_ENABLED": False}

    usage: ClassVar[str]  # what follows the name of the command
    description: ClassVar[str]  # one line, for the list of commands and for --help
    min_args: ClassVar[int] = 0
    max_args: ClassVar[int] = 0

    @abstractmethod
    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Do the work and return the exit code. Raises HarvesterError, and `misuse` for a wrong command line."""

    def expected(self, args: list[str]) -> str:
        """What the message about a wrong command line says was expected."""
        return self.usage

    def misuse(self, args: list[str], problem: str = "") -> UsageError:
        """The exception for a wrong command line: exit code 2."""
        return UsageError(f"{problem}expected {self.expected(args)}", print_help=False)

    def syntax(self) -> str:
        """Called by Scrapy."""
        return self.usage

    def short_desc(self) -> str:
        """Called by Scrapy."""
        return self.description

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Called by Scrapy. Print an error to stderr and take its exit code. Files are private to the user."""
        from harvester.storage.paths import set_private_umask

        unknown = [arg for arg in args if not arg or arg.startswith("--")] or args[self.max_args :]
        if unknown:
            raise self.misuse(args, f"unknown: {shlex.join(unknown)}; ")
        if len(args) < self.min_args:
            raise self.misuse(args)
        set_private_umask()
        try:
            self.exitcode = self.execute(args, opts)
        except HarvesterError as error:
            print_error(str(error))
            self.exitcode = error.exitcode
        except KeyboardInterrupt:
            print_message("Stopped.")
            self.exitcode = INTERRUPTED
        except BrokenPipeError:  # the reader of the output, such as `head`, has closed it
            sys.stderr.close()
            self.exitcode = 1

    @property
    def project_settings(self) -> "Settings":
        """The settings, which Scrapy sets before `run`."""
        assert self.settings is not None
        return self.settings

    @contextmanager
    def collection(self, *, locked: bool = False) -> "Iterator[tuple[DataPaths, Engine]]":
        """Open the data directory and the catalogue; if `locked`, no other process may use the data directory.

        Raises UsageProblem if nothing has been harvested yet, LockedByOther and CatalogueError.
        """
        from harvester.catalogue.db_errors import translate_db_errors
        from harvester.catalogue.store import open_existing
        from harvester.memory import reduce_gc
        from harvester.storage.locks import lock_data_dir
        from harvester.storage.paths import DataPaths

        paths = DataPaths.from_settings(self.project_settings)
        name = f"scrapy {type(self).__module__.rpartition('.')[2]}"
        lock = lock_data_dir(paths, name) if locked and paths.root.is_dir() else None
        try:
            catalogue = open_existing(paths.catalogue)
            if catalogue is None:
                raise UsageProblem(f"There is no catalogue in {paths.root}: nothing has been harvested there yet.")
            reduce_gc()  # hundreds of thousands of rows are not garbage
            try:
                with translate_db_errors(catalogue):
                    yield paths, catalogue
            finally:
                catalogue.dispose()
        finally:
            if lock is not None:
                lock.release()

    def stored_image_options(self) -> "ConversionOptions":
        """The options for reading stored pictures; their limit of pixels holds for this process from now on."""
        from harvester.imaging.decode import set_pixel_limit
        from harvester.imaging.settings import blob_import_options

        options = blob_import_options(self.project_settings)
        set_pixel_limit(options.limits.max_pixels)
        return options


def add_rules(parser: argparse.ArgumentParser, subject: str, rules: Iterable[str] = RULES) -> None:
    """Add an option for each rule; `subject` is what the rules choose."""
    for name in rules:
        parser.add_argument(f"--{name.replace('_', '-')}", help=f"{subject} {RULES[name]}")


def read_rules(opts: argparse.Namespace) -> "Selection":
    """The rules that were given."""
    from harvester.catalogue.selection import Selection

    return Selection(**{name: getattr(opts, name, None) for name in RULES})


def print_error(text: str) -> None:
    """Print one sentence to stderr as an error."""
    print_message(f"Error: {text}")


def print_message(text: str) -> None:
    """Print one sentence to stderr."""
    from harvester.text import escape_control_chars, redact

    print(escape_control_chars(redact(text)), file=sys.stderr)


def print_messages(texts: list[str], most: int) -> None:
    """Print sentences to stderr, at most so many, and the number of the others."""
    for text in texts[:most]:
        print_message(text)
    if len(texts) > most:
        print_message(f"… and {len(texts) - most:,} more.")


def table_console(file: TextIO | None = None, width: int | None = None) -> "Console":
    """A console for tables, which does not interpret `[red]` or `:smile:` in texts. `file` None: stdout."""
    from rich.console import Console  # takes 0.04 s, which commands without tables save

    return Console(file=file, width=width, markup=False, emoji=False)


def progress_bar() -> "Progress":
    """A progress bar on stderr, shown only if that is a terminal; what is printed meanwhile appears above it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # otherwise the bar would take the output to its terminal
        disable=not sys.stderr.isatty(),
    )
