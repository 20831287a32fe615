"""Safe reader for pickles that contain only plain data.

A pickle is a program; this reader accepts only the opcodes that build plain values. Containers, numbers and strings are
returned as such, numpy scalars as numbers, and numpy arrays as `Array`. Nothing is imported and no function that
the file names is called; anything else in the file is rejected.
"""

import math
import pickletools
import struct
import warnings
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from harvester.errors import UsageProblem

T = TypeVar("T")

_SCALAR_TYPES = (int, float, str, bytes, type(None))

_STRUCT_LETTERS = {
    "b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip
"""numpy's element type -> the format letter of `struct`."""


class UnsafePickle(ValueError):
    """A pickle contains something other than plain data; the text says what."""


@dataclass(frozen=True)
class PickledName:
    """A qualified name in a pickle; it is compared but never imported."""

    module: str
    name: str


@dataclass(eq=False)
class ElementType:
    """A numpy element type such as `f4`; `order` is `<` or `>`."""

    name: str
    order: str = "<"

    def build(self, state: Any) -> None:
        """Set the byte order from a pickled state."""
        order = expect(tuple, state)[1]
        self.order = ">" if order == ">" else "<"


@dataclass(eq=False)
class Array:
    """A numpy array as stored: its shape, its element type, its bytes."""

    shape: tuple[int, ...] = ()
    element: ElementType | None = None
    data: bytes = b""

    def build(self, state: Any) -> None:
        """Set all attributes from a pickled state; an array of Python objects is rejected."""
        _, shape, element, _, data = expect(tuple, state)
        self.set_elements(shape, element, data)

    def set_elements(self, shape: Any, element: Any, data: Any) -> None:
        """Set shape, element type and bytes, after checking that their sizes agree."""
        sides = [expect(int, side) for side in expect(tuple, shape)]
        size = struct.calcsize(_STRUCT_LETTERS[expect(ElementType, element).name])
        if not isinstance(data, bytes) or min(sides, default=0) < 0 or math.prod(sides) * size != len(data):
            raise UnsafePickle("it contains an array of something other than numbers")
        self.shape, self.element, self.data = tuple(sides), element, data


def expect(kind: type[T], value: Any) -> T:
    """Return the value if it is of this type, else raise TypeError."""
    if not isinstance(value, kind):
        raise TypeError(kind)
    return value


def hashable(value: Any) -> Hashable:
    """Return the value as a key or set member; nested values are rejected, so that hashing is safe."""
    parts = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(part, _SCALAR_TYPES) for part in parts):
        raise UnsafePickle("it contains a key that is not a number, a text or a tuple of these")
    return value  # type: ignore[no-any-return]


def safe_call(name: Any, arguments: tuple[Any, ...]) -> Any:
    """Evaluate one of the few calls that build plain data; raise UnsafePickle for any other."""
    if not isinstance(name, PickledName) or (name.module, name.name) not in _ALLOWED_CALLS:
        function_name = f"{name.module}.{name.name}"[:80] if isinstance(name, PickledName) else "something"
        raise UnsafePickle(f"it contains more than plain data (it wants to call {function_name!a})")
    return _ALLOWED_CALLS[name.module, name.name](*arguments)


def _make_set(members: Any = ()) -> set[Hashable]:
    return {hashable(member) for member in expect(list, members)} if members else set()


def _make_frozenset(members: Any = ()) -> frozenset[Hashable]:
    return frozenset(_make_set(members))


def _empty_bytes() -> bytes:
    return b""


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if encoding != "latin1":
        raise UnsafePickle("it contains more than plain data (bytes in an unusual encoding)")
    return expect(str, text).encode("latin1")


def _empty_array(kind: Any, _shape: Any, _letter: Any) -> Array:
    if kind != PickledName("numpy", "ndarray"):
        raise UnsafePickle("it contains more than plain data (an array of another kind)")
    return Array()


def _make_element_type(name: Any, *_: Any) -> ElementType:
    if name not in _STRUCT_LETTERS:
        raise UnsafePickle("it contains an array of something other than numbers")
    return ElementType(name)


def _read_scalar(element: Any, data: Any) -> Any:
    element_type = expect(ElementType, element)
    (value,) = struct.unpack(element_type.order + _STRUCT_LETTERS[element_type.name], expect(bytes, data))
    return value


def _array_from_buffer(data: Any, element: Any, shape: Any, _order: Any = "C") -> Array:
    array = Array()
    array.set_elements(shape, element, bytes(expect(bytearray, data)) if isinstance(data, bytearray) else data)
    return array


_ALLOWED_CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    **{(module, "set"): _make_set for module in ("builtins", "__builtin__")},
    **{(module, "frozenset"): _make_frozenset for module in ("builtins", "__builtin__")},
    **{(module, "bytes"): _empty_bytes for module in ("builtins", "__builtin__")},  # empty bytes before protocol 3
    ("_codecs", "encode"): _encode,
    ("numpy", "dtype"): _make_element_type,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _empty_array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _read_scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _array_from_buffer for core in ("core", "_core")},
}

_MALFORMED_ERRORS = (ValueError, LookupError, TypeError, AttributeError, OverflowError, MemoryError, struct.error)
"""Errors that pickletools and the opcodes raise for bytes that are not a pickle."""


def read_pickle(data: bytes, name: str) -> Any:
    """The value in a pickle of any protocol. Raises UsageProblem, which names the file."""
    vm = _PickleVM()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # about unusual escapes in strings
            for opcode, argument, _ in pickletools.genops(data):
                if opcode.name == "STOP":
                    return vm.result()
                vm.execute(opcode.name, argument)
    except UnsafePickle as error:
        raise UsageProblem(f"{name}: {error}. None of it was executed.") from error
    except _MALFORMED_ERRORS as error:
        raise UsageProblem(f"{name}: not an imagefap-favorites database, or a damaged one.") from error
    raise UsageProblem(f"{name}: the file ends too early.")


class _PickleVM:
    """The stack and the memo of a pickle."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}

    def result(self) -> Any:
        """The only value left on the stack at the end."""
        (value,) = self._stack
        return value

    def execute(self, opcode: str, argument: Any) -> None:
        """Execute one opcode, by its name in pickletools."""
        if opcode in _VALUE_OPCODES:
            self._stack.append(argument)
        elif opcode in _CONSTANT_OPCODES:
            self._stack.append(_CONSTANT_OPCODES[opcode]())
        elif opcode in _OPCODE_HANDLERS:
            _OPCODE_HANDLERS[opcode](self, argument)
        elif opcode not in _IGNORED_OPCODES:
            raise UnsafePickle(f"it contains more than plain data (the step {opcode})")

    def mark(self) -> None:
        self._marks.append(len(self._stack))

    def pop(self) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._stack.pop()

    def pop_mark(self) -> None:
        self.pop_marked()

    def put(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._stack[-1]

    def get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    def push_name(self, argument: str | None) -> None:
        module, name = argument.split(" ", 1) if argument else self.pop_last(2)
        self._stack.append(PickledName(expect(str, module), expect(str, name)))

    def push_made(self, values: list[Any], make: Callable[[list[Any]], Any]) -> None:
        self._stack.append(make(values))

    def extend_list(self, values: list[Any]) -> None:
        expect(list, self._stack[-1]).extend(values)

    def update_dict(self, pairs: list[Any]) -> None:
        expect(dict, self._stack[-1]).update(_dict_from_pairs(pairs))

    def update_set(self, values: list[Any]) -> None:
        expect(set, self._stack[-1]).update(map(hashable, values))

    def call_function(self) -> None:
        name, arguments = self.pop_last(2)
        self._stack.append(safe_call(name, expect(tuple, arguments)))

    def build(self) -> None:
        state = self._stack.pop()
        if not isinstance(self._stack[-1], (Array, ElementType)):
            raise UnsafePickle("it contains more than plain data (an object with a state)")
        self._stack[-1].build(state)

    def pop_last(self, count: int) -> list[Any]:
        """Remove the last `count` values from the stack and return them."""
        start = len(self._stack) - count
        if start < 0:
            raise IndexError(count)
        values = self._stack[start:]
        del self._stack[start:]
        return values

    def pop_marked(self) -> list[Any]:
        """Remove everything after the last mark from the stack and return it."""
        start = self._marks.pop()
        values = self._stack[start:]
        del self._stack[start:]
        return values


def _dict_from_pairs(values: list[Any]) -> dict[Any, Any]:
    return dict(zip(map(hashable, values[::2]), values[1::2], strict=True))


_NUMBER_OPCODES = {"INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"}

_TEXT_OPCODES = {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"}

_VALUE_OPCODES = _NUMBER_OPCODES | _TEXT_OPCODES | {"BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"}

_IGNORED_OPCODES = frozenset(("PROTO", "FRAME"))

_CONSTANT_OPCODES: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None, "NEWTRUE": lambda: True, "NEWFALSE": lambda: False,
    "EMPTY_LIST": list, "EMPTY_DICT": dict, "EMPTY_SET": set, "EMPTY_TUPLE": tuple,
}  # fmt: skip

_OPCODE_HANDLERS: dict[str, Callable[[_PickleVM, Any], None]] = {
    "MARK": lambda it, _: it.mark(),
    "POP": lambda it, _: it.pop(),
    "POP_MARK": lambda it, _: it.pop_mark(),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), lambda it, at: it.put(at)),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda it, at: it.get(at)),
    **dict.fromkeys(("GLOBAL", "STACK_GLOBAL"), lambda it, name: it.push_name(name)),
    "TUPLE1": lambda it, _: it.push_made(it.pop_last(1), tuple),
    "TUPLE2": lambda it, _: it.push_made(it.pop_last(2), tuple),
    "TUPLE3": lambda it, _: it.push_made(it.pop_last(3), tuple),
    "TUPLE": lambda it, _: it.push_made(it.pop_marked(), tuple),
    "LIST": lambda it, _: it.push_made(it.pop_marked(), list),
    "DICT": lambda it, _: it.push_made(it.pop_marked(), _dict_from_pairs),
    "FROZENSET": lambda it, _: it.push_made(it.pop_marked(), lambda values: frozenset(map(hashable, values))),
    "APPEND": lambda it, _: it.extend_list(it.pop_last(1)),
    "APPENDS": lambda it, _: it.extend_list(it.pop_marked()),
    "SETITEM": lambda it, _: it.update_dict(it.pop_last(2)),
    "SETITEMS": lambda it, _: it.update_dict(it.pop_marked()),
    "ADDITEMS": lambda it, _: it.update_set(it.pop_marked()),
    "REDUCE": lambda it, _: it.call_function(),
    "BUILD": lambda it, _: it.build(),
}
