"""Which bytes come out of `process`: kept, encoded, thumbnails; and the facts."""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from harvester.errors import ImageRejected
from harvester.imaging import convert
from harvester.imaging.types import Facts
from tests.imaging import profiles
from tests.imaging.pictures import encoded, photo, png, processed, rgb

PHOTO, OTHER = photo(7, 64, 48), photo(8, 64, 48)
MOVING = {"save_all": True, "append_images": [OTHER, PHOTO], "duration": 100}
FILES = {
    "jpeg": encoded(PHOTO, "JPEG"),
    "jpeg srgb": encoded(PHOTO, "JPEG", icc_profile=profiles.srgb()),
    "jpeg grey": encoded(PHOTO.convert("L"), "JPEG"),
    "jpeg cmyk": encoded(PHOTO.convert("CMYK"), "JPEG"),
    "jpeg adobe": encoded(PHOTO, "JPEG", icc_profile=profiles.adobe_rgb()),
    "mpo": encoded(PHOTO, "MPO", save_all=True, append_images=[OTHER.copy()]),
    "png": encoded(PHOTO, "PNG"),
    "png srgb": encoded(PHOTO, "PNG", icc_profile=profiles.srgb()),
    "png adobe": encoded(PHOTO, "PNG", icc_profile=profiles.adobe_rgb()),
    "png alpha": encoded(PHOTO.convert("RGBA"), "PNG"),
    "png clear": encoded(PHOTO, "PNG", transparency=(1, 2, 3)),
    "png grey": encoded(PHOTO.convert("L"), "PNG"),
    "png moving": encoded(PHOTO, "PNG", **MOVING),
    "gif": encoded(PHOTO, "GIF"),
    "gif moving": encoded(PHOTO, "GIF", **MOVING),
    "webp": encoded(PHOTO, "WEBP"),
    "webp moving": encoded(PHOTO, "WEBP", lossless=True, **MOVING),
    "avif": encoded(PHOTO, "AVIF"),
    "avif moving": encoded(PHOTO, "AVIF", **MOVING),
    "bmp": encoded(PHOTO, "BMP"),
    "tiff": encoded(PHOTO, "TIFF"),
    "tiff pages": encoded(PHOTO, "TIFF", save_all=True, append_images=[OTHER.copy()]),
    "jpeg2000": encoded(PHOTO, "JPEG2000"),
}
UNCHANGED = {
    "jpeg": {"jpeg", "jpeg srgb", "jpeg grey", "mpo"},
    "rgb": {"jpeg", "jpeg srgb", "mpo", "png", "png srgb"},
    "original": set(FILES),
}


@pytest.mark.parametrize("file_format", UNCHANGED)
@pytest.mark.parametrize("name", FILES)
def test_bytes_stay_where_nothing_has_to_change(name: str, file_format: str) -> None:
    """The rendition is the very same bytes for exactly the listed files, else a plain RGB file of the right format."""
    result = processed(FILES[name], file_format)
    assert (result.rendition is None) == (name in UNCHANGED[file_format])
    if result.rendition is None:
        assert result.rendition_ext == result.facts.ext
        return
    ext = "png" if file_format == "rgb" and result.facts.ext != "jpg" else "jpg"
    assert result.rendition_ext == ext
    with Image.open(io.BytesIO(result.rendition)) as picture:
        assert (picture.format, picture.mode) == ({"png": "PNG", "jpg": "JPEG"}[ext], "RGB")
        assert not {"exif", "icc_profile", "transparency", "comment", "dpi", "xmp"} & set(picture.info)


@pytest.mark.parametrize("name", ["png moving", "gif moving", "webp moving", "avif moving"])
def test_the_first_frame_of_an_animation_is_kept(name: str) -> None:
    """An animation becomes its first frame and says that it was one."""
    result = processed(FILES[name])
    assert (result.facts.animated, result.facts.frames) == (True, 3)
    assert np.abs(rgb(result.rendition) - np.asarray(PHOTO)).mean() < 8
    assert np.abs(rgb(result.rendition) - np.asarray(OTHER)).mean() > 20


def test_pages_and_stereo_pictures_are_no_animation() -> None:
    """MPO and TIFF may hold several pictures, none of which move."""
    for name in ("mpo", "tiff pages"):
        facts = processed(FILES[name]).facts
        assert (facts.animated, facts.frames) == (False, 2)
    assert processed(FILES["gif"]).facts.frames == 1


def test_facts_describe_the_file() -> None:
    """Format, extension, mode and size are those of the file, not of the rendition."""
    data = FILES["png alpha"]
    assert processed(data, "jpeg").facts == Facts("PNG", "png", "RGBA", 64, 48, len(data), animated=False, frames=1)
    assert processed(FILES["mpo"]).facts.ext == "jpg"
    assert processed(encoded(photo(1, 700, 600), "JPEG"), "jpeg").facts.mode == "RGB"


def test_quality_decides_over_size_and_colour_resolution() -> None:
    """A higher quality gives more bytes; above 95 colours are not subsampled."""
    sizes, sampling = [], []
    for quality in (60, 95, 96, 98):
        rendition = processed(FILES["png"], "jpeg", quality=quality).rendition
        assert rendition is not None
        sizes.append(len(rendition))
        at = rendition.index(b"\xff\xc0")
        sampling.append(rendition[at + 11])
    assert sizes == sorted(sizes)
    assert sampling == [0x22, 0x22, 0x11, 0x11]


def test_the_picture_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Facts, rendition, plane and thumbnails come from one decode."""
    loads: list[object] = []
    load = convert.decode_first_frame
    monkeypatch.setattr(convert, "decode_first_frame", lambda image, data: loads.append(image) or load(image, data))
    for data in FILES.values():
        loads.clear()
        processed(data, "jpeg", thumbs={"a": (9, 9), "b": (5, 5)})
        assert len(loads) == 1


@pytest.mark.parametrize("name", ["png alpha", "jpeg", "gif moving"])
def test_thumbnails_fit_into_their_boxes(name: str) -> None:
    """Each thumbnail is an RGB JPEG within its box, as large as the box allows."""
    result = processed(FILES[name], "original", thumbs={"small": (32, 32), "flat": (60, 6)})
    assert rgb(result.thumbs["small"]).shape == (24, 32, 3)
    assert rgb(result.thumbs["flat"]).shape == (6, 8, 3)
    expected = np.asarray(PHOTO.resize((32, 24), Image.Resampling.LANCZOS)).astype(int)
    assert np.abs(rgb(result.thumbs["small"]) - expected).mean() < 10


def test_thumbnails_are_never_enlarged() -> None:
    """A picture smaller than the box keeps its size."""
    assert rgb(processed(FILES["png"], thumbs={"big": (500, 500)}).thumbs["big"]).shape == (48, 64, 3)


def test_thumbnails_are_flattened_and_upright() -> None:
    """They show the background where the picture is transparent, and stand as it is to be seen."""
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(Image.new("RGBA", (40, 20), (200, 0, 0, 0)), "PNG", exif=exif)
    thumb = rgb(processed(data, thumbs={"t": (10, 10)}).thumbs["t"])
    assert thumb.shape == (10, 5, 3)
    assert thumb.min() >= 253


def test_pictures_too_long_for_a_jpeg_are_refused() -> None:
    """A JPEG side ends at 65500 pixels; as PNG the same picture is fine."""
    data = png(70_000, 1, 8, 0, bytes(70_000))
    with pytest.raises(ImageRejected) as refused:
        processed(data, "jpeg")
    assert refused.value.reason == "too-many-pixels"
    assert processed(data, "rgb").rendition_ext == "png"


def test_nothing_large_is_kept() -> None:
    """The plane of a large picture is small and of its own: no file, no metadata, no full-size pixels."""
    for data in (encoded(photo(1, 1100, 800), "JPEG"), encoded(photo(1, 1100, 800).convert("L"), "JPEG2000")):
        plane = processed(data, "original").plane
        assert type(plane) is Image.Image
        assert (plane.mode, min(plane.size) < 512) == ("L", True)


def test_threads_do_not_disturb_each_other() -> None:
    """Many threads at once get the very results that one gets."""
    expected = {name: processed(data, "jpeg", thumbs={"t": (20, 20)}) for name, data in FILES.items()}
    with ThreadPoolExecutor(8) as pool:
        names = list(FILES) * 8
        results = pool.map(lambda name: processed(FILES[name], "jpeg", thumbs={"t": (20, 20)}), names)
        for name, result in zip(names, results, strict=True):
            assert (result.facts, result.rendition) == (expected[name].facts, expected[name].rendition)
            assert (result.thumbs, result.plane) == (expected[name].thumbs, expected[name].plane)
