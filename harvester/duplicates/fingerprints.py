"""All fingerprints of a catalogue as arrays with one element for each blob, in sha256 order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine

from harvester.catalogue.duplicates import compared_blobs
from harvester.catalogue.duplicates.dedupe_runs import HASHES
from harvester.imaging import dct

_NO_COEFFICIENTS = bytes(2 * dct.HASH_SIDE**2)

HashArray = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Sha256Array = npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class Fingerprints:
    """Arrays of equal length. `fresh`: no search has compared the blob before. `low_detail`: nothing to compare in it.

    If orientations are wanted, `rotated` has the phash by orientation; it is valid where `measured` is true.
    """

    sha256s: Sha256Array
    hashes: Mapping[str, HashArray]
    animated: Flags
    fresh: Flags
    low_detail: Flags
    width: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]
    measured: Flags
    rotated: Mapping[str, HashArray]

    def sha256s_at(self, indices: npt.NDArray[np.int64]) -> list[str]:
        """The sha256 at each of these indices."""
        sha256s: list[str] = self.sha256s[indices].astype(str).tolist()
        return sha256s


def register_new_blobs(engine: Engine, run_id: int, version: int, prefixes: Sequence[str]) -> None:
    """Assign new blobs to a search and mark the low-detail ones, in one transaction for each prefix."""
    for prefix in prefixes:
        with engine.begin() as connection:
            compared_blobs.register_new(connection, run_id, version, prefix)
            if rows := compared_blobs.not_measured(connection, prefix):
                low_detail = dct.is_low_detail(_unpack([row.coefficients for row in rows]))
                measured = [row.coefficients is not None for row in rows]
                sha256s = [row.sha256 for row in rows]
                marked = [sha256 for sha256, is_low in zip(sha256s, low_detail & measured, strict=True) if is_low]
                compared_blobs.record_low_detail(connection, prefix, marked)


def load_prints(engine: Engine, run_id: int, version: int, prefixes: Sequence[str], *, rotated: bool) -> Fingerprints:
    """Load the fingerprints of the blobs that a search compares; with `rotated` also those by orientation."""
    with engine.connect() as connection:
        batches = compared_blobs.iter_fingerprints(connection, version, prefixes, coefficients=rotated)
        parts = [_build_columns(rows, rotated=rotated) for rows in batches] or [_build_columns([], rotated=rotated)]
        not_compared, fresh, low_detail = (
            np.array(names, dtype="S64")
            for names in (
                compared_blobs.not_compared(connection), compared_blobs.new_in_run(connection, run_id),
                compared_blobs.low_detail(connection)
            )
        )  # fmt: skip
    unsorted = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    parts.clear()
    order = np.argsort(unsorted["sha256"])
    order = order[~_is_among(unsorted["sha256"][order], not_compared)]
    column = {name: values[order] for name, values in unsorted.items()}
    sha256s = column["sha256"]
    return Fingerprints(
        sha256s=sha256s,
        hashes={name: column[name] for name in HASHES},
        animated=column["animated"],
        fresh=_is_among(sha256s, fresh),
        low_detail=_is_among(sha256s, low_detail),
        width=column["width"],
        height=column["height"],
        measured=column.get("measured", np.zeros(len(sha256s), np.bool_)),
        rotated={name: column[name] for name in _ROTATIONS if name in column},
    )


_ROTATIONS = [name for name in dct.ORIENTATIONS if name != dct.UNCHANGED]


def _build_columns(rows: Sequence[Any], *, rotated: bool) -> dict[str, npt.NDArray[Any]]:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 9
    sha256, phash, dhash, average, whash, animated, width, height, *coefficients = columns
    arrays: dict[str, npt.NDArray[Any]] = dict(zip(HASHES, map(_from_hex, (phash, dhash, average, whash)), strict=True))
    arrays |= {"sha256": np.array(sha256, dtype="S64"), "animated": np.array(animated, dtype=np.bool_)}
    arrays |= {"width": np.array(width, dtype=np.int64), "height": np.array(height, dtype=np.int64)}
    if rotated:
        phashes = dct.phashes_by_orientation(_unpack(coefficients[0]))
        arrays |= {name: phashes[name] for name in _ROTATIONS}
        arrays["measured"] = np.array([packed is not None for packed in coefficients[0]], dtype=np.bool_)
    return arrays


def _from_hex(texts: Sequence[str]) -> HashArray:
    return np.frombuffer(bytes.fromhex("".join(texts)), dtype=">u8").astype(np.uint64)


def _unpack(coefficients: Sequence[bytes | None]) -> dct.Frequencies:
    return dct.unpack_frequencies([_NO_COEFFICIENTS if packed is None else packed for packed in coefficients])


def _is_among(sha256s: Sha256Array, selected: Sha256Array) -> Flags:
    """A mask of the elements of `sha256s`, which is sorted, that are in `selected`."""
    is_member = np.zeros(len(sha256s), np.bool_)
    positions = np.searchsorted(sha256s, selected)
    in_range = positions < len(sha256s)
    positions, selected = positions[in_range], selected[in_range]
    is_member[positions[sha256s[positions] == selected]] = True
    return is_member
