"""Kinds of findings of `scrapy verify`, with their meanings and repairs."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FindingKind:
    """The meaning of one kind of finding; `harmless` if nothing is lost and nothing has to be done."""

    harmless: bool
    meaning: str
    repair: str
    delete: str


KINDS: dict[str, FindingKind] = {
    "corrupt": FindingKind(False, "a blob whose bytes do not match its sha256",
                 "restored from its output file; else set aside, its images pending again", "removed, not set aside"),
    "missing": FindingKind(False, "a blob that is recorded in the catalogue but not on disk",
                    "restored from its output file; else its images pending again", "–"),
    "unrecorded": FindingKind(False, "a blob that an image refers to, without a row in the catalogue",
                       "the row is made from the bytes", "–"),
    "orphaned": FindingKind(False, "a blob without a row that no image refers to",
                     "the row is made from the bytes", "removed"),
    "foreign": FindingKind(False, "a file in blobs/ or images/ that harvester did not write", "–", "removed"),
    "missing-output": FindingKind(False, "an output file that is recorded in the catalogue but not on disk",
                    "pending again: the next crawl makes it from the blob", "–"),
    "altered": FindingKind(False, "an output file whose bytes have changed since they were written",
                    "set aside and pending again", "removed, not set aside"),
    "done-without-file": FindingKind(False, "an image that is done but lacks its bytes or an output file",
                    "pending again", "–"),
    "outdated": FindingKind(False,
                     "a blob with fingerprints of another version or without coefficients",
                     "fingerprints computed again", "–"),
    "unreferenced": FindingKind(True, "a recorded blob that no image refers to", "–", "removed"),
    "pending-delete": FindingKind(True, "a file of a stopped removal; the next `scrapy remove` deletes it",
                                  "–", "removed"),
    "leftover": FindingKind(True, "an unfinished hidden file of a killed process; the next crawl removes it",
                     "–", "removed"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One problem in the store. `subject` is the path of the file or the key of the image; `detail` is a short text."""

    kind: str
    subject: str
    detail: str = ""

    @property
    def is_harmless(self) -> bool:
        """Whether the subject can stay as it is."""
        return KINDS[self.kind].harmless


@dataclass(frozen=True)
class ImageFinding(Finding):
    """A finding about an image of the catalogue."""

    image_id: int = 0
