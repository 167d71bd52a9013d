"""What is asked of a face, from a person's words: attributes and how much of them, an age, which face."""

import re
from collections.abc import Iterable, Mapping

from pictura.runtime.errors import PicturaError

MAX_VALUE = 3.0  # of an attribute: three times what was learned
AGE, OLDEST = "age", 100
ALL = "all"


def read_attributes(age: float | str | None, attributes: Mapping[str, float]) -> dict[str, float]:
    """What is asked for as numbers, age in years.

    Raises:
        PicturaError: nothing is asked for, or a number is out of range.
    """
    wanted = {} if age is None else {AGE: read_age(age)}
    for attribute, value in attributes.items():
        if _fold(attribute) == AGE:
            if wanted:
                raise PicturaError("The age is given twice: give it once.")
            wanted[AGE] = read_age(value)
        elif not -MAX_VALUE <= value <= MAX_VALUE:
            raise PicturaError(
                f"'{attribute}' must be between {-MAX_VALUE:g} and {MAX_VALUE:g}, 1 is what was learned and -1 its "
                f"removal; got {value:g}."
            )
        else:
            wanted[attribute] = value
    if not wanted:
        raise PicturaError("Say what is to be changed: an age, or an attribute such as smiling.")
    return wanted


def read_age(age: float | str) -> float:
    """Years; the middle of a group such as ``61-70``.

    Raises:
        PicturaError: it is neither, or beyond 0 to 100.
    """
    group = re.fullmatch(r"\s*(\d{1,3})\s*[-–]\s*(\d{1,3})\s*", age) if isinstance(age, str) else None
    try:
        first, last = (float(age), float(age)) if group is None else map(float, group.groups())
    except ValueError as error:
        raise PicturaError(f"An age is a number of years or a group such as 61-70, not '{age}'.") from error
    if not 0 <= first <= last <= OLDEST:  # NaN is not, either
        raise PicturaError(f"An age is from 0 to {OLDEST} years, a group from the younger to the older; got {age}.")
    return (first + last) / 2


def read_face(face: int | str | None) -> int | str | None:
    """The number of a face, ``all``, or None.

    Raises:
        PicturaError: it is nothing of these.
    """
    if face is None or face == ALL:
        return face
    if not str(face).isdecimal() or int(face) < 1:
        raise PicturaError(f"face is a number from 1, the leftmost, or '{ALL}'; got '{face}'.")
    return int(face)


def find_attribute(asked: str, known: Iterable[str]) -> str | None:
    """The one that is meant, whatever its capitals, spaces and underscores; None if it is not known."""
    return next((one for one in known if _fold(one) == _fold(asked)), None)


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())
