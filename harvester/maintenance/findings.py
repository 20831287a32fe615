"""What can be wrong with the store: the only place where the words of `scrapy verify` are listed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FindingKind:
    """What one word means; `sound` where nothing is lost and nothing has to be done."""

    harmless: bool
    meaning: str
    repair: str
    delete: str


KINDS: dict[str, FindingKind] = {
    "torn": FindingKind(False, "a blob whose bytes are not those of its name",
                 "restored from its named copy; else set aside, its images owed again", "removed, not set aside"),
    "missing": FindingKind(False, "a blob that the catalogue knows and the disk does not",
                    "restored from its named copy; else its images owed again", "–"),
    "unrecorded": FindingKind(False, "a blob of an image, without its row in the catalogue",
                       "the row is made from the bytes", "–"),
    "orphaned": FindingKind(False, "a blob without a row, and no image refers to it",
                     "the row is made from the bytes", "removed"),
    "foreign": FindingKind(False, "a file in blobs/ or images/ that harvester did not make", "–", "removed"),
    "unnamed": FindingKind(False, "a named copy that the catalogue knows and the disk does not",
                    "owed again: the next crawl makes it from the blob", "–"),
    "altered": FindingKind(False, "a named copy with other bytes than were written",
                    "set aside and owed again", "removed, not set aside"),
    "unfounded": FindingKind(False, "an image called done without bytes or without a name", "owed again", "–"),
    "outdated": FindingKind(False,
                     "a blob that an earlier version measured, with other fingerprints or without coefficients",
                     "measured again", "–"),
    "unreferenced": FindingKind(True, "a recorded blob that no image refers to", "–", "removed"),
    "going": FindingKind(True, "a file of a removed picture; the removal was stopped, the next `scrapy remove` ends it",
                  "–", "removed"),
    "leftover": FindingKind(True, "an unfinished hidden file of a killed process; the next crawl removes it",
                     "–", "removed"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be. `what`: the path of the file, or the image; `detail` for a person."""

    kind: str
    subject: str
    detail: str = ""

    @property
    def is_harmless(self) -> bool:
        """Whether it can stay as it is."""
        return KINDS[self.kind].harmless


@dataclass(frozen=True)
class ImageFinding(Finding):
    """A finding about an image of the catalogue."""

    image_id: int = 0
