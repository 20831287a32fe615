"""Pillow's own pictures, among them every reported bomb and crash: nothing falls over, and every file has its end."""

import pytest

from harvester.errors import ImageRejected
from harvester.imaging.convert import process_image
from harvester.imaging.decode import open_picture
from harvester.imaging.header import read_header
from harvester.imaging.types import ConversionOptions, ImageLimits
from harvester.reasons import REASONS
from tests import corpus
from tests.farsite.corpus import list_files


def test_every_picture_of_pillows_is_stored_or_refused_with_a_reason(
    tmp_path: corpus.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through the whole chain: no crash, no hang, no traceback, nothing left pending, memory bounded."""
    files = corpus.corpus_folder()
    result = corpus.harvest_corpus(files, tmp_path / "data")
    with capsys.disabled():
        print(f"\n{result}")
    assert result.exit_code == 0, result.output
    assert "Traceback" not in result.output, result.output
    assert result.files == len(list_files(files)) >= corpus.MIN_FILES
    assert result.pending == 0
    assert result.outcomes.keys() <= {"done", *REASONS} - {"crashed", "too-expensive", "connection", "timeout"}
    assert result.outcomes["done"] > result.files / 2
    assert result.crawl_mb < 400
    assert result.worker_mb < 800


def test_every_animation_of_pillows_has_a_moving_thumbnail_or_a_reason() -> None:
    """As they are made of pictures read from imagefap."""
    folder, moving = corpus.corpus_folder(), 0
    for name in list_files(folder):
        data = (folder / name).read_bytes()
        try:
            image = open_picture(data, ImageLimits())
            if not read_header(image, data).animated:
                continue
            preview = process_image(data, ConversionOptions(format="original", preview=280)).preview
        except ImageRejected as refused:
            assert refused.reason in REASONS
        else:
            assert preview is not None
            moving += preview.ext == "webp"
    assert moving > 30
