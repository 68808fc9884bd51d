"""Whether what a law is to hold for comes about at all, however chance falls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection

from hypothesis import Phase, find, settings
from hypothesis import strategies as st

_MOST = 5_000


def draw_until(happened: Counter[str], wanted: Collection[str], draw: Callable[[st.DataObject], object]) -> None:
    """Go on drawing, which counts what happens, until all that is wanted has; raises NoSuchExample where it never does.

    What the law itself has drawn before is counted already, where it has run: mostly one more is enough.
    """

    def all_of_it(data: st.DataObject) -> bool:
        draw(data)
        return set(wanted) <= (+happened).keys()

    find(st.data(), all_of_it, settings=settings(max_examples=_MOST, phases=[Phase.generate], database=None))
