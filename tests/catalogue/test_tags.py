"""The laws of the tree of tags and of its undoing, on both databases."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import OperationalError

from harvester.catalogue.schema import tag_changes, tag_log
from harvester.catalogue.store import open_catalogue
from harvester.catalogue.tags import tag_assignment, tag_tree, tag_undo
from harvester.errors import UsageProblem
from harvester.maintenance import tagging
from tests.catalogue.test_statistics import insert_blobs

SHAS = [digit * 64 for digit in "abcdef"]
NAMES = ["lakes", "Lakes", "LAKES", "hills", "Straße", "STRASSE", "7", "2"]

_names, _shas = st.sampled_from(NAMES), st.lists(st.sampled_from(SHAS), min_size=1, unique=True)
_steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), _names),
        st.tuples(st.just("add"), st.builds("{}/{}".format, _names, _names)),
        st.tuples(st.just("rename"), _names, _names),
        st.tuples(st.just("move"), _names, _names | st.just("/")),
        st.tuples(st.just("delete"), _names),
        st.tuples(st.just("apply"), _names, _shas),
        st.tuples(st.just("clear"), _names, _shas),
        st.tuples(st.just("undo")),
    ),
    min_size=3,
    max_size=14,
)

State = dict[int, tuple[str, int | None, frozenset[str]]]


def _state(connection: Connection) -> State:
    """Every tag by number: name, parent, pictures."""
    return {
        number: (
            tag.name,
            tag.parent,
            frozenset(connection.execute(tag_assignment.pictures_with_tag(number, tag)).scalars()),
        )
        for number, tag in tag_assignment.load_tree(connection).items()
    }


def _run_step(connection: Connection, word: str, *rest: object) -> bool:
    """Do a step; False, and nothing done, where it is refused."""
    try:
        with connection.begin_nested():
            if word in ("apply", "clear"):
                rest = (rest[0], tag_assignment.from_list(connection, rest[1]))  # type: ignore[arg-type]
            getattr(tagging, "undo_change" if word == "undo" else f"{word}_tag")(connection, *rest)
    except UsageProblem:
        return False
    return True


def _changes(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(tag_changes)).scalar_one())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps)
def test_undo_restores_every_state(connection: Connection, steps: list[tuple[object, ...]]) -> None:
    """Whatever is done, also undone in between: going back passes the same states, tag by tag, picture by picture."""
    with connection.begin_nested() as example:
        past: list[State] = []
        for step in steps:
            before, changes = _state(connection), _changes(connection)
            entries = connection.execute(select(func.max(tag_log.c.id))).scalar()
            done = _run_step(connection, *step)  # type: ignore[arg-type]
            if done and step[0] == "undo":
                assert _state(connection) == past.pop()
            elif done and _changes(connection) > changes:
                past.append(before)
            else:
                assert _state(connection) == before
                assert connection.execute(select(func.max(tag_log.c.id))).scalar() == entries
        while past:
            assert _run_step(connection, "undo")
            assert _state(connection) == past.pop()
        assert not _run_step(connection, "undo")
        example.rollback()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_steps)
def test_the_tree_is_a_tree_with_unique_names(connection: Connection, steps: list[tuple[object, ...]]) -> None:
    """Names differ not by case alone, parents are there, nobody is below itself, numbers are the smallest free ones."""
    with connection.begin_nested() as example:
        for step in steps:
            before = _state(connection)
            done = _run_step(connection, *step)  # type: ignore[arg-type]
            after = _state(connection)
            names = [name.casefold() for name, _, _ in after.values()]
            assert len(names) == len(set(names))
            tree = tag_assignment.load_tree(connection)
            assert {parent for _, parent, _ in after.values()} <= {None, *after}
            assert sorted(number for _, number in tag_tree.walk_tree(tree)) == sorted(after)
            if done and step[0] == "add":
                (new,) = after.keys() - before.keys()
                assert set(range(1, new)) <= before.keys()
            if done and step[0] == "delete":
                (deleted,) = before.keys() - after.keys()
                assert deleted not in {parent for _, parent, _ in before.values()}
        example.rollback()


@pytest.mark.parametrize("name", ["", "  ", "a\\b", "Lakes/", "two\nlines", "\u202ebackwards", "places", "PLACES"])
def test_an_invalid_name_is_refused(connection: Connection, name: str) -> None:
    """Empty, with a slash of either kind, with signs that forge lines, or taken in any capitals: nothing is logged."""
    tagging.add_tag(connection, "Places")
    with pytest.raises(UsageProblem):
        tagging.add_tag(connection, name)
    assert [tag.name for tag in tag_assignment.load_tree(connection).values()] == ["Places"]


@pytest.mark.parametrize("text", ["Lakes", "LAKES", "places/lakes", "World/Places/Lakes", "3"])
def test_a_tag_is_found_by_name_path_or_number(connection: Connection, text: str) -> None:
    """In any capitals, with as much of what is above it as one likes; a wrong parent finds nothing."""
    for name in ("World", "World/Places", "Places/Lakes"):
        tagging.add_tag(connection, name)
    assert tag_tree.find_tag(tag_assignment.load_tree(connection), text) == 3
    for wrong in ("World/Lakes", "4", "/Lakes", "Lakes/"):
        with pytest.raises(UsageProblem):
            tag_tree.find_tag(tag_assignment.load_tree(connection), wrong)


def test_a_name_comes_before_a_number(connection: Connection) -> None:
    """A tag may be called 1; then 1 is that one."""
    tagging.add_tag(connection, "first")
    tagging.add_tag(connection, "1")
    assert tag_tree.find_tag(tag_assignment.load_tree(connection), "1") == 2


def test_pictures_that_were_removed_do_not_get_their_tags_back(connection: Connection) -> None:
    """A removal is not undone by undo, and what undo brings back is for pictures that are there."""
    tagging.add_tag(connection, "Lakes")
    tagging.apply_tag(connection, "Lakes", tag_assignment.from_list(connection, SHAS[:3]))
    tagging.delete_tag(connection, "Lakes")
    tagging.undo_change(connection)
    tagging.clear_tag(connection, "Lakes", tag_assignment.from_list(connection, SHAS[:2]))
    removal = tag_assignment.begin_change(connection, tag_undo.REMOVAL_ORIGIN)
    tag_assignment.clear_all_tags(connection, removal, tag_assignment.from_list(connection, SHAS[1:3]))
    tagging.undo_change(connection)  # the clearing, though the removal is the last change
    assert _state(connection)[1][2] == {SHAS[0]}
    assert tag_undo.list_changes(connection, 1)[0].done == ["apply Lakes: 1 image"]


def test_two_concurrent_adds_make_one_tag(engine: Engine) -> None:
    """One of them is answered that it is there already."""
    messages: list[str] = []
    ready = threading.Barrier(2)

    def make() -> None:
        ready.wait()
        try:
            with engine.begin() as connection:
                messages.append(tagging.add_tag(connection, "Lakes"))
        except UsageProblem as error:
            messages.append(str(error))

    _run_in_threads([make, make])
    assert sorted(messages) == ["Added Lakes (1).", "There is already a tag of that name: Lakes (1)."]


def test_a_list_is_applied_while_others_write(tmp_path: Path) -> None:
    """Whoever comes between the reading of the list and its writing waits, so that it is not the list that fails."""
    address = f"sqlite:///{tmp_path / 'catalogue.db'}"
    own_engine, other_engine = open_catalogue(address), open_catalogue(f"{address}?timeout=0")
    with own_engine.begin() as connection:
        tagging.add_tag(connection, "Lakes")
        insert_blobs(connection, [("JPEG", False, 1, 1, 10)])
    with own_engine.begin() as connection:
        named, unknown = tagging.read_picture_list(connection, [f"{0:064x}", SHAS[0]])
        with pytest.raises(OperationalError, match="locked"), other_engine.begin() as other:
            tag_assignment.begin_change(other, "crawl")
        assert "on 1 more" in tagging.apply_tag(connection, "Lakes", named)
    assert unknown == 1
    own_engine.dispose()
    other_engine.dispose()


def _run_in_threads(tasks: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
