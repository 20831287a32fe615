"""How far two pictures may differ and still be called alike, by method. Checked once; raises BadInput."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harvester.errors import UsageProblem

OFF = "off"
MAX_BITS = 15
"""Bits; at 32 half of all unrelated pictures would be alike."""

DEFAULTS = {"phash": (4, 3), "dhash": (4, 1), "average": (1, None), "whash": (1, None)}
"""Bits for still pictures, and where either is animated; those of the old tool (docs/duplicates.md)."""


@dataclass(frozen=True)
class Limit:
    """Bits in which two hashes may differ: of still pictures, and where either is animated (None: never alike)."""

    regular: int
    animated: int | None


@dataclass(frozen=True)
class MatchLimits:
    """The methods that are used, and whether turned and mirrored pictures are alike as well."""

    methods: Mapping[str, Limit]
    orientations: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As the catalogue keeps them."""
        methods = {name: [limit.regular, limit.animated] for name, limit in self.methods.items()}
        return {**methods, "orientations": self.orientations}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "MatchLimits":
        """What `as_dict` gave."""
        methods = {name: Limit(*stored[name]) for name in DEFAULTS if name in stored}
        return cls(methods, stored["orientations"])

    def exceeds(self, other: "MatchLimits") -> bool:
        """Whether these limits can find a pair that the others could not."""
        if self.orientations and not other.orientations:
            return True
        return any(
            name not in other.methods
            or limit.regular > other.methods[name].regular
            or _is_wider(limit.animated, other.methods[name].animated)
            for name, limit in self.methods.items()
        )


def parse_limits(regular: Mapping[str, str], animated: Mapping[str, str], *, orientations: bool) -> MatchLimits:
    """From the words of the command line, by method; those left out are the defaults. Raises BadInput."""
    methods: dict[str, Limit] = {}
    for name, (default, default_animated) in DEFAULTS.items():
        still = _parse_bits(f"--{name}", regular[name]) if name in regular else default
        moving = (
            _parse_bits(f"--animated-{name}", animated[name])
            if name in animated
            else _stricter(default_animated, still)
        )
        if _is_wider(moving, still):
            limit_text = OFF if still is None else still
            raise UsageProblem(
                f"--animated-{name} {moving}: must be at least as strict as --{name}, which is {limit_text}."
            )
        if still is not None:
            methods[name] = Limit(still, moving)
    if orientations and "phash" not in methods:
        raise UsageProblem("--orientations needs phash, which is off.")
    return MatchLimits(methods, orientations)


def _parse_bits(option: str, text: str) -> int | None:
    if text == OFF:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= MAX_BITS):
        raise UsageProblem(f"{option} {text}: must be {OFF} or a whole number from 0 to {MAX_BITS} (bits).")
    return int(text)


def _is_wider(left: int | None, right: int | None) -> bool:
    return left is not None and (right is None or left > right)


def _stricter(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else min(left, right)
