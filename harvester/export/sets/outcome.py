"""What became of each image of an export, in numbers that add up."""

from collections import Counter
from dataclasses import dataclass, field

from harvester.export.sets.records import Record


@dataclass
class Outcome:
    """Of one image: the files that hold it, or why it could not be exported; with neither it does not belong there."""

    record: Record
    files: list[str] = field(default_factory=list)
    failed: str = ""


@dataclass
class Tally:
    """Images and files of one export. selected = exported + skipped + failed.

    `files`: written, unchanged, removed, yours (changed by their owner, so left alone).
    """

    selected: int = 0
    exported: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    @property
    def adds_up(self) -> bool:
        """Every selected image ended in exactly one way."""
        return self.selected == self.exported + self.skipped.total() + self.failed.total()

    def complaints(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        found = [f"{self.failed.total():,} images could not be exported."] if self.failed else []
        if not self.adds_up:
            found += ["These numbers do not add up, so pictures may be missing: export again, and report the mistake."]
        return found

    def lines(self, *, dry: bool) -> list[str]:
        """For a person."""
        numbers = f"{self.selected:,} images selected: {self.exported:,} {'to export' if dry else 'exported'}"
        numbers += f", {self.skipped.total():,} skipped, {self.failed.total():,} failed."
        reasons = [
            f"  {what}: {reason}: {number:,}"
            for what, counts in (("skipped", self.skipped), ("failed", self.failed))
            for reason, number in sorted(counts.items())
        ]
        files = [f"{self.files[word]:,} {word if not dry else plan}" for word, plan in _FILES.items()]
        if self.files["yours"]:
            files.append(f"{self.files['yours']:,} left alone, as they were changed after the last export")
        return [numbers, *reasons, f"Files: {', '.join(files)}."]


_FILES = {"written": "to write", "unchanged": "unchanged", "removed": "to remove"}
