"""All that is recorded of a file, made from its bytes alone: what the pipelines find step by step, in one go."""

from dataclasses import asdict
from typing import Any

from harvester.imaging.convert import process
from harvester.imaging.embedded import generation_data
from harvester.imaging.fingerprint import hashes
from harvester.imaging.sniff import kind_of
from harvester.imaging.values import NO_FINGERPRINT, NO_HASHES, RECIPE, Options
from harvester.imaging.video import EXTENSIONS, video_facts


def described(data: bytes, options: Options) -> dict[str, Any]:
    """The columns of the table `blobs` that follow from the bytes: facts, hashes, recipe, embedded. Raises Refused."""
    if kind_of(data) in EXTENSIONS:
        facts, found, recipe = video_facts(data), NO_HASHES, NO_FINGERPRINT
    else:
        processed = process(data, options)
        facts, found, recipe = processed.facts, hashes(processed.plane), RECIPE
    return {**asdict(facts), **asdict(found), "recipe": recipe, "embedded": generation_data(data)}
