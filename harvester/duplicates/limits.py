"""How far two pictures may differ and still be called alike, by method. Checked once; raises BadInput."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harvester.errors import BadInput

OFF = "off"
MOST = 15
"""Bits; at 32 half of all unrelated pictures would be alike."""

DEFAULTS = {"phash": (4, 3), "dhash": (4, 1), "average": (1, None), "whash": (1, None)}
"""Bits for still pictures, and where either is animated; those of the old tool (docs/duplicates.md)."""


@dataclass(frozen=True)
class Limit:
    """Bits in which two hashes may differ: of still pictures, and where either is animated (None: never alike)."""

    regular: int
    animated: int | None


@dataclass(frozen=True)
class Limits:
    """The methods that are used, and whether turned and mirrored pictures are alike as well."""

    methods: Mapping[str, Limit]
    orientations: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As the catalogue keeps them."""
        methods = {name: [limit.regular, limit.animated] for name, limit in self.methods.items()}
        return {**methods, "orientations": self.orientations}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> "Limits":
        """What `as_dict` gave."""
        methods = {name: Limit(*kept[name]) for name in DEFAULTS if name in kept}
        return cls(methods, kept["orientations"])

    def beyond(self, other: "Limits") -> bool:
        """Whether these limits can find a pair that the others could not."""
        if self.orientations and not other.orientations:
            return True
        return any(
            name not in other.methods
            or limit.regular > other.methods[name].regular
            or _wider(limit.animated, other.methods[name].animated)
            for name, limit in self.methods.items()
        )


def limits(regular: Mapping[str, str], animated: Mapping[str, str], *, orientations: bool) -> Limits:
    """From the words of the command line, by method; those left out are the defaults. Raises BadInput."""
    methods: dict[str, Limit] = {}
    for name, (usual, usual_animated) in DEFAULTS.items():
        still = _bits(f"--{name}", regular[name]) if name in regular else usual
        moving = _bits(f"--animated-{name}", animated[name]) if name in animated else _stricter(usual_animated, still)
        if _wider(moving, still):
            told = OFF if still is None else still
            raise BadInput(f"--animated-{name} {moving}: must be at least as strict as --{name}, which is {told}.")
        if still is not None:
            methods[name] = Limit(still, moving)
    if orientations and "phash" not in methods:
        raise BadInput("--orientations needs phash, which is off.")
    return Limits(methods, orientations)


def _bits(option: str, text: str) -> int | None:
    if text == OFF:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= MOST):
        raise BadInput(f"{option} {text}: must be {OFF} or a whole number from 0 to {MOST} (bits).")
    return int(text)


def _wider(one: int | None, other: int | None) -> bool:
    return one is not None and (other is None or one > other)


def _stricter(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else min(one, other)
