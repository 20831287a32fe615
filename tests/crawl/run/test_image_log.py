"""image_download.log after runs that were killed: every line once, and whole."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from harvester.crawl.run.image_log import ImageLog
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.dataset_files import DataSet
from tests.farsite.process import Farsite

IMAGES = 30

_KILL_AFTER_A_COMMIT = """
import os, signal, sqlite3, sys
from scrapy.cmdline import execute
from harvester.crawl.run.session import CatalogueSession

catalogue, settled = sys.argv.pop(1), int(sys.argv.pop(1))
run_in_thread = CatalogueSession._run_in_thread

async def run_and_die(*args):
    result = await run_in_thread(*args)
    with sqlite3.connect(catalogue) as connection:
        (count,) = connection.execute("SELECT count(*) FROM images WHERE status <> 'pending'").fetchone()
    if count >= settled:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

CatalogueSession._run_in_thread = run_and_die
execute(["scrapy", *sys.argv[1:]])
"""


def _kill_after_a_commit(commands: Commands, files: DataSet, settled: int) -> None:
    """Crawl, and kill it when so many images are settled: just after the commit, before anything else is done."""
    arguments = commands.command("crawl", "mastodon", *files.arguments)[3:]
    command = [sys.executable, "-c", _KILL_AFTER_A_COMMIT, str(commands.data / "catalogue.db"), str(settled)]
    done = subprocess.run([*command, *arguments], **commands.options(), timeout=60, check=False)
    assert done.returncode == -9, done.stderr


def _files(farsite: Farsite, folder: Path) -> DataSet:
    paths = [f"/numbered/{number}.jpg" if number % 3 else f"/status/404?{number}" for number in range(IMAGES)]
    return dataset.write(folder, dataset.one_user([farsite.url(path) for path in paths]))


def _lines(commands: Commands) -> list[list[str]]:
    """The columns of each line without the summaries."""
    text = (commands.data / "image_download.log").read_text(encoding="utf-8")
    assert text.endswith("\n")
    columns = [line.split("\t") for line in text.splitlines()]
    return [line for line in columns if line[1] != "summary"]


def _outcomes(commands: Commands) -> list[tuple[str, str, str]]:
    query = "SELECT status, coalesce(file, name), key FROM images JOIN placements ON image_id = images.id"
    return dataset.rows(commands.data, query)  # type: ignore[return-value]


@pytest.mark.parametrize("kills", [(1,), (7, 20), (IMAGES,)])
def test_an_image_settled_just_before_a_kill_has_its_line(
    farsite: Farsite, commands: Commands, tmp_path: Path, kills: tuple[int, ...]
) -> None:
    """After the clean run every image has exactly one line, which says what the catalogue says."""
    files = _files(farsite, tmp_path)
    for settled in kills:
        _kill_after_a_commit(commands, files, settled)
    commands.crawl(files)
    lines = _lines(commands)
    assert Counter(line[3] for line in lines).most_common(1)[0][1] == 1
    assert sorted((line[1], line[2], line[3]) for line in lines) == sorted(_outcomes(commands))


BATCH = "10:00\tdone\ta\n10:00\tdone\tä\n10:01\tfailed\tc\n"


def _repaired(path: Path, text: bytes, offset: int) -> str:
    path.write_bytes(text)
    for _ in range(2):  # the second time as after a kill between the log and the catalogue
        log = ImageLog(path)
        log.repair([(BATCH, offset)])
        log.close()
    return path.read_text(encoding="utf-8")


def test_a_batch_that_was_cut_anywhere_is_completed(tmp_path: Path) -> None:
    """Whichever byte was the last one, no line is missing, doubled or cut."""
    batch, before = BATCH.encode(), b"09:00\tdone\tz\n"
    for written in range(len(batch) + 1):
        assert _repaired(tmp_path / "log", before + batch[:written], len(before)) == before.decode() + BATCH


def test_lines_of_another_crawl_in_the_same_log_are_not_mistaken(tmp_path: Path) -> None:
    """Collections with the default folders share a log, and the other crawl may have gone on for long."""
    first, *rest = BATCH.splitlines(keepends=True)
    text = _repaired(tmp_path / "log", f"{first}11:00\tdone\tx\n".encode(), 0)
    assert text == f"{first}11:00\tdone\tx\n{''.join(rest)}"


@pytest.mark.parametrize("text", [b"", b"12:00\tdone\tnew\n"])
def test_a_log_that_was_moved_away_is_begun_again(tmp_path: Path, text: bytes) -> None:
    """Deleted or rotated after the kill: only the last batch of the killed run is written, not what was before."""
    assert _repaired(tmp_path / "log", text, 1_000_000) == text.decode() + BATCH


def test_a_cut_line_that_nobody_knows_is_ended(tmp_path: Path) -> None:
    """After a power cut, say: the next line does not become its second half."""
    (tmp_path / "log").write_bytes(b"09:00\tdone\tz\n09:01\tdo")
    log = ImageLog(tmp_path / "log")
    log.repair([])
    log.append(BATCH)
    log.close()
    assert (tmp_path / "log").read_text(encoding="utf-8") == f"09:00\tdone\tz\n09:01\tdo\n{BATCH}"
