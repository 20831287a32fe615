"""ICC profiles: what they do to the pixels, and which are ignored."""

import numpy as np
import pytest
from PIL import Image

from harvester.imaging.colour import is_srgb, needs_conversion, to_srgb
from tests.imaging import profiles
from tests.imaging.pictures import colour_at, encoded, near, processed, rgb

SIZE = (8, 8)
COLOURS = [(120, 80, 40), (40, 120, 200), (200, 190, 60), (90, 90, 90), (128, 60, 110)]


def test_srgb_is_recognised_by_its_effect() -> None:
    """The sRGB profile, and a broken one, count as sRGB; Adobe RGB, CMYK and another gamma do not."""
    assert is_srgb(profiles.srgb())
    assert is_srgb(b"")
    assert is_srgb(b"nonsense" * 40)
    assert is_srgb(profiles.adobe_rgb()[:200])
    assert not is_srgb(profiles.adobe_rgb())
    assert not is_srgb(profiles.cmyk())
    assert not is_srgb(profiles.grey(1.8))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_adobe_rgb_becomes_srgb(colour: tuple[int, int, int], file_format: str) -> None:
    """The pixels of a picture in Adobe RGB become what the formulas of the two colour spaces give."""
    data = encoded(Image.new("RGB", SIZE, colour), file_format, icc_profile=profiles.adobe_rgb())
    assert near(colour_at(data), profiles.adobe_to_srgb(colour), 2)


def test_an_adobe_rgb_jpeg_is_encoded_without_profile() -> None:
    """A JPEG in Adobe RGB is converted, and the rendition carries no profile that would convert it twice."""
    data = encoded(Image.new("RGB", SIZE, COLOURS[1]), "JPEG", quality=95, icc_profile=profiles.adobe_rgb())
    rendition = processed(data, "jpeg").rendition
    assert rendition is not None
    assert b"ICC_PROFILE" not in rendition
    red, green, blue = rgb(rendition)[4, 4]
    assert near((red, green, blue), profiles.adobe_to_srgb(COLOURS[1]), 4)


def test_colours_below_alpha_are_converted_before_they_are_laid_on_the_background() -> None:
    """The profile speaks of the picture's colours, not of the background."""
    picture = Image.new("RGBA", SIZE, (*COLOURS[1], 255))
    picture.paste((9, 9, 9, 0), (0, 0, 4, 8))
    data = encoded(picture, "PNG", icc_profile=profiles.adobe_rgb())
    assert near(colour_at(data, x=6), profiles.adobe_to_srgb(COLOURS[1]), 2)
    assert colour_at(data, x=1, background=(10, 200, 30)) == (10, 200, 30)


def test_palettes_have_profiles_too() -> None:
    """The colours of a palette are converted like any others."""
    picture = Image.new("P", SIZE, 1)
    picture.putpalette([0, 0, 0, *COLOURS[0]])
    data = encoded(picture, "PNG", icc_profile=profiles.adobe_rgb())
    assert near(colour_at(data), profiles.adobe_to_srgb(COLOURS[0]), 2)


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_applied(mode: str) -> None:
    """Grey with a gamma of 1.8 becomes as bright as it was meant."""
    picture = Image.new("L", SIZE, 100).convert(mode)
    data = encoded(picture, "PNG", icc_profile=profiles.grey(1.8))
    assert near(colour_at(data), (profiles.grey_to_srgb(100, 1.8),) * 3, 2)


@pytest.mark.parametrize("inks", [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (1, 1, 0, 0), (0, 0, 0, 1)])
@pytest.mark.parametrize("file_format", ["TIFF", "JPEG"])
def test_cmyk_goes_through_its_profile(inks: tuple[int, int, int, int], file_format: str) -> None:
    """Full inks become the Lab colours their profile lists, not the garish ones of a plain conversion."""
    picture = Image.new("CMYK", SIZE, tuple(255 * ink for ink in inks))
    data = encoded(
        picture, file_format, icc_profile=profiles.cmyk(), **({"quality": 100} if file_format == "JPEG" else {})
    )
    pixel = rgb(processed(data).rendition)[4, 4]
    assert near(tuple(pixel), profiles.lab_to_srgb(*profiles.cmyk_corner(*inks)), 6 if file_format == "JPEG" else 3)


def test_a_profile_for_another_colour_space_is_ignored() -> None:
    """An RGB profile on a grey picture, or a CMYK profile on an RGB one, changes nothing and keeps the bytes."""
    assert not needs_conversion(profiles.adobe_rgb(), "L")
    assert not needs_conversion(profiles.cmyk(), "RGB")
    grey = encoded(Image.new("L", SIZE, 77), "JPEG", icc_profile=profiles.adobe_rgb())
    assert processed(grey, "jpeg").rendition is None
    assert colour_at(encoded(Image.new("L", SIZE, 77), "PNG", icc_profile=profiles.adobe_rgb())) == (77, 77, 77)


def test_a_broken_profile_is_ignored() -> None:
    """Pixels with a profile that says nothing stay as they are."""
    broken = profiles.adobe_rgb()[:300]
    assert processed(encoded(Image.new("RGB", SIZE, (1, 2, 3)), "JPEG", icc_profile=broken), "jpeg").rendition is None
    cmyk = Image.new("CMYK", SIZE, (0, 255, 255, 0))
    assert np.array_equal(to_srgb(cmyk, profiles.cmyk()[:400]), cmyk.convert("RGB"))


def test_without_a_profile_nothing_is_converted() -> None:
    """A picture in RGB comes back as the same object."""
    picture = Image.new("RGB", SIZE)
    assert to_srgb(picture, None) is picture
    assert to_srgb(picture, profiles.srgb()) is picture
