"""Image selection by --site, --tag, --album and --where, with the same rules as in other commands."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy import Connection

from harvester.catalogue.selection import Selection, selection_conditions
from harvester.catalogue.tags import tag_assignment, tag_tree
from harvester.errors import UsageProblem
from harvester.export.options import ExportOptions
from harvester.export.selected_images import ImageConditions
from harvester.storage.paths import DataPaths

RULES = tuple(rule.name for rule in fields(Selection))


@dataclass(frozen=True)
class ResolvedSelection:
    """A checked selection: `tag` is the path of the requested tag, `conditions` apply to the table `images`."""

    tag: str | None
    conditions: ImageConditions


def parse_selection(named_rules: dict[str, str | None], where_rules: Iterable[str]) -> Selection:
    """Parse --site, --tag, --album and the `rule=value` pairs of --where. Raises UsageProblem."""
    rules = {name: value for name, value in named_rules.items() if value is not None}
    for text in where_rules:
        name, separator, value = text.partition("=")
        if not separator or name not in RULES:
            raise UsageProblem(f"--where {text}: must be RULE=VALUE, with one of {', '.join(RULES)}.")
        if name in rules:
            raise UsageProblem(f"--where {text}: {name} is given twice.")
        rules[name] = value
    return Selection(**rules)


def resolve_selection(
    connection: Connection, places: DataPaths, options: ExportOptions, selection: Selection
) -> ResolvedSelection:
    """Check a selection against the catalogue. Raises UsageProblem for a rule that matches nothing known."""
    if options.format == "status" and selection != Selection(site=selection.site):
        raise UsageProblem("status: a status file covers a whole data set; only --site is possible.")
    tree = tag_assignment.load_tree(connection) if selection.tag is not None else {}
    tag = None if selection.tag is None else tag_tree.tag_path(tree, tag_tree.find_tag(tree, selection.tag))
    return ResolvedSelection(tag, selection_conditions(connection, places, selection))
