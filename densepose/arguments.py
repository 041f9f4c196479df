"""Words of a command line that are checked as they are read, and devices before anything is loaded onto them."""

import argparse
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def whole(text: str) -> int:
    """Return a whole number of 1 or more."""
    return _whole_from(1, text)


def count(text: str) -> int:
    """Return a whole number of 0 or more."""
    return _whole_from(0, text)


def positive(text: str) -> float:
    """Return a number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} must be a number above 0")
    return value


def _whole_from(least: int, text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if value < least:
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number of {least} or more")
    return value


def usable_device(name: str) -> "torch.device":
    """Return a device that torch can compute on.

    Raises:
        ValueError: it is no device, or not there.
    """
    import torch

    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:  # an assertion is how torch says that it was built without CUDA
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"the device must be cpu, or cuda where there is a GPU, got {name!r}: {reason}") from error
    return device
