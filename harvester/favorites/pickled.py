"""Reading a pickle as data. A pickle is a program: this reader knows only the steps that build plain values.

Containers, numbers and strings come out as themselves, numpy scalars as numbers, numpy arrays as `plain.Array`. Nothing
is imported and no function of the file's choice is called; whatever else stands in the file is refused.
"""

import pickletools
import struct
import warnings
from collections.abc import Callable
from typing import Any

from harvester.errors import BadInput
from harvester.favorites.plain import Array, ElementType, MoreThanData, Name, a, called, key

_BROKEN = (ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError, struct.error)
"""What pickletools and the steps raise over bytes that are no pickle."""


def read(data: bytes, name: str) -> Any:
    """The value in a pickle of any protocol. Raises BadInput, which names the file."""
    machine = _Machine()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of odd escapes in its texts
            for step, argument, _ in pickletools.genops(data):
                if step.name == "STOP":
                    return machine.result()
                machine.do(step.name, argument)
    except MoreThanData as error:
        raise BadInput(f"{name}: {error}. Nothing of it was run.") from error
    except _BROKEN as error:
        raise BadInput(f"{name}: not a database of imagefap-favorites, or a damaged one.") from error
    raise BadInput(f"{name}: the file ends too early.")


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        """The one value that is left at the end."""
        (value,) = self._stack
        return value

    def do(self, step: str, argument: Any) -> None:
        """One step, by its name in pickletools."""
        if step in _VALUES:
            self._stack.append(argument)
        elif step in _CONSTANTS:
            self._stack.append(_CONSTANTS[step]())
        elif step in _STEPS:
            _STEPS[step](self, argument)
        elif step not in _NOTHING:
            raise MoreThanData(f"it holds more than plain data (the step {step})")

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def pop(self) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def drop(self) -> None:
        self.marked()

    def put(self, at: int | None) -> None:
        self._memo[len(self._memo) if at is None else at] = self._stack[-1]

    def get(self, at: int) -> None:
        self._stack.append(self._memo[at])

    def name(self, argument: str | None) -> None:
        module, name = argument.split(" ", 1) if argument else self.last(2)
        self._stack.append(Name(a(str, module), a(str, name)))

    def gather(self, values: list[Any], make: Callable[[list[Any]], Any]) -> None:
        self._stack.append(make(values))

    def extend(self, values: list[Any]) -> None:
        a(list, self._stack[-1]).extend(values)

    def fill(self, pairs: list[Any]) -> None:
        a(dict, self._stack[-1]).update(_pairs(pairs))

    def include(self, values: list[Any]) -> None:
        a(set, self._stack[-1]).update(map(key, values))

    def call(self) -> None:
        name, arguments = self.last(2)
        self._stack.append(called(name, a(tuple, arguments)))

    def build(self) -> None:
        state = self._stack.pop()
        if not isinstance(self._stack[-1], (Array, ElementType)):
            raise MoreThanData("it holds more than plain data (an object with a state)")
        self._stack[-1].build(state)

    def last(self, number: int) -> list[Any]:
        """Take the last few values off the stack."""
        at = len(self._stack) - number
        if at < 0:
            raise IndexError(number)
        values = self._stack[at:]
        del self._stack[at:]
        return values

    def marked(self) -> list[Any]:
        """Take everything behind the last mark off the stack."""
        at = self._marks.pop()
        values = self._stack[at:]
        del self._stack[at:]
        return values


def _pairs(values: list[Any]) -> dict[Any, Any]:
    return dict(zip(map(key, values[::2]), values[1::2], strict=True))


_NUMBERS = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}
_TEXTS = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}
_VALUES = _NUMBERS | _TEXTS | {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}
_NOTHING = frozenset(("PROTO", "FRAME"))
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set, "EMPTY_TUPLE": tuple,
}  # fmt: skip
_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda it, _: it.mark(),
    "POP": lambda it, _: it.pop(),
    "POP_MARK": lambda it, _: it.drop(),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), lambda it, at: it.put(at)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda it, at: it.get(at)),
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), lambda it, name: it.name(name)),
    "TUPLE1": lambda it, _: it.gather(it.last(1), tuple),
    "TUPLE2": lambda it, _: it.gather(it.last(2), tuple),
    "TUPLE3": lambda it, _: it.gather(it.last(3), tuple),
    "TUPLE": lambda it, _: it.gather(it.marked(), tuple),
    "LIST": lambda it, _: it.gather(it.marked(), list),
    "DICT": lambda it, _: it.gather(it.marked(), _pairs),
    "FROZENSET": lambda it, _: it.gather(it.marked(), lambda values: frozenset(map(key, values))),
    "APPEND": lambda it, _: it.extend(it.last(1)),
    "APPENDS": lambda it, _: it.extend(it.marked()),
    "SETITEM": lambda it, _: it.fill(it.last(2)),
    "SETITEMS": lambda it, _: it.fill(it.marked()),
    "ADDITEMS": lambda it, _: it.include(it.marked()),
    "REDUCE": lambda it, _: it.call(),
    "BUILD": lambda it, _: it.build(),
}
