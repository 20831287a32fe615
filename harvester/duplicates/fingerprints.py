"""Every fingerprint of a catalogue as arrays, one place for each blob, in the order of their sha256."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Engine

from harvester.catalogue import taken
from harvester.catalogue.searches import HASHES
from harvester.imaging import frequencies

_UNMEASURED = bytes(2 * frequencies.SIDE**2)

Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Shas = npt.NDArray[np.bytes_]


@dataclass(frozen=True)
class Fingerprints:
    """Equally long arrays. `fresh`: no search has compared this blob before. `flat`: shows nothing to compare.

    Where orientations are wanted, `turned` has the phash by orientation, which is right where `measured` says so.
    """

    shas: Shas
    hashes: Mapping[str, Hashes]
    animated: Flags
    fresh: Flags
    flat: Flags
    width: npt.NDArray[np.int64]
    height: npt.NDArray[np.int64]
    measured: Flags
    turned: Mapping[str, Hashes]

    def names(self, places: npt.NDArray[np.int64]) -> list[str]:
        """The sha256 at each of the places."""
        names: list[str] = self.shas[places].astype(str).tolist()
        return names


def take_up(engine: Engine, search: int, recipe: int, portions: Sequence[str]) -> None:
    """Blobs that are new become those of the search, and which are flat is noted; each portion is a transaction."""
    for portion in portions:
        with engine.begin() as connection:
            taken.enter(connection, search, recipe, portion)
            if rows := taken.unseen(connection, portion):
                flat = frequencies.flat(_waves([row.coefficients for row in rows]))
                measured = [row.coefficients is not None for row in rows]
                names = [row.sha256 for row in rows]
                flat_ones = [name for name, is_flat in zip(names, flat & measured, strict=True) if is_flat]
                taken.note_flat(connection, portion, flat_ones)


def read(engine: Engine, search: int, recipe: int, portions: Sequence[str], *, turned: bool) -> Fingerprints:
    """Those that a search has taken up. `turned` wants orientations, too."""
    with engine.connect() as connection:
        pages = taken.fingerprints(connection, recipe, portions, coefficients=turned)
        parts = [_part(rows, turned=turned) for rows in pages] or [_part([], turned=turned)]
        late, fresh, flat = (
            np.array(names, dtype="S64")
            for names in (
                taken.left_over(connection), taken.taken_up(connection, search), taken.flat_ones(connection)
            )
        )  # fmt: skip
    every = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    parts.clear()
    order = np.argsort(every["sha256"])
    order = order[~_among(every["sha256"][order], late)]
    column = {name: values[order] for name, values in every.items()}
    shas = column["sha256"]
    return Fingerprints(
        shas=shas,
        hashes={name: column[name] for name in HASHES},
        animated=column["animated"],
        fresh=_among(shas, fresh),
        flat=_among(shas, flat),
        width=column["width"],
        height=column["height"],
        measured=column.get("measured", np.zeros(len(shas), np.bool_)),
        turned={name: column[name] for name in _TURNS if name in column},
    )


_TURNS = [name for name in frequencies.ORIENTATIONS if name != frequencies.SAME]


def _part(rows: Sequence[Any], *, turned: bool) -> dict[str, npt.NDArray[Any]]:
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 9
    sha256, phash, dhash, average, whash, animated, width, height, *coefficients = columns
    found: dict[str, npt.NDArray[Any]] = dict(zip(HASHES, map(_numbers, (phash, dhash, average, whash)), strict=True))
    found |= {"sha256": np.array(sha256, dtype="S64"), "animated": np.array(animated, dtype=np.bool_)}
    found |= {"width": np.array(width, dtype=np.int64), "height": np.array(height, dtype=np.int64)}
    if turned:
        looks = frequencies.orientations(_waves(coefficients[0]))
        found |= {name: looks[name] for name in _TURNS}
        found["measured"] = np.array([one is not None for one in coefficients[0]], dtype=np.bool_)
    return found


def _numbers(texts: Sequence[str]) -> Hashes:
    return np.frombuffer(bytes.fromhex("".join(texts)), dtype=">u8").astype(np.uint64)


def _waves(coefficients: Sequence[bytes | None]) -> frequencies.Frequencies:
    return frequencies.unpacked([_UNMEASURED if one is None else one for one in coefficients])


def _among(shas: Shas, names: Shas) -> Flags:
    """Which of the shas, which are in order, are among the names."""
    found = np.zeros(len(shas), np.bool_)
    places = np.searchsorted(shas, names)
    there = places < len(shas)
    places, names = places[there], names[there]
    found[places[shas[places] == names]] = True
    return found
