"""A pickle is read as data: plain values come out whole, everything else is refused and never run."""

import collections
import contextlib
import datetime
import io
import os
import pickle
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harvester.errors import UsageProblem
from harvester.spiders.imagefap.old_database.pickle_reader import Array, read_pickle

_SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
_KEYS = st.integers() | st.text(max_size=5) | st.tuples(st.integers(), st.text(max_size=5))
_VALUES = st.recursive(
    _SCALARS | st.frozensets(_KEYS) | st.sets(_KEYS) | st.builds(bytearray, st.binary()),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(_KEYS, inner),
    max_leaves=20,
)


@given(value=_VALUES, protocol=st.integers(0, 5))
@example(value=bytearray(b"x" * 300), protocol=5)
@example(value=[1 << 3000, -1, "\ud800", "\n\\u0041"], protocol=0)
def test_plain_values_come_out_as_they_went_in(value: object, protocol: int) -> None:
    """Whatever the protocol; bytearrays of older protocols are calls, and therefore refused."""
    try:
        assert read_pickle(pickle.dumps(value, protocol), "f") == value
    except UsageProblem as error:
        assert "bytearray" in str(error)
        assert protocol < 5


def test_shared_values_stay_shared_and_cycles_stay_cycles() -> None:
    """The memo of a pickle is kept."""
    shared: list[Any] = [1]
    shared.append(shared)
    result = read_pickle(pickle.dumps({"a": shared, "b": shared}), "f")
    assert result["a"] is result["b"] is result["a"][1]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("module", ["numpy.core", "numpy._core"])
def test_numpy_is_read_without_numpy(protocol: int, module: str) -> None:
    """Scalars become numbers, arrays keep shape, type and bytes; numpy's old and new module names are known."""
    scalars = [np.float64(2.5), np.int64(-7), np.bool_(True), np.float32(0.5), np.uint8(200), np.int32(9)]
    arrays = [np.arange(576, dtype=np.float32), np.array([[1, 2]], dtype=">i4"), np.zeros((0,), np.float64)]
    data = pickle.dumps([scalars, arrays], protocol)
    if protocol < 4:  # names have no length before them
        data = data.replace(b"numpy._core", module.encode())
    read_scalars, read_arrays = read_pickle(data, "f")
    assert read_scalars == [2.5, -7, True, 0.5, 200, 9]
    for array, expected in zip(read_arrays, arrays, strict=True):
        assert isinstance(array, Array)
        assert (array.shape, array.data) == (expected.shape, expected.tobytes())


class _MakesFolder:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("harm",)


class _Stateful:
    def __init__(self) -> None:
        self.x = 1


@pytest.mark.parametrize(
    "value",
    [_MakesFolder(), _Stateful(), os.system, collections.OrderedDict(a=1), datetime.datetime.now(tz=datetime.UTC),
     range(3), np.array([_MakesFolder()], dtype=object), np.array(["a"]), 1j, Path("x"), io.BytesIO(b"x"), slice(1)],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
@pytest.mark.parametrize("protocol", range(6))
def test_everything_else_is_refused_and_nothing_is_run(
    value: object, protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence that names the file; functions by their bare name are only a name, and then no data."""
    monkeypatch.chdir(tmp_path)
    try:
        data = pickle.dumps({"users": value}, protocol)
    except TypeError:
        return  # that protocol cannot write it
    try:
        result = read_pickle(data, "some.database")
        assert type(result["users"]).__name__ == "PickledName"
    except UsageProblem as error:
        assert str(error).startswith("some.database: ")
        assert len(str(error)) < 250
    assert list(tmp_path.iterdir()) == []


def _program(*steps: bytes) -> bytes:
    return b"\x80\x04" + b"".join(steps) + b"."


@pytest.mark.parametrize(
    "data",
    [
        b"", b".", b"garbage", b"\x80\x04", b"\x80\x04.", b"\x80\x04N", b"\x80\x04NN.",
        _program(b"}N", b"\x85" * 1_000_000, b"Ns"),  # a key nested a million deep: hashing it would end the process
        _program(b"\x8f(N", b"\x85" * 1_000_000, b"\x90"),
        _program(b"}N", *(b"q%ch%c\x86" % (n, n) for n in range(60)), b"Ns"),  # a key of 2 ** 60 parts
        _program(b"\x8e", b"\xff" * 8), _program(b"\x8b", struct.pack("<i", -5)), b"I" + b"9" * 100_000 + b"\n.",
        _program(b"cposix\nsystem\n(S'true'\ntR"), _program(b"(S'true'\niposix\nsystem\n"),
        _program(b"(cposix\nsystem\nS'true'\no"), _program(b"cbuiltins\neval\n(S'1'\ntR"),
        _program(b"]", b"}S'append'\nNsb"), _program(b"P1\n"), _program(b"NQ"), _program(b"\x82\x01"),
        _program(b"h\x05"), _program(b"e"), _program(b"a"), _program(b"u"), _program(b"t"), _program(b"R"),
        _program(b"]]s"), _program(b"}]]s"), _program(b"](N(Nee"),
        _program(b"cnumpy._core.multiarray\n_reconstruct\n(cposix\nsystem\n(I0\ntS'b'\ntR"),
        _program(b"cnumpy\ndtype\n(S'O8'\ntR"), _program(b"cnumpy\ndtype\n(]tR"),
        _program(b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I9999999999\ntcnumpy\n"
                 b"dtype\n(S'f8'\ntRI00\nS'x'\ntb"),
    ],
)  # fmt: skip
def test_a_hostile_pickle_is_one_sentence(data: bytes) -> None:
    """Programs, nonsense, and what would break Python's own reader."""
    with pytest.raises(UsageProblem, match="f: "):
        read_pickle(data, "f")


@pytest.mark.parametrize(
    "data",
    [_program(b"Nr", b"\xff" * 4), _program(b"NrQ\0\0\x08"),  # slots of the memo
     _program(b"\x8e", struct.pack("<Q", 2**30)), _program(b"\x96", struct.pack("<Q", 2**30)),
     _program(b"\x8b", struct.pack("<i", 2**30)), _program(b"\x95", struct.pack("<Q", 2**30), b"N")],
)  # fmt: skip
def test_numbers_in_a_pickle_reserve_no_memory(data: bytes) -> None:
    """Slots of the memo and lengths of texts count only if the file holds as much."""
    tracemalloc.start()
    try:
        with contextlib.suppress(UsageProblem):
            assert read_pickle(data, "f") is None
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("call", "argument"),
    [(b"c_codecs\nencode\n", b"(X\x10\x27\0\0" + b"x" * 10_000 + b"t"),
     (b"cbuiltins\nset\n", b"((" + b"".join(b"M%c%c" % (n % 256, n // 256) for n in range(3000)) + b"lt"),
     (b"cnumpy.core.numeric\n_frombuffer\n",
      b"(\x96\x10\x27" + b"\0" * 6 + b"x" * 10_000 + b"cnumpy\ndtype\n(S'u1'\ntR(M\x10\x27tt")],
)  # fmt: skip
def test_calls_may_not_copy_shared_values_again_and_again(call: bytes, argument: bytes) -> None:
    """Once is plain data; a small file could otherwise fill the memory."""
    assert len(read_pickle(_program(b"](", call, b"q\0", argument, b"q\1Re"), "f")) == 1
    with pytest.raises(UsageProblem, match="it copies its own data again and again"):
        read_pickle(_program(b"](", call, b"q\0", argument, b"q\1R", b"h\0h\1R" * 1000, b"e"), "f")


@given(st.binary(max_size=200), st.integers(0, 5), st.integers(0, 60))
def test_no_bytes_break_the_reader(scrap: bytes, protocol: int, at: int) -> None:
    """A value, or one sentence."""
    good = pickle.dumps({"a": [1, {2, 3}, ("x", 2.5)], "b": {}}, protocol)
    for data in (scrap, good[:at] + scrap + good[at:], good[:at]):
        try:
            read_pickle(data, "f")
        except UsageProblem as error:
            assert str(error).startswith("f: ")


def test_an_odd_escape_in_an_old_text_is_no_warning() -> None:
    """Protocol 0 writes texts with escapes; one that Python does not know is read as it stands."""
    assert read_pickle(b"S'a\\_b'\n.", "old.database") == "a\\_b"
