"""A column that holds one numpy vector: answers are read a hundred thousand at a time, so they stay binary."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from django.core.exceptions import ValidationError
from django.db import models
from numpy.typing import NDArray


class ArrayColumn(models.BinaryField):  # type: ignore[type-arg]  # subscriptable in the stubs alone
    """A numpy array of fixed type and row width as little-endian bytes.

    Args:
        dtype: numpy type of the elements, stored little-endian, e.g. "f8".
        width: elements a row; 1 stores a vector (N,), more a matrix (N, width).

    Raises:
        ValidationError: the value's shape does not fit, or stored bytes are no whole number of rows.
    """

    def __init__(self, dtype: str = "f8", width: int = 1, *args: Any, **kwargs: Any) -> None:
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.width = width
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, path, args, kwargs = super().deconstruct()
        kwargs |= {"dtype": self.dtype.str.lstrip("<|"), "width": self.width}
        return name, path, args, kwargs

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> NDArray[Any] | None:
        if value is None:
            return None
        return self._shaped(np.frombuffer(bytes(value), self.dtype))

    def to_python(self, value: Any) -> NDArray[Any] | None:
        if value is None or isinstance(value, np.ndarray):
            return value
        if isinstance(value, bytes | memoryview):
            return self._shaped(np.frombuffer(bytes(value), self.dtype))
        return self._shaped(np.asarray(value, self.dtype))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if value is not None:
            value = self._shaped(np.ascontiguousarray(value, self.dtype)).tobytes()
        return super().get_db_prep_value(value, connection, prepared)

    def value_to_string(self, obj: models.Model) -> str:
        value = self.value_from_object(obj)
        return "" if value is None else str(np.asarray(value).tolist())

    def _shaped(self, array: NDArray[Any]) -> NDArray[Any]:
        if self.width == 1:
            if array.ndim != 1:
                raise ValidationError(f"{self.name} must be a vector, got shape {array.shape}")
            return array
        if array.size % self.width:
            raise ValidationError(f"{self.name} needs rows of {self.width}, got {array.size} elements")
        return array.reshape(-1, self.width)
