"""All that is recorded of a file, made from its bytes alone: what the pipelines find step by step, in one go."""

from dataclasses import asdict
from typing import Any

from harvester.imaging.convert import process_image
from harvester.imaging.embedded import read_generation_data
from harvester.imaging.fingerprint import compute_hashes
from harvester.imaging.sniff import detect_kind
from harvester.imaging.values import FINGERPRINT_VERSION, NO_FINGERPRINT, NO_HASHES, ConversionOptions
from harvester.imaging.video import VIDEO_EXTENSIONS, read_video_facts


def describe_blob(data: bytes, options: ConversionOptions) -> dict[str, Any]:
    """The columns of the table `blobs` that follow from the bytes: facts, hashes, recipe, embedded. Raises Refused."""
    if detect_kind(data) in VIDEO_EXTENSIONS:
        facts, image_hashes, version = read_video_facts(data), NO_HASHES, NO_FINGERPRINT
    else:
        processed = process_image(data, options)
        facts, image_hashes, version = processed.facts, compute_hashes(processed.plane), FINGERPRINT_VERSION
    return {**asdict(facts), **asdict(image_hashes), "recipe": version, "embedded": read_generation_data(data)}
