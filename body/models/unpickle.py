"""A restricted unpickler for model files: arrays, sparse matrices and chumpy arrays, and nothing that can act.

A pickle names the callables that it wants called. Here a name either becomes an inert stand-in written in this module,
or the file is refused: no class or function of another package is ever handed to a pickle, numpy's included. What the
stand-ins collected is checked, and only then made into arrays.
"""

import pickle
from collections.abc import Callable, Collection, Iterator
from typing import Any, BinaryIO, Final, Literal

import numpy as np
import numpy.typing as npt

_MAX_DEPTH: Final = 8  # of chumpy expressions inside each other
_MAX_NODES: Final = 100_000  # of a tree; a list that is mentioned again and again counts each time
_MAX_ENTRIES: Final = 10_000_000  # of a sparse matrix once it is filled
_SPARSE_FORMATS: Final = ("csc", "csr", "coo")


class ForbiddenPickleError(pickle.UnpicklingError):
    """The pickle asks for something that a model file does not need."""


class _Inert:
    """Takes any state and does nothing with it; `kind` tells what it stands for."""

    kind = ""

    def __new__(cls, *_args: object) -> "_Inert":
        return object.__new__(cls)

    def __init__(self, *_args: object) -> None:
        self.state: dict[str, Any] = {}

    def __setstate__(self, state: object) -> None:
        if isinstance(state, tuple):  # (dict, slots)
            state = state[0]
        if not isinstance(state, dict):
            raise ForbiddenPickleError(f"a {self.kind} object has a state of type {type(state).__name__}")
        self.state = state


def _inert(kind: str) -> type[_Inert]:
    return type(f"_Inert_{kind}", (_Inert,), {"kind": kind})


class _ArrayType:
    """Stands for the class `numpy.ndarray` in the arguments of `_reconstruct`."""


class _DType:
    """Stands for a `numpy.dtype`: booleans, whole numbers and floats in either byte order."""

    def __init__(self, code: object, *_align_copy: object) -> None:
        self.code = code
        self.order: Literal["<", ">", "|", "="] = "<"

    def __setstate__(self, state: object) -> None:
        if not (isinstance(state, tuple) and len(state) >= 2 and state[1] in ("<", ">", "|", "=")):
            raise ForbiddenPickleError(f"an array type has the state {state!r}")
        self.order = state[1]

    def resolve(self) -> np.dtype[Any]:
        if not (isinstance(self.code, str) and self.code[:1] in "biuf" and self.code[1:].isdigit()):
            raise ForbiddenPickleError(f"an array has elements of type {self.code!r}, wanted numbers")
        plain: np.dtype[Any] = np.dtype(self.code)
        return plain.newbyteorder(self.order)


class _Array:
    """Stands for an array while it is unpickled."""

    def __init__(self) -> None:
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: object) -> None:
        if not (isinstance(state, tuple) and len(state) == 5):
            raise ForbiddenPickleError("an array has an unknown state")
        self.state = state

    def resolve(self) -> npt.NDArray[Any]:
        if not self.state:
            raise pickle.UnpicklingError("an array has no content")
        _, shape, dtype, is_fortran, data = self.state
        if not isinstance(dtype, _DType) or not isinstance(data, bytes | str):
            raise ForbiddenPickleError("an array holds Python objects")
        raw = data.encode("latin1") if isinstance(data, str) else data
        flat = np.frombuffer(raw, dtype=dtype.resolve())
        return flat.reshape(shape, order="F" if is_fortran else "C")


def _empty_array(subtype: object, _shape: object, _code: object) -> _Array:
    """Stand in for numpy's `_reconstruct`; the content comes with the state that follows."""
    if subtype is not _ArrayType:
        raise ForbiddenPickleError(f"an array is rebuilt as {subtype!r}")
    return _Array()


def _from_buffer(buffer: object, dtype: object, shape: object, order: object) -> _Array:
    """Stand in for numpy's `_frombuffer`, by which protocol 5 writes arrays."""
    array = _Array()
    raw = bytes(buffer) if isinstance(buffer, bytearray) else buffer
    array.state = (1, shape, dtype, order == "F", raw)
    return array


def _nothing(*_arguments: object) -> None:
    """Stand in for what is of no use here: sets that chumpy keeps for itself, and single numbers."""


def _encode(text: str, encoding: str = "latin1") -> bytes:
    """Stand in for `_codecs.encode`, by which Python 3 writes bytes in old protocols."""
    if not isinstance(text, str) or encoding != "latin1":
        raise ForbiddenPickleError(f"bytes are encoded as {encoding!r}")
    return text.encode("latin1")


class _PlainObject:
    """Stands for `object` in the arguments of `_reconstructor`."""


def _reconstructor(kind: object, base: object, _state: object) -> _Inert:
    """Stand in for `copyreg._reconstructor`, by which protocols 0 and 1 make objects: inert ones only."""
    if not (isinstance(kind, type) and issubclass(kind, _Inert)) or base is not _PlainObject:
        raise ForbiddenPickleError(f"an object of {kind!r} is rebuilt")
    return kind()


def _allowed() -> dict[tuple[str, str], Callable[..., Any] | type]:
    """Return what a name in a model file becomes."""
    names: dict[tuple[str, str], Callable[..., Any] | type] = {
        ("numpy", "ndarray"): _ArrayType,
        ("numpy", "dtype"): _DType,
        ("_codecs", "encode"): _encode,
        ("__builtin__", "object"): _PlainObject,
        ("builtins", "object"): _PlainObject,
        ("copy_reg", "_reconstructor"): _reconstructor,
        ("copyreg", "_reconstructor"): _reconstructor,
        ("__builtin__", "set"): _nothing,
        ("builtins", "set"): _nothing,
        ("chumpy.ch", "Ch"): _inert("chumpy"),
        ("chumpy.reordering", "Select"): _inert("chumpy-select"),
    }
    for core in ("numpy.core", "numpy._core"):
        names[f"{core}.multiarray", "_reconstruct"] = _empty_array
        names[f"{core}.multiarray", "scalar"] = _nothing
        names[f"{core}.numeric", "_frombuffer"] = _from_buffer
    for form in _SPARSE_FORMATS:
        stand_in = _inert(form)
        for module in (f"scipy.sparse.{form}", f"scipy.sparse._{form}"):
            names[module, f"{form}_matrix"] = stand_in
            names[module, f"{form}_array"] = stand_in
    return names


class _RestrictedUnpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, encoding="latin1", fix_imports=False)
        self._names = _allowed()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._names[module, name]
        except KeyError:
            raise ForbiddenPickleError(f"it asks for {module}.{name}, which a model file does not need") from None

    def persistent_load(self, pid: object) -> Any:
        raise ForbiddenPickleError(f"it refers to an outside object {pid!r}")


def load_arrays(file: BinaryIO, names: Collection[str]) -> dict[str, npt.NDArray[Any]]:
    """Read named arrays of a pickled dictionary; its other entries are inert and left out.

    Args:
        file: opened for reading bytes.
        names: the keys that are wanted, as far as they are there.

    Returns:
        Names and dense arrays: sparse matrices are filled, chumpy arrays evaluated.

    Raises:
        ForbiddenPickleError: the pickle asks for a class or function that is not on the list.
        Exception: whatever `pickle` and numpy raise on damaged or truncated input.
    """
    loaded = _RestrictedUnpickler(file).load()
    if not isinstance(loaded, dict):
        raise pickle.UnpicklingError(f"it holds a {type(loaded).__name__} where a dictionary of arrays is wanted")
    return {name: _dense(loaded[name], 0) for name in names if name in loaded}


def load_array_tree(file: BinaryIO) -> Any:
    """Read a pickle of arrays in plain containers, as public network weights are stored.

    Args:
        file: opened for reading bytes.

    Returns:
        Dictionaries and lists (tuples become lists) of text, numbers, None and arrays; arrays may be read-only. A
        number that was stored as a numpy scalar is None.

    Raises:
        ForbiddenPickleError: it asks for anything else, a class or a function.
        Exception: whatever `pickle` and numpy raise on damaged or truncated input.
    """
    return _plain(_RestrictedUnpickler(file).load(), 0, iter(range(_MAX_NODES)))


def _plain(value: object, depth: int, places: Iterator[int]) -> Any:
    if next(places, None) is None:
        raise pickle.UnpicklingError(f"it holds more than {_MAX_NODES:,} entries")
    if depth > _MAX_DEPTH:
        raise pickle.UnpicklingError(f"its containers are nested more than {_MAX_DEPTH} deep")
    if isinstance(value, _Array):
        return value.resolve()
    if value is None or isinstance(value, str | bytes | bool | int | float):
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise ForbiddenPickleError("a dictionary has a key that is not text")
        return {key: _plain(inner, depth + 1, places) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, depth + 1, places) for inner in value]
    raise ForbiddenPickleError(f"it holds a {type(value).__name__}")


def _dense(value: object, depth: int) -> npt.NDArray[Any]:
    """Return the array that a stand-in describes."""
    if isinstance(value, _Array):
        return value.resolve()
    if not isinstance(value, _Inert) or depth > _MAX_DEPTH:
        raise pickle.UnpicklingError(f"a {type(value).__name__} stands where an array is wanted")
    if value.kind == "chumpy":
        return _dense(value.state.get("x"), depth + 1)
    if value.kind == "chumpy-select":
        whole = _dense(value.state.get("a"), depth + 1).ravel()
        chosen: npt.NDArray[Any] = whole[_dense(value.state.get("idxs"), depth + 1).ravel()]
        shape = value.state.get("preferred_shape")
        return chosen if shape is None else chosen.reshape(shape)
    return _dense_matrix(value)


def _dense_matrix(stand_in: _Inert) -> npt.NDArray[np.float64]:
    """Fill a sparse matrix; scipy is given plain arrays and checks their structure."""
    from scipy import sparse

    state = stand_in.state
    shape = state.get("_shape", state.get("shape"))
    if not (
        isinstance(shape, tuple)
        and len(shape) == 2
        and all(isinstance(side, int) and side > 0 for side in shape)
        and shape[0] * shape[1] <= _MAX_ENTRIES
    ):
        raise pickle.UnpicklingError(f"a sparse matrix has the shape {shape!r}")
    parts = {name: value.resolve() for name, value in state.items() if isinstance(value, _Array)}
    if stand_in.kind == "coo":
        coordinates = state.get("coords")
        row, column = map(_Array.resolve, coordinates) if coordinates else (parts["row"], parts["col"])
        return np.asarray(sparse.coo_matrix((parts["data"], (row, column)), shape=shape).toarray(), dtype=np.float64)
    build = sparse.csc_matrix if stand_in.kind == "csc" else sparse.csr_matrix
    matrix = build((parts["data"], parts["indices"], parts["indptr"]), shape=shape)
    matrix.check_format(full_check=True)
    return np.asarray(matrix.toarray(), dtype=np.float64)
