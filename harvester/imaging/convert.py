"""One picture, one decode: checked, its rendition made, its thumbnails, and the small plane for the hashes.

The rendition depends on what is asked for:

- "original": always the very same bytes.
- "jpeg": a JPEG. Grey and RGB JPEGs that are sRGB and upright keep their bytes, all else is encoded.
- "rgb": mode RGB. RGB JPEGs and still, opaque RGB PNGs that are sRGB and upright keep their bytes; other JPEGs become
  RGB JPEGs, all else an RGB PNG.

What is encoded carries no EXIF and no ICC profile. JPEG colours are kept at full resolution (4:4:4) above quality 95.
"""

from dataclasses import dataclass, replace

from PIL import Image

from harvester.imaging.colour import alters
from harvester.imaging.decode import check_end, load, open_picture, orientation, upright_size
from harvester.imaging.encode import encoded, fitted, thumbnail
from harvester.imaging.fingerprint import grey_plane
from harvester.imaging.flatten import flatten, upright
from harvester.imaging.header import Header, read_header
from harvester.imaging.preview import Preview, preview
from harvester.imaging.sniff import EXTENSIONS
from harvester.imaging.values import Facts, Options

_DRAFT = 128  # pixels, shorter side of a JPEG decoded at reduced scale


@dataclass(frozen=True)
class Processed:
    """What became of a picture; nothing in it is as large as the decoded picture.

    `rendition` is None where it is the very same bytes. `plane` is a small grey PIL image (mode L). `thumbs` are JPEGs.
    """

    facts: Facts
    rendition: bytes | None
    rendition_ext: str
    plane: Image.Image
    thumbs: dict[str, bytes]
    preview: Preview | None = None


def process(data: bytes, options: Options) -> Processed:
    """Check, decode and convert one picture. Raises Refused and nothing else.

    A JPEG that keeps its bytes and has at least 256 pixels each way is decoded at reduced scale: only the hashes need
    it, and the decoder finds the same truncations.
    """
    image, header, drafted = _decoded(data, options)
    turn = orientation(image)
    if not drafted:
        image = flatten(image, header, options.background)
    image = upright(image, turn)
    width, height = upright_size(header.size, turn) if drafted else image.size
    encoding = _encoding(header, turn, options) or _smaller(header, options)
    image = fitted(image, options.longest) if encoding else image
    processed = _processed(image, _facts(header, width, height, len(data)), encoding, options)
    return replace(processed, preview=preview(data, header, image, options.preview)) if options.preview else processed


def _decoded(data: bytes, options: Options) -> tuple[Image.Image, Header, bool]:
    """The pixels, what the header says, and whether they were decoded at reduced scale."""
    image = open_picture(data, options.limits)
    header = read_header(image, data)
    check_end(data, header.format)
    drafted = _only_hashes_needed(image, header, options) and image.draft("L", (_DRAFT, _DRAFT)) is not None
    return load(image, data), header, drafted


def _processed(picture: Image.Image, facts: Facts, encoding: str | None, options: Options) -> Processed:
    return Processed(
        facts=facts,
        rendition=encoded(picture, encoding, options.quality) if encoding else None,
        rendition_ext=EXTENSIONS[encoding] if encoding else facts.ext,
        plane=grey_plane(picture),
        thumbs={name: thumbnail(picture, size, options.quality) for name, size in options.thumbs.items()},
    )


def _facts(header: Header, width: int, height: int, size: int) -> Facts:
    return Facts(
        format=header.format,
        ext=EXTENSIONS[header.format],
        mode=header.mode,
        width=width,
        height=height,
        bytes=size,
        animated=header.animated,
        frames=header.frames,
    )


def _encoding(header: Header, turn: int, options: Options) -> str | None:
    """The format the rendition is encoded in; None where the bytes stay."""
    if options.format == "original":
        return None
    as_seen = turn == 1 and not alters(header.profile, header.mode)
    if header.is_jpeg:
        modes = {"RGB", "L"} if options.format == "jpeg" else {"RGB"}
        return None if as_seen and header.mode in modes else "JPEG"
    if options.format == "jpeg":
        return "JPEG"
    opaque = header.mode == "RGB" and header.clear is None
    return None if header.format == "PNG" and opaque and as_seen and not header.animated else "PNG"


def _smaller(header: Header, options: Options) -> str | None:
    """The format of a rendition that has to be made because the picture is too large; None where it is not."""
    if not options.longest or max(header.size) <= options.longest:
        return None
    return "JPEG" if header.is_jpeg or options.format == "jpeg" else "PNG"


def _only_hashes_needed(image: Image.Image, header: Header, options: Options) -> bool:
    if not header.is_jpeg or header.mode not in {"RGB", "L"} or alters(header.profile, header.mode):
        return False
    if options.thumbs or options.preview or _encoding(header, orientation(image), options):
        return False
    if _smaller(header, options):
        return False
    return min(header.size) >= 2 * _DRAFT
