"""Where an export may go."""

from pathlib import Path

from harvester.errors import UsageProblem
from harvester.items import Collection
from harvester.places import DataPaths, resolve_folder


def check_export_folder(text: str, places: DataPaths, collections: list[Collection]) -> Path:
    """The folder that --to names. Raises BadInput where the collection itself lies there."""
    folder = resolve_folder("--to", text)
    if folder.is_relative_to(places.root):
        raise UsageProblem(f"--to {text}: lies in the data directory {places.root}; export to a folder of its own.")
    if places.root.is_relative_to(folder):
        raise UsageProblem(f"--to {text}: the data directory {places.root} lies in it; export to a folder of its own.")
    for collection in collections:
        if folder.is_relative_to(places.output(collection)):
            raise UsageProblem(f"--to {text}: crawls write their pictures there; export to a folder of its own.")
    return folder
