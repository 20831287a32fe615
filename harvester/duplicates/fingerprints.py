"""Every fingerprint of a catalogue as arrays, one place for each blob, in the order of their sha256."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine

from harvester.catalogue import searches
from harvester.imaging import frequencies

_UNMEASURED = bytes(2 * frequencies.SIDE**2)

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Fingerprints:
    """Equally long arrays. `fresh`: no search has compared this blob before. `flat`: shows nothing to compare.

    `measured`: its frequencies are known, so that it may be flat, and `turned` (its phash by orientation) is right.
    `pixels` is the sha256 of the decoded pixels: None where it is not known, empty where they cannot be decoded.
    """

    shas: npt.NDArray[np.bytes_]
    hashes: Mapping[str, Hashes]
    animated: Flags
    fresh: Flags
    measured: Flags
    flat: Flags
    width: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.object_]
    turned: Mapping[str, Hashes] = field(default_factory=dict)

    def names(self, places: npt.NDArray[np.int64]) -> list[str]:
        """The sha256 at each of the places."""
        names: list[str] = self.shas[places].astype(str).tolist()
        return names


def read(engine: Engine, search: int, recipe: int, portions: Iterable[str], *, turned: bool) -> Fingerprints:
    """Those that a search has taken up; each portion is a transaction of its own. `turned` wants orientations, too."""
    parts = []
    for portion in portions:
        with engine.connect() as connection:
            rows = searches.entered(connection, recipe, portion)
        parts.append(_part(rows, search, turned=turned))
    return _joined(parts)


def _part(rows: Sequence[Any], search: int, *, turned: bool) -> Fingerprints:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 11
    sha256, phash, dhash, average, whash, animated, width, height, coefficients, search_id, pixels = columns
    found = dict(zip(searches.HASHES, map(_numbers, (phash, dhash, average, whash)), strict=True))
    measured = np.array([one is not None for one in coefficients], dtype=np.bool_)
    waves = frequencies.unpacked([one or _UNMEASURED for one in coefficients])
    looks = frequencies.orientations(waves) if turned else {}
    known = np.empty(len(pixels), dtype=object)
    known[:] = pixels
    return Fingerprints(
        shas=np.array(sha256, dtype="S64"),
        hashes=found,
        animated=np.array(animated, dtype=np.bool_),
        fresh=np.array(search_id, dtype=np.int64) == search,
        measured=measured,
        flat=frequencies.flat(waves) & measured,
        width=np.array(width, dtype=np.int64),
        height=np.array(height, dtype=np.int64),
        pixels=known,
        turned={name: hashes for name, hashes in looks.items() if name != frequencies.SAME},
    )


def _numbers(texts: Sequence[str]) -> Hashes:
    return np.frombuffer(bytes.fromhex("".join(texts)), dtype=">u8").astype(np.uint64)


def _joined(parts: Sequence[Fingerprints]) -> Fingerprints:
    return Fingerprints(
        shas=np.concatenate([part.shas for part in parts]),
        hashes={name: np.concatenate([part.hashes[name] for part in parts]) for name in searches.HASHES},
        animated=np.concatenate([part.animated for part in parts]),
        fresh=np.concatenate([part.fresh for part in parts]),
        measured=np.concatenate([part.measured for part in parts]),
        flat=np.concatenate([part.flat for part in parts]),
        width=np.concatenate([part.width for part in parts]),
        height=np.concatenate([part.height for part in parts]),
        pixels=np.concatenate([part.pixels for part in parts]),
        turned={name: np.concatenate([part.turned[name] for part in parts]) for name in parts[0].turned},
    )
