"""Arithmetic on vectors whose components are separate tensors.

XLA turns chains of such arithmetic into single loops over all pixels.
"""

import tensorflow as tf


def dot(a, b):
    """Gives the scalar product of two vectors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def length(*components):
    """Gives the length of the vector with these components."""
    return tf.sqrt(tf.add_n([c * c for c in components]))


def unit(a):
    """Gives the vector of length 1 in the direction of `a`."""
    scale = 1.0 / tf.sqrt(dot(a, a) + 1e-12)
    return [x * scale for x in a]


def along(origin, direction, t):
    """Gives the point at `t` on a ray."""
    return [o + t * d for o, d in zip(origin, direction, strict=True)]


def mix(a, b, weight):
    """Blends from `a` (weight 0) to `b` (weight 1)."""
    return a + (b - a) * weight


def smooth(x, low, high):
    """Rises smoothly from 0 where `x` is `low` to 1 where it is `high`."""
    x = tf.clip_by_value((x - low) / (high - low), 0.0, 1.0)
    return x * x * (3.0 - 2.0 * x)
