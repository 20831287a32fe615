"""500: the generation data that programs write into the files they make, kept apart from what the source says."""

from harvester.items import ImageItem


class EmbeddedPipeline:
    """Passes on what was found when the picture was examined, for spiders that say `reads_embedded`."""

    def process_item(self, item: ImageItem) -> ImageItem:
        """Sets `embedded`; it stays None where the file has nothing of the kind."""
        if item.blob and item.state.report:
            item.embedded = item.state.report.embedded
        return item
