"""Pillow's own pictures, among them every reported bomb and crash: nothing falls over, and every file has its end."""

import pytest

from harvester.errors import Refused
from harvester.imaging.convert import process
from harvester.imaging.decode import open_picture
from harvester.imaging.header import read_header
from harvester.imaging.values import Limits, Options
from harvester.reasons import REASONS
from tests import corpus
from tests.farsite.corpus import names


def test_every_picture_of_pillows_is_stored_or_refused_with_a_reason(
    tmp_path: corpus.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the whole chain: no crash, no hang, no traceback, nothing left owed, memory bounded."""
    files = corpus.folder()
    figures = corpus.harvest(files, tmp_path / "data")
    with capsys.disabled():
        print(f"\n{figures}")
    assert figures.code == 0, figures.said
    assert "Traceback" not in figures.said, figures.said
    assert figures.files == len(names(files)) >= corpus.LEAST
    assert figures.undecided == 0
    assert figures.outcomes.keys() <= {"done", *REASONS} - {"crashed", "too-expensive", "connection", "timeout"}
    assert figures.outcomes["done"] > figures.files / 2
    assert figures.crawl < 400
    assert figures.worker < 800


def test_every_animation_of_pillows_has_a_moving_thumbnail_or_a_reason() -> None:
    """As they are made of pictures read from imagefap."""
    folder, moving = corpus.folder(), 0
    for name in names(folder):
        data = (folder / name).read_bytes()
        try:
            image = open_picture(data, Limits())
            if not read_header(image, data).animated:
                continue
            made = process(data, Options(format="original", preview=280)).preview
        except Refused as refused:
            assert refused.reason in REASONS
        else:
            assert made is not None
            moving += made.ext == "webp"
    assert moving > 30
