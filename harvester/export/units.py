"""Numbers and times as a person reads them."""

from datetime import UTC, datetime


def size(number: float) -> str:
    """Bytes, in steps of 1024: `1.50 kb`."""
    return _scaled(number, 1024, ("b", "kb", "Mb", "Gb", "Tb"))


def amount(number: float) -> str:
    """A number, in steps of 1000: `2.50 M`."""
    return _scaled(number, 1000, ("", "k", "M", "G", "T"))


def _scaled(number: float, step: int, units: tuple[str, ...]) -> str:
    unit = 0
    while abs(number) >= step and unit < len(units) - 1:
        number, unit = number / step, unit + 1
    told = f"{number:,.2f}" if unit or number != int(number) else f"{int(number)}"
    return f"{told} {units[unit]}".strip()


def moment(seconds: int | None) -> str:
    """A time as the catalogue writes it, UTC; `-` for none."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
