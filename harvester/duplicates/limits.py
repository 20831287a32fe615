"""Limits on the difference between near-duplicates, by method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harvester.errors import UsageProblem

OFF = "off"
MAX_BITS = 15
"""Largest limit in bits; at 32, half of all unrelated pictures would match."""

DEFAULTS = {"phash": (4, 3), "dhash": (4, 1), "average": (1, None), "whash": (1, None)}
"""Limits in bits for still pictures and for pairs with an animated one, as in imagefap-favorites.

See docs/duplicates.md.
"""


@dataclass(frozen=True)
class Limit:
    """Bits in which two hashes may differ: for still pictures, and if either is animated (None: they never match)."""

    regular: int
    animated: int | None


@dataclass(frozen=True)
class MatchLimits:
    """The methods to use, and whether rotated and mirrored pictures match, too."""

    methods: Mapping[str, Limit]
    orientations: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The limits in the form stored in the catalogue."""
        methods = {name: [limit.regular, limit.animated] for name, limit in self.methods.items()}
        return {**methods, "orientations": self.orientations}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> "MatchLimits":
        """Build the limits from the result of `as_dict`."""
        methods = {name: Limit(*stored[name]) for name in DEFAULTS if name in stored}
        return cls(methods, stored["orientations"])

    def exceeds(self, other: "MatchLimits") -> bool:
        """Whether these limits can match a pair that the other limits cannot."""
        if self.orientations and not other.orientations:
            return True
        return any(
            name not in other.methods
            or limit.regular > other.methods[name].regular
            or _is_wider(limit.animated, other.methods[name].animated)
            for name, limit in self.methods.items()
        )


def parse_limits(regular: Mapping[str, str], animated: Mapping[str, str], *, orientations: bool) -> MatchLimits:
    """Limits from command-line values by method, with defaults for missing ones. Raises UsageProblem."""
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
