"""Pictures of solid bodies, by sphere tracing.

One function, compiled once by XLA, draws one picture; threads draw many at
once. So a picture never depends on which others are drawn with it.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from alexnet_keras.datasets.solids.bodies import BODIES, bounds
from alexnet_keras.datasets.solids.patterns import body_pattern, floor_pattern
from alexnet_keras.datasets.solids.scene import (
    LAYOUT,
    PEBBLES,
    draw_scene,
    parameters,
)
from alexnet_keras.datasets.solids.vectors import (
    along,
    dot,
    length,
    mix,
    smooth,
    unit,
)

SIZE = 256
STEPS = 20  # of the march from the camera to the body
SHADOW_STEPS = 10  # of the march from a point to the light
FAR = 60.0


def render(labels, seed=0):
    """Draws a batch of pictures, of none of the data set's scenes.

    Args:
        labels: Sequence of ints, the classes.
        seed: Int. Picture `i` depends on `labels[i]`, `seed` and `i` alone.

    Returns:
        Uint8 array `(len(labels), 256, 256, 3)`, RGB.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        scenes = [draw_scene(seed, 3, i) for i in range(len(labels))]
        return np.stack(list(pool.map(draw, labels, scenes)))


def draw(label, scene):
    """Draws one body in one scene.

    Args:
        label: Int, the class.
        scene: Dict of nuisances, as from `scene.draw_scene`.

    Returns:
        Uint8 array `(256, 256, 3)`, RGB.
    """
    channels = _draw(np.int32(label), parameters(label, scene))
    return np.stack([c.numpy() for c in channels], -1).reshape(SIZE, SIZE, 3)


@tf.function(
    jit_compile=True,
    autograph=False,
    input_signature=[
        tf.TensorSpec((), tf.int32),
        tf.TensorSpec((sum(LAYOUT.values()),), tf.float32),
    ],
)
def _draw(label, values):
    """Draws red, green and blue, three uint8 tensors `(SIZE * SIZE,)`.

    World: x to the right, y away from the camera, z up, the body's centre in
    the origin. Vectors are lists of three tensors, so that XLA fuses loops.
    """
    p = _named(values)
    line = (np.arange(SIZE, dtype="float32") + 0.5) / (SIZE / 2) - 1.0
    across, upward = (c.ravel() for c in np.meshgrid(line, -line))
    du = p["zoom"] * (across - p["position"][0])
    dv = p["zoom"] * (upward - p["position"][1])
    _, away, rise = along(p["ahead"], p["up"], dv)
    ray = unit([du, away, rise])
    pixel = p["zoom"] * 2.0 / SIZE  # width of a pixel at unit distance
    turn = [p["rotation"][k : k + 3] for k in (0, 3, 6)]

    def inward(a):  # from the world's frame to the body's
        return [sum(turn[i][j] * a[i] for i in range(3)) for j in range(3)]

    down = tf.minimum(ray[2], -1e-3)
    t_floor = tf.minimum((p["floor"] - p["eye"][2]) / down, FAR)
    ground = along(p["eye"], ray, t_floor)
    frame = [inward(a) for a in (p["eye"], ray, ground, p["light"])]
    branches = [
        lambda distance=distance: _trace(distance, *frame, pixel)
        for distance, _ in BODIES.values()
    ]
    traced = tf.switch_case(label, branches)
    t, cover, *normal, lit, air, ground_lit, ground_air = traced
    point = along(frame[0], frame[1], t)
    normal = [dot(row, normal) for row in turn]

    blur = 3.0 * pixel * t_floor / -down
    tone = floor_pattern(p["floor_axes"], p["floor_pattern"], ground, blur)
    blur = 8.0 * pixel * t
    grain = body_pattern(p["pattern_axes"], p["pattern"], point, blur)
    stones, stone_cover, t_stone, stone_shade = _pebbles(
        p, ray, ground, ground_lit, pixel
    )
    stone_front = tf.where(t_stone < t, stone_cover, 0.0)
    cover = cover * (1.0 - stone_front)

    room = 1.0 - smooth(length(ground[0], ground[1]), 2.5, 9.0)
    room = tf.where(ray[2] < -1e-3, room, 0.0)
    on_floor = p["light"][2] * ground_lit * stone_shade
    facing = tf.maximum(dot(normal, p["light"]), 0.0) * lit
    above = (0.5 + 0.5 * normal[2]) * air
    below = (0.5 - 0.5 * normal[2]) * air
    shine, rim = _highlights(p, ray, normal, lit)

    channels = []
    for c in range(3):
        sun, sky = p["sun"][c], p["sky"][c]
        wall = p["wall"][c] * (0.85 + 0.25 * upward)
        floor = mix(p["floor_color"][c], p["floor_color2"][c], tone)
        floor = floor * (sun * on_floor + sky * ground_air)
        body = mix(p["color"][c], p["color2"][c], grain)
        body = body * (sun * facing + sky * above + p["bounce"][c] * below)
        body = body + sun * shine + wall * rim
        color = mix(mix(wall, floor, room), stones[c], stone_cover)
        color = mix(color, body, cover)
        color = 1.1 * color / (1.0 + 0.25 * color)  # softens highlights
        color = tf.sqrt(tf.clip_by_value(color, 0.0, 1.0))  # about sRGB
        channels.append(tf.cast(255.0 * color + 0.5, tf.uint8))
    return channels


def _named(values):
    """Gives the parameters their names; those of several numbers are lists."""
    parts = tf.split(values, list(LAYOUT.values()))
    return {
        name: tf.unstack(part) if LAYOUT[name] > 1 else part[0]
        for name, part in zip(LAYOUT, parts, strict=True)
    }


def _highlights(p, ray, normal, lit):
    """Gives the reflections of the light and of the wall on a glossy body."""
    half = unit([a - b for a, b in zip(p["light"], ray, strict=True)])
    shine = tf.exp((12.0 + 90.0 * p["gloss"]) * (dot(normal, half) - 1.0))
    shine = 0.75 * p["gloss"] * shine * lit
    rim = tf.maximum(1.0 + dot(normal, ray), 0.0)
    return shine, 0.35 * p["gloss"] * rim * rim * rim


def _trace(distance, eye, ray, ground, light, pixel):
    """Finds everything that a body's distance function tells.

    Returns:
        A list of tensors, one value a pixel: the distance from the camera to
        the body, or to the point of the ray that passes nearest to it; how
        much of the pixel the body covers; the normal's three components; how
        much of the light and of the sky reaches the body; the same for the
        floor.
    """
    t, cover = _march(distance, eye, ray, pixel)
    point = along(eye, ray, t)
    # Differences over about a pixel keep the edges between faces smooth.
    normal = [0.0, 0.0, 0.0]
    for sign in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        d = distance(*along(point, sign, 0.7 * pixel * t))
        normal = [n + s * d for n, s in zip(normal, sign, strict=True)]
    normal = unit(normal)
    lit = _shadow(distance, along(point, normal, 0.02), light)
    air = distance(*along(point, normal, 0.16)) / 0.16
    air = tf.clip_by_value(air, 0.3, 1.0)
    ground_lit = _shadow(distance, ground, light)
    ground_air = tf.minimum(0.45 + 1.1 * distance(*ground), 1.0)
    return [t, cover, *normal, lit, air, ground_lit, ground_air]


def _march(distance, eye, ray, pixel):
    """Follows each ray to the body by steps as long as the way is free."""
    near, far = bounds(eye, ray)

    def step(t, nearest, least):
        gap = distance(*along(eye, ray, t))
        # A step a little too long saves some, and the next one mends it.
        onward = tf.minimum(t + gap + tf.minimum(0.3 * gap, 0.05), far)
        gap = tf.abs(gap) / (pixel * t)
        nearest = tf.where(gap < least, t, nearest)
        return onward, nearest, tf.minimum(gap, least)

    state = near, near, tf.fill(near.shape, 9.0)
    _, nearest, least = _repeat(STEPS, step, state)
    # Rays that miss by less than a pixel soften the outline.
    return nearest, tf.clip_by_value(1.0 - least, 0.0, 1.0)


def _shadow(distance, point, light):
    """Gives how much of a wide light reaches a point, in [0, 1]."""
    near, far = bounds(point, light)

    def step(t, lit):
        gap = distance(*along(point, light, t))
        lit = tf.where(t < far, tf.minimum(lit, 9.0 * gap / t), lit)
        return t + tf.clip_by_value(gap, 0.03, 0.35), lit

    state = tf.maximum(near, 0.03), tf.ones_like(near)
    _, lit = _repeat(SHADOW_STEPS, step, state)
    return smooth(lit, -1.0, 1.0)


def _repeat(times, step, state):
    """Replaces a state by what `step` makes of it, so many times."""
    _, *state = tf.while_loop(
        lambda i, *_: i < times,
        lambda i, *state: (i + 1, *step(*state)),
        (tf.constant(0), *state),
    )
    return state


def _pebbles(p, ray, ground, ground_lit, pixel):
    """Draws the pebbles: colours, cover, distance, shadow on the floor."""
    colors, cover = [0.0, 0.0, 0.0], tf.zeros_like(ground_lit)
    distance, shade = tf.fill(cover.shape, FAR), tf.ones_like(cover)
    for k in range(0, 9 * PEBBLES, 9):
        q = p["pebbles"][k : k + 9]
        center, axes, color = q[:3], q[3:6], q[6:]

        def squeeze(a, b=(0.0, 0.0, 0.0), axes=axes):  # to a unit sphere
            return [(a[i] - b[i]) * axes[i] for i in range(3)]

        eye, way = squeeze(p["eye"], center), squeeze(ray)
        square = dot(way, way)
        middle = dot(eye, way)
        miss = dot(eye, eye) - middle * middle / square
        miss = tf.sqrt(tf.maximum(miss, 0.0))
        depth = tf.sqrt(square * tf.maximum(1.0 - miss * miss, 0.0))
        t = tf.maximum(-(middle + depth) / square, 0.1)
        edge = (1.0 - miss) / (axes[2] * pixel * t) + 0.5
        edge = tf.clip_by_value(edge, 0.0, 1.0)
        normal = unit(squeeze(along(eye, way, t)))
        facing = tf.maximum(dot(normal, p["light"]), 0.0) * ground_lit
        above = 0.6 + 0.4 * normal[2]
        for c in range(3):
            stone = color[c] * (p["sun"][c] * facing + p["sky"][c] * above)
            colors[c] = tf.where(edge > 0.0, stone, colors[c])
        cover = tf.maximum(cover, edge)
        distance = tf.where(edge > 0.0, t, distance)
        start, way = squeeze(ground, center), squeeze(p["light"])
        middle = dot(start, way)
        miss = dot(start, start) - middle * middle / dot(way, way)
        shade = shade * smooth(miss, 0.6, 1.5)
    return colors, cover, distance, shade
