"""What steps learn from, made before they need it, by processes of their own.

A step's lesson depends on the seed and the step's number alone, so that whoever makes it, and when, changes nothing.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final, Generic, TypeVar

from torch.utils.data import DataLoader, Dataset, Sampler

from densepose.training.examples import forked

Lesson = TypeVar("Lesson")

_EACH_AHEAD: Final = 3  # lessons that a process may have ready


class Ahead(Generic[Lesson]):
    """Lessons by step, made in order by forked processes, or at once by this one where there are none.

    Args:
        make: from step, share and shares (`training.loop.Learner.losses`) to what is learnt from; it must not touch a
            GPU.
        workers: processes; they share what this one holds when the first lesson is asked for.
        parts: how many parts a step has in this process (`Schedule.accumulate`).
        is_pinned: keep lessons where a GPU fetches them fast.
    """

    def __init__(
        self, make: Callable[[int, int, int], Lesson], workers: int, *, parts: int = 1, is_pinned: bool = False
    ) -> None:
        self._make, self._workers, self._parts, self._is_pinned = make, workers, parts, is_pinned
        self._coming: Iterator[Lesson] | None = None
        self._due: Iterator[tuple[int, int]] = iter(())

    def __call__(self, step: int, share: int, shares: int) -> Lesson:
        """Return the lesson of a step's part number `share` of `shares`; the next call must ask for the next one.

        Raises:
            ValueError: another part than the next was asked for.
        """
        if not self._workers:
            return self._make(step, share, shares)
        if self._coming is None:
            self._coming = self._begin(step, share, shares)
            self._due = _order(step, share, self._parts)
        if (due := next(self._due)) != (step, share):
            raise ValueError(f"part {share} of step {step} was asked for, {due[1]} of {due[0]} is made ahead")
        return next(self._coming)

    def _begin(self, step: int, share: int, shares: int) -> Iterator[Lesson]:
        loader: DataLoader[Any] = DataLoader(
            _Lessons(lambda key: self._make(*key, shares)),
            batch_size=None,
            sampler=_InOrder(step, share, self._parts),
            num_workers=self._workers,
            prefetch_factor=_EACH_AHEAD,
            pin_memory=self._is_pinned,
            multiprocessing_context="fork",
        )
        return forked(loader)


def _order(step: int, share: int, parts: int) -> Iterator[tuple[int, int]]:
    return ((number, part) for number in count(step) for part in range(share, share + parts))


class _Lessons(Dataset[Any]):
    def __init__(self, make: Callable[[tuple[int, int]], Any]) -> None:
        self._make = make

    def __getitem__(self, key: tuple[int, int]) -> Any:
        return self._make(key)


class _InOrder(Sampler[Any]):
    def __init__(self, step: int, share: int, parts: int) -> None:
        self._first = (step, share, parts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return _order(*self._first)
