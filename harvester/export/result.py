"""What became of each image of an export, in numbers that add up."""

from collections import Counter
from dataclasses import dataclass, field

from harvester.export.records import Record


@dataclass
class ExportedImage:
    """Of one image: the files that hold it, or why it could not be exported; with neither it does not belong there."""

    record: Record
    files: list[str] = field(default_factory=list)
    failure: str = ""


@dataclass
class ExportTotals:
    """Images and files of one export. selected = exported + skipped + failed.

    `files`: written, unchanged, removed, yours (changed by their owner, so left alone).
    """

    selected: int = 0
    exported: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    @property
    def is_consistent(self) -> bool:
        """Every selected image ended in exactly one way."""
        return self.selected == self.exported + self.skipped.total() + self.failed.total()

    def complaints(self) -> list[str]:
        """What is wrong with it, a sentence each."""
        messages = [f"{self.failed.total():,} images could not be exported."] if self.failed else []
        if not self.is_consistent:
            messages += [
                "These numbers do not add up, so pictures may be missing: export again, and report the mistake."
            ]
        return messages

    def lines(self, *, dry: bool) -> list[str]:
        """For a person."""
        summary = f"{self.selected:,} images selected: {self.exported:,} {'to export' if dry else 'exported'}"
        summary += f", {self.skipped.total():,} skipped, {self.failed.total():,} failed."
        reasons = [
            f"  {status}: {reason}: {number:,}"
            for status, counts in (("skipped", self.skipped), ("failed", self.failed))
            for reason, number in sorted(counts.items())
        ]
        files = [f"{self.files[word]:,} {word if not dry else dry_word}" for word, dry_word in _FILE_WORDS.items()]
        if self.files["yours"]:
            files.append(f"{self.files['yours']:,} left alone, as they were changed after the last export")
        return [summary, *reasons, f"Files: {', '.join(files)}."]


_FILE_WORDS = {"written": "to write", "unchanged": "unchanged", "removed": "to remove"}
