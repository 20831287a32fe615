"""EXIF UserComments: the name of the encoding often lies, and the text is kept whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.imaging.embedded import read_generation_data
from harvester.imaging.user_comment import decode_user_comment
from tests.imaging.generation_files import unicode_comment, with_user_comment

ENGLISH, CHINESE, RUSSIAN, KOREAN = "a castle at dawn", "黎明时分的城堡,雾", "замок на рассвете", "새벽의 성"


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, RUSSIAN, KOREAN, "ein Schloß", "夜明けの城。", "城堡" * 1500])
@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf16_is_read_in_either_byte_order(text: str, codec: str, mark: str) -> None:
    """With and without a byte order mark, which is no part of the text."""
    # DiffusionToolkit#71, DiffusionToolkit#253, ambit#195, exif-py#206
    assert decode_user_comment(unicode_comment(mark + text, codec)) == text


@pytest.mark.parametrize("name", [b"UNICODE\0", b"Unicode\0", b"ASCII\0\0\0", bytes(8), b""])
@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "ein Schloß"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_utf8_is_read_whatever_it_is_called(name: bytes, text: str, mark: str) -> None:
    """`UNICODE` is what many programs call UTF-8."""
    # Exiv2#1279
    assert decode_user_comment(name + (mark + text).encode()) == text


def test_padding_is_no_text() -> None:
    """Cameras fill the rest of the field with zeros."""
    assert decode_user_comment(b"ASCII\0\0\0" + ENGLISH.encode() + bytes(250)) == ENGLISH
    assert decode_user_comment(unicode_comment(ENGLISH + "\0" * 99, "utf-16-le")) == ENGLISH


@pytest.mark.parametrize("text", [ENGLISH, CHINESE, "城堡" * 1500, "Screenshot"])
@pytest.mark.parametrize("file_format", ["JPEG", "WEBP", "PNG"])
def test_a_text_that_is_not_understood_is_kept(text: str, file_format: str) -> None:
    """It has no tool and no fields; what it says can be looked at later."""
    # DiffusionToolkit#71
    assert read_generation_data(with_user_comment(unicode_comment(text), file_format)) == {"raw": {"UserComment": text}}


@given(name=st.sampled_from([b"UNICODE\0", b"ASCII\0\0\0", b""]), text=st.binary(max_size=200))
def test_no_bytes_raise(name: bytes, text: bytes) -> None:
    """A text comes out of everything."""
    assert isinstance(decode_user_comment(name + text), str)
