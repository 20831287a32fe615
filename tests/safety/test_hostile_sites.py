"""Sites that answer with what harms its reader: the listing is incomplete, the run ends, memory is bounded."""

from pathlib import Path

import pytest

from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite
from tests.memory_watch import MemoryWatch

STOP = ("-s", "HARVESTER_ON_BLOCK=stop", "-s", "RETRY_TIMES=0", "-s", "DOWNLOAD_TIMEOUT=60")
SMALL = ("-s", f"DOWNLOAD_MAXSIZE={24 * 2**20}")
WALKS = [
    *(
        ("civitai", how)
        for how in ("deep", "nested", "digits", "types", "noutf8", "html", "values", "endless", "pages")
    ),
    *(("mastodon", how) for how in ("nested", "types", "html", "values", "endless", "posts")),
    *(("imagefap", how) for how in ("cells", "html", "nul", "endless")),
]


@pytest.mark.parametrize(("spider", "how"), WALKS)
def test_a_hostile_site_breaks_only_its_own_listing(
    farsite: Farsite, commands: Commands, spider: str, how: str
) -> None:
    """No listing is called complete, nothing is logged with a traceback, and the run ends."""
    base = farsite.url(f"/hostile/{how}")
    commands.environment |= {"CIVITAI_BASE_URL": farsite.url(""), "IMAGEFAP_BASE_URL": base}
    arguments = {
        "civitai": ["username=hostile_" + how, "min_count=-1"],
        "mastodon": ["acct=eve", f"instance={base}"],
        "imagefap": ["user_id=7"],
    }[spider]
    run = commands.start("crawl", spider, *STOP, *SMALL, *(word for text in arguments for word in ("-a", text)))
    with MemoryWatch(run.pid) as watch:
        _, stderr = run.communicate(timeout=240)
    assert run.returncode in (0, 1), stderr
    assert "Traceback" not in stderr, stderr
    listings = dataset.rows(commands.data, "SELECT state, detail FROM listings")
    ended = [state for state, _ in listings if state == "ended"]
    assert not ended, listings
    assert "blocks this crawl" in stderr or [why for _, why in listings if why], stderr
    assert watch.process_peak < 500
    assert not Path(commands.data, "core").exists()
