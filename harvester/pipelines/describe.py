"""Pipelines 400 and 500: perceptual hashes and embedded generation data, as found during the decode."""

from harvester.items import ImageItem


class FingerprintPipeline:
    """Copies the perceptual hashes from the decode report to the item."""

    def process_item(self, item: ImageItem) -> ImageItem:
        """Set phash, dhash, average and whash, 16 hex digits each; they stay None for videos."""
        if item.blob and item.state.report and (hashes := item.state.report.hashes).phash:
            item.phash, item.dhash = hashes.phash, hashes.dhash
            item.average, item.whash = hashes.average, hashes.whash
            item.state.coefficients = hashes.coefficients
        return item


class EmbeddedPipeline:
    """Copies the generation data from the decode report to the item."""

    def process_item(self, item: ImageItem) -> ImageItem:
        """Set `embedded`; it stays None if the file has no generation data."""
        if item.blob and item.state.report:
            item.embedded = item.state.report.embedded
        return item
