"""400: four perceptual hashes of the small plane that the decode left."""

from harvester.extensions.workers import next_step
from harvester.items import ImageItem
from harvester.workbench import fingerprint


class FingerprintPipeline:
    """Has the worker make the hashes."""

    async def process_item(self, item: ImageItem) -> ImageItem:
        """Sets phash, dhash, average and whash: 16 hex digits each; they stay None for videos."""
        if item.work.worker is not None and (found := await next_step(item, fingerprint)):
            item.phash, item.dhash = found.phash, found.dhash
            item.average, item.whash = found.average, found.whash
            item.work.coefficients = found.coefficients
        return item
