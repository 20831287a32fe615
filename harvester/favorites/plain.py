"""What numpy and sets look like in a pickle, rebuilt without importing anything: arrays, element types, scalars."""

import math
import struct
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

_SCALARS = (int, float, str, bytes, type(None))
_LETTERS = {
    "b1": "?", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q", "u8": "Q",
    "f2": "e", "f4": "f", "f8": "d",
}  # fmt: skip
"""numpy's element type -> the letter of `struct`."""


class MoreThanData(ValueError):
    """Something that is not plain data; its text says what."""


@dataclass(frozen=True)
class Name:
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
        order = a(tuple, state)[1]
        self.order = ">" if order == ">" else "<"


@dataclass(eq=False)
class Array:
    """A numpy array as stored: its shape, its elements, its bytes."""

    shape: tuple[int, ...] = ()
    element: ElementType | None = None
    data: bytes = b""

    def build(self, state: Any) -> None:
        """Take everything from a state; an array of Python objects is refused."""
        _, shape, element, _, data = a(tuple, state)
        self.fill(shape, element, data)

    def fill(self, shape: Any, element: Any, data: Any) -> None:
        """Check that the bytes are as many as the shape says."""
        sides = [a(int, side) for side in a(tuple, shape)]
        size = struct.calcsize(_LETTERS[a(ElementType, element).name])
        if not isinstance(data, bytes) or min(sides, default=0) < 0 or math.prod(sides) * size != len(data):
            raise MoreThanData("it holds an array that is not one of numbers")
        self.shape, self.element, self.data = tuple(sides), element, data


def a(kind: type[T], value: Any) -> T:
    """The value, if it is of that kind; raises TypeError."""
    if not isinstance(value, kind):
        raise TypeError(kind)
    return value


def key(value: Any) -> Hashable:
    """The value as a key or a member of a set: nothing nested, so that hashing it is no risk."""
    parts = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(part, _SCALARS) for part in parts):
        raise MoreThanData("it holds a key that is neither a number nor text, nor a few of them")
    return value  # type: ignore[no-any-return]


def called(name: Any, arguments: tuple[Any, ...]) -> Any:
    """What a call would give, for the few calls that build plain data."""
    if not isinstance(name, Name) or (name.module, name.name) not in _CALLS:
        shown = f"{name.module}.{name.name}"[:80] if isinstance(name, Name) else "something"
        raise MoreThanData(f"it holds more than plain data (it wants to call {shown!a})")
    return _CALLS[name.module, name.name](*arguments)


def _set(members: Any = ()) -> set[Hashable]:
    return {key(member) for member in a(list, members)} if members else set()


def _frozenset(members: Any = ()) -> frozenset[Hashable]:
    return frozenset(_set(members))


def _nothing() -> bytes:
    return b""


def _encoded(text: Any, encoding: Any = "latin1") -> bytes:
    if encoding != "latin1":
        raise MoreThanData("it holds more than plain data (bytes in an unusual encoding)")
    return a(str, text).encode("latin1")


def _empty_array(kind: Any, _shape: Any, _letter: Any) -> Array:
    if kind != Name("numpy", "ndarray"):
        raise MoreThanData("it holds more than plain data (an array of another kind)")
    return Array()


def _element_type(name: Any, *_: Any) -> ElementType:
    if name not in _LETTERS:
        raise MoreThanData("it holds an array that is not one of numbers")
    return ElementType(name)


def _scalar(element: Any, data: Any) -> Any:
    found = a(ElementType, element)
    (value,) = struct.unpack(found.order + _LETTERS[found.name], a(bytes, data))
    return value


def _from_buffer(data: Any, element: Any, shape: Any, _order: Any = "C") -> Array:
    array = Array()
    array.fill(shape, element, bytes(a(bytearray, data)) if isinstance(data, bytearray) else data)
    return array


_CALLS: dict[tuple[str, str], Callable[..., Any]] = {
    **{(module, "set"): _set for module in ("builtins", "__builtin__")},
    **{(module, "frozenset"): _frozenset for module in ("builtins", "__builtin__")},
    **{(module, "bytes"): _nothing for module in ("builtins", "__builtin__")},  # empty bytes before protocol 3
    ("_codecs", "encode"): _encoded,
    ("numpy", "dtype"): _element_type,
    **{(f"numpy.{core}.multiarray", "_reconstruct"): _empty_array for core in ("core", "_core")},
    **{(f"numpy.{core}.multiarray", "scalar"): _scalar for core in ("core", "_core")},
    **{(f"numpy.{core}.numeric", "_frombuffer"): _from_buffer for core in ("core", "_core")},
}
