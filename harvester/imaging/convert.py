"""Conversion of a picture with a single decode: check, rendition, thumbnails, and the grey plane for the hashes.

The rendition depends on the format:

- "original": always the same bytes.
- "jpeg": a JPEG. Grey and RGB JPEGs that are sRGB and upright keep their bytes, all other pictures are encoded.
- "rgb": mode RGB. RGB JPEGs and still, opaque RGB PNGs that are sRGB and upright keep their bytes; other JPEGs become
  RGB JPEGs, all other pictures an RGB PNG.

Encoded renditions have no EXIF and no ICC profile. JPEG colours have full resolution (4:4:4) above quality 95.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from PIL import Image

from harvester.imaging.colour import needs_conversion
from harvester.imaging.decode import decode_first_frame, open_picture, read_orientation, require_complete, upright_size
from harvester.imaging.embedded import read_generation_data
from harvester.imaging.encode import encode_image, make_thumbnail, shrink_to_fit
from harvester.imaging.fingerprint import compute_hashes, make_grey_plane
from harvester.imaging.flatten import flatten, make_upright
from harvester.imaging.formats import EXTENSIONS, detect_kind
from harvester.imaging.header import Header, read_header
from harvester.imaging.preview import Preview, make_preview
from harvester.imaging.types import FINGERPRINT_VERSION, NO_FINGERPRINT, NO_HASHES, ConversionOptions, Facts
from harvester.imaging.video import VIDEO_EXTENSIONS, read_video_facts

_DRAFT_SIDE = 128  # pixels, shorter side of a JPEG decoded at reduced scale


@dataclass(frozen=True)
class ProcessedImage:
    """The result of a conversion; nothing in it is as large as the decoded picture.

    `rendition` is None if the bytes stay the same. `plane` is a small grey PIL image (mode L). `thumbs` are JPEGs.
    """

    facts: Facts
    rendition: bytes | None
    rendition_ext: str
    plane: Image.Image
    thumbs: dict[str, bytes]
    preview: Preview | None = None


def process_image(data: bytes, options: ConversionOptions) -> ProcessedImage:
    """Check, decode and convert one picture. Raises ImageRejected.

    A JPEG that keeps its bytes and has at least 256 pixels each way is decoded at reduced scale: only the hashes need
    its pixels, and the decoder finds the same truncations.
    """
    image, header, drafted = _decode(data, options)
    exif_orientation = read_orientation(image)
    if not drafted:
        image = flatten(image, header, options.background)
    image = make_upright(image, exif_orientation)
    width, height = upright_size(header.size, exif_orientation) if drafted else image.size
    encoding = _rendition_format(header, exif_orientation, options) or _shrunk_format(header, options)
    image = shrink_to_fit(image, options.max_side) if encoding else image
    processed = _finish(image, _build_facts(header, width, height, len(data)), encoding, options)
    return (
        replace(processed, preview=make_preview(data, header, image, options.preview)) if options.preview else processed
    )


def _decode(data: bytes, options: ConversionOptions) -> tuple[Image.Image, Header, bool]:
    """The pixels, the header, and whether the pixels were decoded at reduced scale."""
    image = open_picture(data, options.limits)
    header = read_header(image, data)
    require_complete(data, header.format)
    drafted = _needs_only_hashes(image, header, options) and image.draft("L", (_DRAFT_SIDE, _DRAFT_SIDE)) is not None
    return decode_first_frame(image, data), header, drafted


def _finish(picture: Image.Image, facts: Facts, encoding: str | None, options: ConversionOptions) -> ProcessedImage:
    return ProcessedImage(
        facts=facts,
        rendition=encode_image(picture, encoding, options.quality) if encoding else None,
        rendition_ext=EXTENSIONS[encoding] if encoding else facts.ext,
        plane=make_grey_plane(picture),
        thumbs={name: make_thumbnail(picture, size, options.quality) for name, size in options.thumbs.items()},
    )


def _build_facts(header: Header, width: int, height: int, byte_count: int) -> Facts:
    return Facts(
        format=header.format,
        ext=EXTENSIONS[header.format],
        mode=header.mode,
        width=width,
        height=height,
        bytes=byte_count,
        animated=header.animated,
        frames=header.frames,
    )


def _rendition_format(header: Header, exif_orientation: int, options: ConversionOptions) -> str | None:
    """The format in which the rendition is encoded; None if the bytes stay the same."""
    if options.format == "original":
        return None
    is_upright_srgb = exif_orientation == 1 and not needs_conversion(header.profile, header.mode)
    if header.is_jpeg:
        modes = {"RGB", "L"} if options.format == "jpeg" else {"RGB"}
        return None if is_upright_srgb and header.mode in modes else "JPEG"
    if options.format == "jpeg":
        return "JPEG"
    is_opaque = header.mode == "RGB" and header.transparent is None
    return None if header.format == "PNG" and is_opaque and is_upright_srgb and not header.animated else "PNG"


def _shrunk_format(header: Header, options: ConversionOptions) -> str | None:
    """The format of a rendition that has to be made because the picture is too large; None if it is not."""
    if not options.max_side or max(header.size) <= options.max_side:
        return None
    return "JPEG" if header.is_jpeg or options.format == "jpeg" else "PNG"


def _needs_only_hashes(image: Image.Image, header: Header, options: ConversionOptions) -> bool:
    if not header.is_jpeg or header.mode not in {"RGB", "L"} or needs_conversion(header.profile, header.mode):
        return False
    if options.thumbs or options.preview or _rendition_format(header, read_orientation(image), options):
        return False
    if _shrunk_format(header, options):
        return False
    return min(header.size) >= 2 * _DRAFT_SIDE


def describe_blob(data: bytes, options: ConversionOptions) -> dict[str, Any]:
    """The columns of the table `blobs` that follow from the bytes: facts, hashes, fingerprint version, embedded.

    Raises ImageRejected.
    """
    if detect_kind(data) in VIDEO_EXTENSIONS:
        facts, image_hashes, version = read_video_facts(data), NO_HASHES, NO_FINGERPRINT
    else:
        processed = process_image(data, options)
        facts, image_hashes, version = processed.facts, compute_hashes(processed.plane), FINGERPRINT_VERSION
    return {
        **asdict(facts),
        **asdict(image_hashes),
        "fingerprint_version": version,
        "embedded": read_generation_data(data),
    }
