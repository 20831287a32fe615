"""The one reason for which every image of a run failed: a wrong setting, say, or no network."""

import logging
from collections.abc import Sequence

from harvester.catalogue.queries import StatusCount
from harvester.catalogue.writer import ImageOutcome
from harvester.reasons import advise
from harvester.text import count_noun, escape_control_chars

logger = logging.getLogger(__name__)

WARN_AFTER = 20
"""Images after which a warning is logged at once."""

_MAX_DETAIL = 100
"""Characters of the detail of the first image."""


class CommonFailure:
    """Follows the outcomes of a run until one differs; `retried` counts the images that it retries unasked."""

    def __init__(self) -> None:
        self.retried = 0
        self._is_common = True
        self._count = 0
        self._reason = self._detail = ""

    def add(self, outcome: ImageOutcome) -> None:
        """Note an outcome, and warn if so many have failed alike."""
        if not self._is_common:
            return
        if not self._count:
            self._reason, self._detail = outcome.reason, outcome.detail
        self._count += 1
        self._is_common = outcome.status == "failed" and outcome.reason == self._reason
        if self._is_common and self._count == WARN_AFTER:
            logger.warning("%s", self._describe(f"The first {WARN_AFTER} images of this run"))

    def problem(self, counts: Sequence[StatusCount]) -> str:
        """A sentence for the end of the run; empty if images were done, or failed for several reasons.

        `counts` are those of the collection. If all of it failed alike, the sentence says so even if this run tried
        nothing. If some of it is done, a run that only retried what failed before is no problem.
        """
        if self._is_common and self._count:
            if self._count > self.retried or all(count.status != "done" for count in counts):
                return self._describe(f"All {count_noun(self._count, 'image')} of this run")
        elif len(counts) == 1 and counts[0].status == "failed":
            self._reason, self._detail = counts[0].reason, ""
            return self._describe(f"All {count_noun(counts[0].images, 'image')} of this collection")
        return ""

    def _describe(self, images: str) -> str:
        detail = escape_control_chars(self._detail[:_MAX_DETAIL])
        return f"{images} failed: {self._reason}{f' ({detail})' if detail else ''}. {advise(self._reason)}"
