"""`Final` for fields that pydantic fixes as well: type checkers know the name, pydantic reads what it stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

if TYPE_CHECKING:
    from typing import Final as Final
else:

    class Final:
        """`Final[T]` is a frozen field of type T; with `typing.Final` pydantic would make a class variable of it."""

        def __class_getitem__(cls, kind: Any) -> Any:
            return Annotated[kind, Field(frozen=True)]
