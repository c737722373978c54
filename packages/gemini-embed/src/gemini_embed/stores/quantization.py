"""Quantised copies of vectors, by name: what each engine of the Qdrant family is told, and what that takes.

Searches read the copy first; the best `oversampling` x k of it are scored again with the full vectors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from gemini_embed.errors import ConfigurationError
from gemini_embed.stores.precision import is_oversampling

Quantization = Literal["int8", "turbo4", "turbo2", "turbo1", "binary", "none"]
"""The copy of the vectors that a store keeps beside them, by how much smaller than float32 it is.

int8: a quarter. A byte a number, made by `optimize` only: until then there is none.
turbo4, turbo2, turbo1: an eighth, a sixteenth, a 32nd. TurboQuant, which rotates vectors first; Qdrant 1.18+.
binary: a 32nd. Signs, asked with queries of 8 bits, which find much more than the engine's default of 1 bit does.
none: no copy.

`docs/stores.md` has their recall, `gemini_embed.evaluation.recall_table` that on an index of yours.
"""

_FLOAT32_BYTES = 4.0


@dataclass(frozen=True)
class Code:
    """One row of the table. Classes and arguments are those of `qdrant_edge`, and of `qdrant_client.models`."""

    kind: str
    """The key in the engine's JSON."""
    config: str
    """Its class, in both."""
    wrapper: str
    """The class around it in qdrant-client."""
    bytes_a_number: float
    arguments: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """Of `config`: the enum, its member in Edge, and the value in JSON, which qdrant-client takes."""


def _turbo(bits: int) -> Code:
    arguments = {"bits": ("TurboQuantBitSize", f"Bits{bits}", f"bits{bits}")}
    return Code("turbo", "TurboQuantQuantizationConfig", "TurboQuantization", bits / 8, arguments)


CODES: Mapping[str, Code] = {
    "int8": Code(
        "scalar", "ScalarQuantizationConfig", "ScalarQuantization", 1.0, {"type": ("ScalarType", "Int8", "int8")}
    ),
    "turbo4": _turbo(4),
    "turbo2": _turbo(2),
    "turbo1": _turbo(1),
    "binary": Code(
        "binary",
        "BinaryQuantizationConfig",
        "BinaryQuantization",
        1 / 8,
        {
            "encoding": ("BinaryQuantizationEncoding", "OneBit", "one_bit"),
            "query_encoding": ("BinaryQuantizationQueryEncoding", "Scalar8Bits", "scalar8bits"),
        },
    ),
}
"""Every code by its name."""

_DEFAULTS = {"encoding": "one_bit", "query_encoding": "default"}
"""What an engine means where its JSON leaves it out."""
_NO_PART_OF_THE_CODE = ("always_ram", "memory", "quantile")


def edge_config(name: str | None, edge: Any) -> Any:
    """A code in the words of `qdrant_edge`; None for "none", and for None: what is there stays."""
    if name is None or name == "none":
        return None
    code = CODES[name]
    arguments = {key: getattr(getattr(edge, enum), member) for key, (enum, member, _) in code.arguments.items()}
    return getattr(edge, code.config)(**arguments)


def client_config(name: str, models: Any) -> Any:
    """A code in the words of `qdrant_client.models`, kept in the server's memory; "none" takes away what is there."""
    if name == "none":
        return models.Disabled.DISABLED
    code = CODES[name]
    arguments = {key: value for key, (_, _, value) in code.arguments.items()}
    return getattr(models, code.wrapper)(**{code.kind: getattr(models, code.config)(**arguments, always_ram=True)})


def name_of(kept: Mapping[str, Any] | None) -> str:
    """The name of a code as an engine keeps it, in JSON; its own words for one that is not in the table.

    >>> name_of({"turbo": {"bits": "bits1", "always_ram": True}}), name_of(None)
    ('turbo1', 'none')
    >>> name_of({"binary": {"always_ram": True}})
    'binary (encoding one_bit, query_encoding default)'
    """
    if not kept:
        return "none"
    ((kind, said),) = kept.items()
    defaults = _DEFAULTS if kind == "binary" else {}
    told = defaults | {key: value for key, value in said.items() if value is not None}
    told = {key: value for key, value in told.items() if key not in _NO_PART_OF_THE_CODE}
    for name, code in CODES.items():
        if kind == code.kind and told == {key: value for key, (_, _, value) in code.arguments.items()}:
            return name
    return f"{kind} ({', '.join(f'{key} {value}' for key, value in told.items())})"


def bytes_a_vector(name: str, dimensions: int) -> float:
    """What the codes of one vector take; of "none" the vector itself, since that is what searches read."""
    return dimensions * (CODES[name].bytes_a_number if name in CODES else _FLOAT32_BYTES)


def check_name(quantization: object) -> None:
    """ConfigurationError unless it is one of the table, or "none"."""
    names = get_args(Quantization)
    if quantization not in names:
        raise ConfigurationError(
            f"quantization={quantization!r} is none of {', '.join(map(repr, names))} (None: what the index has)"
        )


def check_quantization(quantization: str | None, oversampling: float) -> None:
    """ConfigurationError unless both are what a store can honour."""
    if quantization is not None:
        check_name(quantization)
    if not is_oversampling(oversampling):
        raise ConfigurationError(
            f"oversampling says how many times k candidates are rescored, from 1 up, not {oversampling!r}"
        )


def check_kept(where: object, kept: str, asked: str | None) -> None:
    """ConfigurationError where a store holds another code than is asked for. None asks for what is there; where there
    is none, one may be asked for, which is made when the store next optimises."""
    if asked not in (None, kept) and kept != "none":
        raise ConfigurationError(
            f"{where} holds the codes {kept!r}, you ask for quantization={asked!r}: leave it out to use what is there; "
            f"index.optimize(quantization={asked!r}) then changes it, embedding nothing"
        )
