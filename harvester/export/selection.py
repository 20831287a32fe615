"""Which images a person means: --site, --tag, --album and --where, in the words of the other commands."""

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
    """`tag` is the path of the tag that was asked for; `fitting` are conditions on the table `images`."""

    tag: str | None
    conditions: ImageConditions


def parse_selection(named_rules: dict[str, str | None], where_rules: Iterable[str]) -> Selection:
    """From --site, --tag and --album, and from `rule=value` of --where. Raises BadInput."""
    rules = {name: value for name, value in named_rules.items() if value is not None}
    for text in where_rules:
        name, separator, value = text.partition("=")
        if not separator or name not in RULES:
            raise UsageProblem(f"--where {text}: must be RULE=VALUE, with one of {', '.join(RULES)}.")
        if name in rules:
            raise UsageProblem(f"--where {text}: {name} is given twice, and every rule must fit.")
        rules[name] = value
    return Selection(**rules)


def resolve_selection(
    connection: Connection, places: DataPaths, options: ExportOptions, selection: Selection
) -> ResolvedSelection:
    """Raises BadInput for a rule that names what there is not."""
    if options.format == "status" and selection != Selection(site=selection.site):
        raise UsageProblem("status: a status file is that of a whole data set; only --site can be chosen.")
    tree = tag_assignment.load_tree(connection) if selection.tag is not None else {}
    tag = None if selection.tag is None else tag_tree.tag_path(tree, tag_tree.find_tag(tree, selection.tag))
    return ResolvedSelection(tag, selection_conditions(connection, places, selection))
