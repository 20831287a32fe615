"""What an import tells at its end."""

from dataclasses import dataclass, field


@dataclass
class ImportReport:
    """What was taken over, in numbers, and one sentence for everything that could not be."""

    counts: dict[str, int] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def count(self, label: str, number: int = 1) -> None:
        """Add to a number."""
        self.counts[label] = self.counts.get(label, 0) + number
