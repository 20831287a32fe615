"""HTTP statuses of pictures: which are an answer, which may pass, and which are a verdict for good."""

from pathlib import Path

import pytest

from harvester.reasons import REASONS, reason_for_http_status
from tests import dataset_files as dataset
from tests.conftest import Commands
from tests.farsite.process import Farsite


def test_a_picture_that_a_proxy_passed_on_is_taken(farsite: Farsite, commands: Commands, tmp_path: Path) -> None:
    """203 comes with the picture; 202 and 204 come without one, and the next run asks again."""
    urls = [farsite.url(path) for path in ("/status/203/body/jpeg-rgb.jpg", "/status/202", "/status/204")]
    commands.crawl(dataset.write(tmp_path, dataset.one_user(urls)))
    assert dataset.rows(commands.data, "SELECT status, reason, detail FROM images ORDER BY id") == [
        ("done", "", ""), ("failed", "http-temporary", "HTTP 202"), ("failed", "http-temporary", "HTTP 204")
    ]  # fmt: skip


@pytest.mark.parametrize("status", [100, 201, 202, 206, 226, 401, 429, 500, 599])
def test_a_status_that_promises_nothing_is_temporary(status: int) -> None:
    """A server that has not answered yet, or not with the whole file, has not said that the picture is gone."""
    assert REASONS[reason_for_http_status(status)].temporary


@pytest.mark.parametrize(("status", "reason"), [(302, "redirect"), (404, "http-gone"), (451, "http-gone")])
def test_a_status_that_will_not_pass_is_permanent(status: int, reason: str) -> None:
    """Missing, forbidden by law, or a redirect that leads nowhere."""
    assert reason_for_http_status(status) == reason
    assert not REASONS[reason].temporary
