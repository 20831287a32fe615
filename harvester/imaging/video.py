"""Videos, which are kept as they came: nothing is decoded, so size in pixels and number of frames stay unknown (0)."""

from harvester.errors import Refused
from harvester.imaging.sniff import kind_of
from harvester.imaging.values import Facts

EXTENSIONS: dict[str, str] = {"MP4 video": "mp4", "WebM video": "webm"}
"""The word of `kind_of` for a video that can be kept -> file extension without the dot."""


def video_facts(data: bytes) -> Facts:
    """What a video file is. Raises Refused: not-a-video."""
    kind = kind_of(data)
    if kind not in EXTENSIONS:
        raise Refused("not-a-video", kind)
    return Facts(
        format=EXTENSIONS[kind].upper(),
        ext=EXTENSIONS[kind],
        mode="",
        width=0,
        height=0,
        bytes=len(data),
        animated=True,
        frames=0,
    )
