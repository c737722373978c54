"""Batches as engines hand them over: read as rows, and given back as the kind that came."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from gemini_embed.errors import InputError
from gemini_embed.stores import FloatArray

Kind: TypeAlias = Literal["dict", "arrow", "pandas"]
Row: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Table:
    """A batch: a dict of arrays or lists, a `pyarrow.Table` or RecordBatch, or a `pandas.DataFrame`."""

    kind: Kind
    batch: Any

    @classmethod
    def of(cls, batch: Any) -> Table:
        """The batch that a stage was called with.

        Raises:
            InputError: of another kind, or of columns of unequal length.
        """
        module = type(batch).__module__.partition(".")[0]
        if isinstance(batch, Mapping):
            lengths = {str(name): len(column) for name, column in batch.items()}
            if len(set(lengths.values())) > 1:
                raise InputError(f"the columns of the batch have different lengths: {lengths}")
            return cls("dict", batch)
        if module in ("pyarrow", "pandas") and hasattr(batch, "columns"):
            return cls("arrow" if module == "pyarrow" else "pandas", batch)
        raise InputError(
            f"a batch is a dict of arrays, a pyarrow.Table or a pandas.DataFrame, not {type(batch).__name__}"
        )

    @property
    def names(self) -> list[str]:
        """Of the columns."""
        if self.kind == "arrow":
            return list(self.batch.schema.names)
        return [str(name) for name in (self.batch if self.kind == "dict" else self.batch.columns)]

    def __len__(self) -> int:
        if self.kind == "dict":
            return len(next(iter(self.batch.values()), ()))
        return int(self.batch.num_rows) if self.kind == "arrow" else len(self.batch)

    def rows(self, wanted: list[str]) -> Iterator[Row]:
        """The rows, of these columns only; values are Python's own, and None where there is none.

        Raises:
            InputError: there is no such column.
        """
        if missing := [name for name in wanted if name not in self.names]:
            raise InputError(f"the batch has no column {missing[0]!r}: it has {', '.join(self.names) or 'none'}")
        columns = [self._values(name) for name in wanted]
        for values in zip(*columns, strict=True) if columns else (() for _ in range(len(self))):
            yield dict(zip(wanted, values, strict=True))

    def made(self, columns: Mapping[str, list[Any]], types: Mapping[str, type]) -> Any:
        """A new batch of the kind that came, with other columns, each of str, int, float or bool."""
        if self.kind == "arrow":
            import pyarrow as pa

            kinds = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
            return pa.table({name: pa.array(values, kinds[types[name]]) for name, values in columns.items()})
        arrays = {
            name: _objects(values) if types[name] is str else np.array(values, dtype=types[name])
            for name, values in columns.items()
        }
        if self.kind == "dict":
            return arrays
        import pandas as pd

        return pd.DataFrame(arrays, index=self.batch.index)

    def with_vectors(self, name: str, vectors: list[FloatArray | None], size: int, errors: list[str | None]) -> Any:
        """The batch with a column of vectors (float32; None where `errors` says why) and one of errors."""
        if self.kind == "arrow":
            import pyarrow as pa

            rows = np.zeros((len(vectors), size), np.float32)
            for row, one in zip(rows, vectors, strict=True):
                row[:] = 0.0 if one is None else one
            flat = pa.array(rows.ravel())
            absent = pa.array([one is None for one in vectors], pa.bool_())
            column = pa.FixedSizeListArray.from_arrays(flat, size, mask=absent)
            table = pa.table(self.batch.columns, names=self.batch.schema.names)
            table = table.append_column(name, column)
            return table.append_column(f"{name}_error", pa.array(errors, pa.string()))
        added = {name: _objects(vectors), f"{name}_error": _objects(errors)}
        return {**self.batch, **added} if self.kind == "dict" else self.batch.assign(**added)

    def _values(self, name: str) -> list[Any]:
        if self.kind == "arrow":
            values = self.batch.column(name).to_pylist()
        else:
            column = self.batch[name]
            values = column.tolist() if hasattr(column, "tolist") else list(column)
        return [None if _is_missing(value) else value for value in values]


def _is_missing(value: Any) -> bool:
    """NaN, NaT and pandas' NA."""
    if isinstance(value, float):
        return value != value
    return type(value).__name__ in ("NAType", "NaTType")


def _objects(values: list[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value
    return column
