"""Which images a person means: --site, --tag, --album and --where, in the words of the other commands."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy import Connection

from harvester.catalogue import tags, tagtree
from harvester.catalogue.selection import Selection, conditions
from harvester.errors import BadInput
from harvester.export.sets.picking import Fitting
from harvester.export.sets.wish import Wish
from harvester.places import Places

RULES = tuple(rule.name for rule in fields(Selection))


@dataclass(frozen=True)
class Selected:
    """`tag` is the path of the tag that was asked for; `fitting` are conditions on the table `images`."""

    tag: str | None
    fitting: Fitting


def selection(given: dict[str, str | None], where: Iterable[str]) -> Selection:
    """From --site, --tag and --album, and from `rule=value` of --where. Raises BadInput."""
    rules = {name: value for name, value in given.items() if value is not None}
    for text in where:
        name, sign, value = text.partition("=")
        if not sign or name not in RULES:
            raise BadInput(f"--where {text}: must be RULE=VALUE, with one of {', '.join(RULES)}.")
        if name in rules:
            raise BadInput(f"--where {text}: {name} is given twice, and every rule must fit.")
        rules[name] = value
    return Selection(**rules)


def selected(connection: Connection, places: Places, wish: Wish, wanted: Selection) -> Selected:
    """Raises BadInput for a rule that names what there is not."""
    if wish.format == "status" and wanted != Selection(site=wanted.site):
        raise BadInput("status: a status file is that of a whole data set; only --site can be chosen.")
    tree = tags.tree(connection) if wanted.tag is not None else {}
    tag = None if wanted.tag is None else tagtree.path(tree, tagtree.find(tree, wanted.tag))
    return Selected(tag, conditions(connection, places, wanted))
