"""Safe reader for pickles that contain only plain data.

A pickle is a program; this reader accepts only the opcodes that build plain values. Containers, numbers and strings are
returned as such, numpy scalars as numbers, and numpy arrays as `Array`. Nothing is imported and no function that
the file names is called; anything else in the file is rejected.
"""

import math
import pickletools
import struct
import warnings
from collections.abc import Callable, Hashable, Sized
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
    return set(map(hashable, expect(list, members))) if members else set()


def _make_frozenset(members: Any = ()) -> frozenset[Hashable]:
    return frozenset(_make_set(members))


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
    **{(module, "bytes"): lambda: b"" for module in ("builtins", "__builtin__")},  # empty bytes before protocol 3
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
    vm = _PickleVM(len(data))
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


_TO_MARK = None
"""In place of a number of values: all after the last mark."""


class _PickleVM:
    """The stack and the memo of a pickle.

    Memory grows with the length of the file only: the memo is a dictionary, pickletools compares lengths with the bytes
    that are left, and no call copies shared values more often than the file could hold them.
    """

    def __init__(self, file_bytes: int) -> None:
        self._may_copy = file_bytes
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
        elif opcode in _PUT_OPCODES:
            self._memo[len(self._memo) if argument is None else argument] = self._stack[-1]
        elif opcode in _GET_OPCODES:
            self._stack.append(self._memo[argument])
        elif opcode in _BUILDERS:
            count, build = _BUILDERS[opcode]
            self._stack.append(build(self._pop(count)))
        elif opcode in _UPDATES:
            count, update = _UPDATES[opcode]
            values = self._pop(count)
            update(self._stack[-1], values)
        elif opcode == "REDUCE":
            self._stack.append(self._call(*self._pop(2)))
        elif opcode == "GLOBAL":
            self._stack.append(_make_name(argument.split(" ", 1)))
        elif opcode == "MARK":
            self._marks.append(len(self._stack))
        elif opcode in ("POP", "POP_MARK"):
            is_mark = opcode == "POP_MARK" or self._marks[-1:] == [len(self._stack)]
            self._pop(_TO_MARK if is_mark else 1)
        elif opcode not in ("PROTO", "FRAME"):
            raise UnsafePickle(f"it contains more than plain data (the step {opcode})")

    def _call(self, name: Any, arguments: Any) -> Any:
        """Call a function, unless the calls have by now copied more than the file holds."""
        copied = expect(tuple, arguments)[:1]
        self._may_copy -= sum(len(value) for value in copied if isinstance(value, Sized))
        if self._may_copy < 0:
            raise UnsafePickle("it copies its own data again and again")
        return safe_call(name, arguments)

    def _pop(self, count: int | None) -> list[Any]:
        """Remove the last `count` values from the stack, or all after the last mark, and return them."""
        start = self._marks.pop() if count is _TO_MARK else len(self._stack) - count
        if start < 0:
            raise IndexError(count)
        values = self._stack[start:]
        del self._stack[start:]
        return values


def _make_name(parts: list[Any]) -> PickledName:
    module, name = parts
    return PickledName(expect(str, module), expect(str, name))


def _make_dict(values: list[Any]) -> dict[Hashable, Any]:
    return dict(zip(map(hashable, values[::2]), values[1::2], strict=True))


def _set_state(target: Any, values: list[Any]) -> None:
    if not isinstance(target, (Array, ElementType)):
        raise UnsafePickle("it contains more than plain data (an object with a state)")
    target.build(*values)


_VALUE_OPCODES = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
    "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip

_PUT_OPCODES = {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}

_GET_OPCODES = {"GET", "BINGET", "LONG_BINGET"}

_BUILDERS: dict[str, tuple[int | None, Callable[[list[Any]], Any]]] = {
    "NONE": (0, lambda _: None), "NEWTRUE": (0, lambda _: True), "NEWFALSE": (0, lambda _: False),
    "EMPTY_TUPLE": (0, tuple), "TUPLE1": (1, tuple), "TUPLE2": (2, tuple), "TUPLE3": (3, tuple),
    "TUPLE": (_TO_MARK, tuple),
    "EMPTY_LIST": (0, list), "LIST": (_TO_MARK, list),
    "EMPTY_DICT": (0, dict), "DICT": (_TO_MARK, _make_dict),
    "EMPTY_SET": (0, set), "FROZENSET": (_TO_MARK, _make_frozenset),
    "STACK_GLOBAL": (2, _make_name),
}  # fmt: skip
"""Opcodes that take values from the stack and put a new one there."""

_UPDATES: dict[str, tuple[int | None, Callable[[Any, list[Any]], None]]] = {
    "APPEND": (1, lambda target, values: expect(list, target).extend(values)),
    "APPENDS": (_TO_MARK, lambda target, values: expect(list, target).extend(values)),
    "SETITEM": (2, lambda target, values: expect(dict, target).update(_make_dict(values))),
    "SETITEMS": (_TO_MARK, lambda target, values: expect(dict, target).update(_make_dict(values))),
    "ADDITEMS": (_TO_MARK, lambda target, values: expect(set, target).update(map(hashable, values))),
    "BUILD": (1, _set_state),
}
"""Opcodes that take values from the stack and change the one below them."""
