"""What a graph makes of the pixels of its pictures before conv1 reads them.

A mean that is subtracted and a scale that is divided by are one factor and one
offset a channel, and so is whatever follows from them.
"""

from typing import NamedTuple

import numpy as np


class Pixels(NamedTuple):
    """A picture, of which only `factor * pixel + offset` was made.

    Attributes:
        factor: Float array, one number or one a channel.
        offset: The same.
        is_swapped: Bool, whether the order of the channels was turned around.
        is_whole: Bool, whether the pictures are whole numbers, 0 to 255.
        is_float: Bool, whether they are floats by now; whole numbers overflow.
    """

    factor: np.ndarray = np.ones(1)
    offset: np.ndarray = np.zeros(1)
    is_swapped: bool = False
    is_whole: bool = False
    is_float: bool = True

    @property
    def is_scaled(self):
        """Tells whether anything was computed."""
        return bool((self.factor != 1).any() or self.offset.any())

    @property
    def scale(self):
        """Gives what was subtracted, and what was divided by."""
        return 0 - self.offset / self.factor, 1 / self.factor

    def __str__(self):
        """Says it in words."""
        mean, scale = self.scale
        said = ["swaps the channels"] * self.is_swapped
        said += [f"subtracts {_shown(mean)}"] * bool(mean.any())
        said += [f"divides by {_shown(scale)}"] * bool((scale != 1).any())
        return ", ".join(said)


def computed(pixels, kind, values, is_first, axis):
    """Follows one step of arithmetic with a constant.

    Args:
        pixels: `Pixels`.
        kind: Str, "Add", "Sub", "Mul" or "Div".
        values: Float array, the constant.
        is_first: Bool, whether the constant stands before the pixels.
        axis: Int, that of the channels among four.

    Returns:
        `Pixels`, or None for what is no factor and no offset of a channel.
    """
    if values.ndim > 4:
        return None
    shape = (1,) * (4 - values.ndim) + values.shape
    others = shape[:axis] + shape[axis + 1 :]
    if {*others} - {1} or shape[axis] not in (1, 3) or not pixels.is_float:
        return None
    values = values.astype(float).ravel()
    factor, offset = pixels.factor, pixels.offset
    with np.errstate(all="ignore"):
        match kind, is_first:
            case "Add", _:
                offset = offset + values
            case "Sub", False:
                offset = offset - values
            case "Sub", True:
                factor, offset = -factor, values - offset
            case "Mul", _:
                factor, offset = factor * values, offset * values
            case "Div", False:
                factor, offset = factor / values, offset / values
            case _:
                return None
    if not (np.isfinite(factor + offset).all() and factor.all()):
        return None
    return pixels._replace(factor=factor, offset=offset)


def swapped(pixels):
    """Follows the channels as they are turned around."""
    return pixels._replace(
        factor=pixels.factor[::-1],
        offset=pixels.offset[::-1],
        is_swapped=not pixels.is_swapped,
    )


def rescaling(pixels, is_bgr):
    """Gives the mean and the scale of pictures, RGB from 0 to 255.

    What pictures range over is told by their mean, which lies among them: a
    graph that subtracts more than 1, or divides by more, reads 0 to 255;
    another one 0 to 1.

    Args:
        pixels: `Pixels`, as conv1 reads them.
        is_bgr: Bool, whether conv1 reads BGR.

    Returns:
        A pair `(mean, scale)`, or None if nothing is computed.

    Raises:
        ValueError: If what it reads cannot be told.
    """
    if pixels.is_swapped and not is_bgr:
        raise ValueError(
            f"before conv1 it {pixels}, so whether conv1 reads RGB or BGR is "
            "not told. Export the network without that step"
        )
    if not pixels.is_scaled and not pixels.is_whole:
        return None
    mean, scale = np.broadcast_arrays(*pixels.scale)
    if not pixels.is_whole:
        if mean.min() < 0:
            raise ValueError(
                f"before conv1 it {pixels}, so its pictures are neither 0 to "
                "255 nor 0 to 1. Export the network without that step"
            )
        if max(abs(mean).max(), abs(scale).max()) <= 1:
            mean, scale = 255 * mean, 255 * scale
    order = slice(None, None, -1 if is_bgr else 1)
    return tuple(
        part[order].tolist() if len({*part}) > 1 else float(part[0])
        for part in (mean, scale)
    )


def _shown(values):
    values = [f"{value:g}" for value in np.atleast_1d(values)]
    return values[0] if len({*values}) == 1 else f"({', '.join(values)})"
