"""What numpy and sets look like in a pickle, rebuilt without importing anything: arrays, element types, scalars."""

import math
import struct
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_SCALAR_TYPES = (int, float, str, bytes, type(None))
_STRUCT_LETTERS = {
    "b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip
"""numpy's element type -> the letter of `struct`."""


class UnsafePickle(ValueError):
    """Something that is not plain data; its text says what."""


@dataclass(frozen=True)
class PickledName:
    """A name of a module; it is compared, never looked up."""

    module: str
    name: str


@dataclass(eq=False)
class ElementType:
    """A numpy element type such as `f4`; `order` is `<` or `>`."""

    name: str
    order: str = "<"

    def build(self, state: Any) -> None:
        """Take the byte order from a state."""
        order = expect(tuple, state)[1]
        self.order = ">" if order == ">" else "<"


@dataclass(eq=False)
class Array:
    """A numpy array as stored: its shape, its elements, its bytes."""

    shape: tuple[int, ...] = ()
    element: ElementType | None = None
    data: bytes = b""

    def build(self, state: Any) -> None:
        """Take everything from a state; an array of Python objects is refused."""
        _, shape, element, _, data = expect(tuple, state)
        self.set_elements(shape, element, data)

    def set_elements(self, shape: Any, element: Any, data: Any) -> None:
        """Check that the bytes are as many as the shape says."""
        sides = [expect(int, side) for side in expect(tuple, shape)]
        size = struct.calcsize(_STRUCT_LETTERS[expect(ElementType, element).name])
        if not isinstance(data, bytes) or min(sides, default=0) < 0 or math.prod(sides) * size != len(data):
            raise UnsafePickle("it holds an array that is not one of numbers")
        self.shape, self.element, self.data = tuple(sides), element, data


def expect(kind: type[T], value: Any) -> T:
    """The value, if it is of that kind; raises TypeError."""
    if not isinstance(value, kind):
        raise TypeError(kind)
    return value


def hashable(value: Any) -> Hashable:
    """The value as a key or a member of a set: nothing nested, so that hashing it is no risk."""
    parts = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(part, _SCALAR_TYPES) for part in parts):
        raise UnsafePickle("it holds a key that is neither a number nor text, nor a few of them")
    return value  # type: ignore[no-any-return]


def safe_call(name: Any, arguments: tuple[Any, ...]) -> Any:
    """What a call would give, for the few calls that build plain data."""
    if not isinstance(name, PickledName) or (name.module, name.name) not in _ALLOWED_CALLS:
        function_name = f"{name.module}.{name.name}"[:80] if isinstance(name, PickledName) else "something"
        raise UnsafePickle(f"it holds more than plain data (it wants to call {function_name!a})")
    return _ALLOWED_CALLS[name.module, name.name](*arguments)


def _make_set(members: Any = ()) -> set[Hashable]:
    return {hashable(member) for member in expect(list, members)} if members else set()


def _make_frozenset(members: Any = ()) -> frozenset[Hashable]:
    return frozenset(_make_set(members))


def _empty_bytes() -> bytes:
    return b""


def _encode(text: Any, encoding: Any = "latin1") -> bytes:
    if encoding != "latin1":
        raise UnsafePickle("it holds more than plain data (bytes in an unusual encoding)")
    return expect(str, text).encode("latin1")


def _empty_array(kind: Any, _shape: Any, _letter: Any) -> Array:
    if kind != PickledName("numpy", "ndarray"):
        raise UnsafePickle("it holds more than plain data (an array of another kind)")
    return Array()


def _make_element_type(name: Any, *_: Any) -> ElementType:
    if name not in _STRUCT_LETTERS:
        raise UnsafePickle("it holds an array that is not one of numbers")
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
