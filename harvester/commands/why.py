"""`scrapy why`: print the whole history of an image."""

import argparse

from harvester.cli import ANY_NUMBER, HarvesterCommand, print_message


class Command(HarvesterCommand):
    """Prints where each image was seen, when it was requested, and its outcome; exit code 1 if nothing is found."""

    usage = "URL|ID|SHA256|FILE …"
    description = "Print the history of an image: where it was found, when requested, where stored, why skipped"
    min_args, max_args = 1, ANY_NUMBER

    def expected(self, args: list[str]) -> str:
        """Say that the arguments are images."""
        return f"one or more images: {self.usage}"

    def execute(self, args: list[str], opts: argparse.Namespace) -> int:
        """Print all images that match each argument."""
        from harvester.catalogue.lookup import load_image_records
        from harvester.maintenance.explain import explain
        from harvester.maintenance.find_images import find_images
        from harvester.text import escape_control_chars

        exitcode = 0
        with self.collection() as (paths, catalogue), catalogue.connect() as connection:
            for arg in args:
                records = load_image_records(connection, list(find_images(connection, paths, arg)))
                if not records:
                    exitcode = 1
                    print_message(f"{arg}: no such image in the catalogue.")
                if len(records) > 1:
                    print(f"{escape_control_chars(arg)}: {len(records):,} images\n")
                for record in records:
                    lines = (f"{label:<10}  {escape_control_chars(value)}" for label, value in explain(record, paths))
                    print("\n".join(lines), end="\n\n")
        return exitcode
