"""Numbers and times as a person reads them."""

from datetime import UTC, datetime


def format_bytes(number: float) -> str:
    """Bytes, in steps of 1024: `1.50 kb`."""
    return _scale(number, 1024, ("b", "kb", "Mb", "Gb", "Tb"))


def format_number(number: float) -> str:
    """A number, in steps of 1000: `2.50 M`."""
    return _scale(number, 1000, ("", "k", "M", "G", "T"))


def _scale(number: float, step: int, units: tuple[str, ...]) -> str:
    unit = 0
    while abs(number) >= step and unit < len(units) - 1:
        number, unit = number / step, unit + 1
    text = f"{number:,.2f}" if unit or number != int(number) else f"{int(number)}"
    return f"{text} {units[unit]}".strip()


def format_time(seconds: int | None) -> str:
    """A time as the catalogue writes it, UTC; `-` for none."""
    return "-" if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
