"""The patterns of floors and bodies.

Each function gives the weight of the second colour, in [0, 1], at the points
that the pixels show. `blur` is the width of a pixel there, in periods of the
pattern: nothing finer is drawn.
"""

import tensorflow as tf

from alexnet_keras.datasets.solids.vectors import dot, mix, smooth

PATTERNS = ("plain", "stripes", "checks", "marble")
FLOORS = ("planks", "checks", "clouds", "tiles")


def floor_pattern(axes, weights, ground, blur):
    """Weighs the second colour of a floor; `weights` as in `FLOORS`."""
    ax, ay, a, bx, by, b = axes
    u = _wave(ax * ground[0] + ay * ground[1] + a)
    v = _wave(bx * ground[0] + by * ground[1] + b)
    width = tf.clip_by_value(blur, 0.03, 9.0)
    hard_u, hard_v = _square(u, width), _square(v, width)
    patterns = [
        _square(u, tf.maximum(width, 0.25)),
        0.5 + 2.0 * (hard_u - 0.5) * (hard_v - 0.5),
        _wave(0.8 * u + 0.7 * v + 0.3 * ground[0]),
        1.0 - smooth(tf.minimum(u, v), 0.0, 0.04 + 3.0 * width),
    ]
    tone = sum(w * x for w, x in zip(weights, patterns, strict=True))
    return mix(tone, 0.5, smooth(blur, 0.15, 0.6))  # fades far away


def body_pattern(axes, weights, point, blur):
    """Weighs the second colour of a body; `weights` as in `PATTERNS`."""
    u, v = _wave(dot(point, axes[:3])), _wave(dot(point, axes[3:]))
    width = tf.clip_by_value(blur, 0.03, 1.0)
    hard_u, hard_v = _square(u, width), _square(v, width)
    checks = 0.5 + 2.0 * (hard_u - 0.5) * (hard_v - 0.5)
    marble = _wave(u + 0.7 * v + 0.4 * point[2])
    return dot(weights[1:], (hard_u, checks, marble))


def _wave(x):
    """A smooth wave of period 1 in [0, 1], cheaper than a sine."""
    return smooth(tf.abs(2.0 * (x - tf.floor(x)) - 1.0), 0.0, 1.0)


def _square(wave, width):
    """Squares a wave off, with flanks of about `width`."""
    return tf.clip_by_value((wave - 0.5) / (2.0 * width) + 0.5, 0.0, 1.0)
