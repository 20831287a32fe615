"""What an import tells at its end."""

from dataclasses import dataclass, field


@dataclass
class Report:
    """What was taken over, in numbers, and one sentence for everything that could not be."""

    numbers: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def count(self, what: str, number: int = 1) -> None:
        """Add to a number."""
        self.numbers[what] = self.numbers.get(what, 0) + number
