"""Videos, which are kept as they came: nothing is decoded, so size in pixels and number of frames stay unknown (0)."""

from harvester.errors import ImageRejected
from harvester.imaging.formats import detect_kind
from harvester.imaging.types import Facts

VIDEO_EXTENSIONS: dict[str, str] = {"MP4 video": "mp4", "WebM video": "webm"}
"""The word of `kind_of` for a video that can be kept -> file extension without the dot."""


def read_video_facts(data: bytes) -> Facts:
    """What a video file is. Raises Refused: not-a-video."""
    kind = detect_kind(data)
    if kind not in VIDEO_EXTENSIONS:
        raise ImageRejected("not-a-video", kind)
    return Facts(
        format=VIDEO_EXTENSIONS[kind].upper(),
        ext=VIDEO_EXTENSIONS[kind],
        mode="",
        width=0,
        height=0,
        bytes=len(data),
        animated=True,
        frames=0,
    )
