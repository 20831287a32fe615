"""Facts of videos, which are not decoded: their size in pixels and number of frames stay unknown (0)."""

from harvester.errors import ImageRejected
from harvester.imaging.formats import detect_kind
from harvester.imaging.types import Facts

VIDEO_EXTENSIONS: dict[str, str] = {"MP4 video": "mp4", "WebM video": "webm"}
"""The result of `detect_kind` for a video that can be kept -> its file extension without the dot."""


def read_video_facts(data: bytes) -> Facts:
    """The facts of a video file. Raises ImageRejected: not-a-video."""
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
