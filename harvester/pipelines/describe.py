"""400: four perceptual hashes, made of the small plane that the decode left."""

from harvester.items import ImageItem


class FingerprintPipeline:
    """Passes on what was found when the picture was examined."""

    def process_item(self, item: ImageItem) -> ImageItem:
        """Sets phash, dhash, average and whash: 16 hex digits each; they stay None for videos."""
        if item.blob and item.state.report and (hashes := item.state.report.hashes).phash:
            item.phash, item.dhash = hashes.phash, hashes.dhash
            item.average, item.whash = hashes.average, hashes.whash
            item.state.coefficients = hashes.coefficients
        return item


class EmbeddedPipeline:
    """Passes on what was found when the picture was examined, for spiders that say `reads_embedded`."""

    def process_item(self, item: ImageItem) -> ImageItem:
        """Sets `embedded`; it stays None where the file has nothing of the kind."""
        if item.blob and item.state.report:
            item.embedded = item.state.report.embedded
        return item
