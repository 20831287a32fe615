"""The fields of eighty invented files of seven programs: each value is right or missing, never false."""

import pytest

from harvester.imaging.embedded import GENERATION_FIELDS, read_generation_data
from tests.imaging.comfy_cases import COMFY_CASES
from tests.imaging.generation_files import Case
from tests.imaging.infotext_cases import INFOTEXT_CASES

CASES = [*COMFY_CASES, *INFOTEXT_CASES]
INCOMPLETE = {
    "prompt from a switch": {"prompt"},
    "WanVideoSampler": {"sampler"},
}
"""Fields that a file has and harvester does not find, by case."""


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_field_is_right_or_missing(case: Case) -> None:
    """Fields that harvester does not find are in the list above; anything else is what the file says."""
    metadata = read_generation_data(case.make())
    assert metadata is not None
    missed = INCOMPLETE.get(case.name, set())
    expected = {name: value for name, value in case.fields.items() if name not in missed}
    assert metadata["tool"] == case.tool
    assert {name: metadata[name] for name in GENERATION_FIELDS if name in metadata} == expected
    assert metadata["raw"]
