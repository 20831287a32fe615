"""Outcomes of the images of an export, and their totals."""

from collections import Counter
from dataclasses import dataclass, field

from harvester.export.records import Record
from harvester.text import count_noun


@dataclass
class ExportedImage:
    """The outcome of one image: its files or the reason of a failure; with neither, the format does not fit it."""

    record: Record
    files: list[str] = field(default_factory=list)
    failure: str = ""


@dataclass
class ExportTotals:
    """Totals of images and files of one export: selected = exported + skipped + failed.

    `files` counts files: written, unchanged, removed, yours (changed by somebody, so left alone).
    """

    selected: int = 0
    exported: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)

    @property
    def is_consistent(self) -> bool:
        """Whether every selected image has exactly one outcome."""
        return self.selected == self.exported + self.skipped.total() + self.failed.total()

    def complaints(self) -> list[str]:
        """The problems of the export, one sentence each."""
        messages = [f"{count_noun(self.failed.total(), 'image')} could not be exported."] if self.failed else []
        if not self.is_consistent:
            messages += ["These numbers do not add up, so images may be missing. Export again, and report the problem."]
        return messages

    def lines(self, *, dry: bool) -> list[str]:
        """The totals as text lines."""
        summary = (
            f"{count_noun(self.selected, 'image')} selected: {self.exported:,} {'to export' if dry else 'exported'}"
        )
        summary += f", {self.skipped.total():,} skipped, {self.failed.total():,} failed."
        reasons = [
            f"  {status}: {reason}: {number:,}"
            for status, counts in (("skipped", self.skipped), ("failed", self.failed))
            for reason, number in sorted(counts.items())
        ]
        files = [f"{self.files[word]:,} {word if not dry else dry_word}" for word, dry_word in _FILE_WORDS.items()]
        if self.files["yours"]:
            files.append(f"{self.files['yours']:,} left alone because of changes after the last export")
        return [summary, *reasons, f"Files: {', '.join(files)}."]


_FILE_WORDS = {"written": "to write", "unchanged": "unchanged", "removed": "to remove"}
