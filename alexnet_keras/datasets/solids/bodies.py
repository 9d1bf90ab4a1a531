"""The ten bodies: signed distances, and how far each reaches.

A body is a distance function and a support function. The distance function
takes the coordinates of points in the body's own frame, three float tensors
of one shape, and returns their distance to the surface, negative inside. The
support function takes a unit vector (three floats) and returns how far the
body reaches in its direction. Lengths are chosen so that all bodies cover
about the same area in a picture; edges are rounded by `EDGE`.
"""

import math

import tensorflow as tf

from alexnet_keras.datasets.solids.vectors import dot, length

EDGE = 0.03
RADIUS = 1.25  # every body lies within this distance of its centre


def bounds(origin, ray):
    """Gives where rays enter and leave the sphere that holds any body."""
    middle = -dot(origin, ray)
    half = RADIUS**2 + middle * middle - dot(origin, origin)
    half = tf.sqrt(tf.maximum(half, 0.0))
    return middle - half, middle + half


def _outside(*distances):
    """Distance to the intersection of slabs with these signed distances."""
    inside = distances[0]
    for distance in distances[1:]:
        inside = tf.maximum(inside, distance)
    outside = length(*[tf.maximum(d, 0.0) for d in distances])
    return outside + tf.minimum(inside, 0.0)


def _box(x, y, z, a, b, c):
    return _outside(tf.abs(x) - a, tf.abs(y) - b, tf.abs(z) - c)


def _round(nz):
    """Length of the horizontal part of a unit vector."""
    return math.sqrt(max(0.0, 1.0 - nz * nz))


def _sphere(radius=0.68):
    def distance(x, y, z):
        return length(x, y, z) - radius

    return distance, lambda nx, ny, nz: radius


def _cube(half=0.47):
    def distance(x, y, z):
        return _box(x, y, z, half, half, half) - EDGE

    def support(nx, ny, nz):
        return half * (abs(nx) + abs(ny) + abs(nz)) + EDGE

    return distance, support


def _cylinder(radius=0.45, half=0.70):
    def distance(x, y, z):
        return _outside(length(x, y) - radius, tf.abs(z) - half) - EDGE

    def support(nx, ny, nz):
        return radius * _round(nz) + half * abs(nz) + EDGE

    return distance, support


def _cone(radius=0.72, half=0.76):
    def distance(x, y, z):
        rho = length(x, y)
        # The profile is a triangle: its base, then its slanted side.
        base = rho - tf.minimum(rho, tf.where(z < 0.0, radius, 0.0))
        cap = tf.abs(z) - half
        along = (radius * rho + 2.0 * half * (half - z)) / (
            radius**2 + 4.0 * half**2
        )
        along = tf.clip_by_value(along, 0.0, 1.0)
        side = rho - radius * along
        rise = z - half + 2.0 * half * along
        inside = tf.logical_and(side < 0.0, cap < 0.0)
        squared = tf.minimum(base**2 + cap**2, side**2 + rise**2)
        return tf.where(inside, -1.0, 1.0) * tf.sqrt(squared) - EDGE

    def support(nx, ny, nz):
        return max(half * nz, radius * _round(nz) - half * nz) + EDGE

    return distance, support


def _torus(radius=0.66, tube=0.24):
    def distance(x, y, z):
        return length(length(x, y) - radius, z) - tube

    return distance, lambda nx, ny, nz: radius * _round(nz) + tube


def _capsule(half=0.66, radius=0.42):
    def distance(x, y, z):
        return length(x, y, z - tf.clip_by_value(z, -half, half)) - radius

    return distance, lambda nx, ny, nz: half * abs(nz) + radius


def _octahedron(reach=0.88):
    def distance(x, y, z):
        x, y, z = tf.abs(x), tf.abs(y), tf.abs(z)
        m = x + y + z - reach
        # Nearest to a face, or, outside it, to one of its three edges.
        x_edge, y_edge, z_edge = 3.0 * x < m, 3.0 * y < m, 3.0 * z < m
        a = tf.where(x_edge, x, tf.where(y_edge, y, z))
        b = tf.where(x_edge, y, tf.where(y_edge, z, x))
        c = tf.where(x_edge, z, tf.where(y_edge, x, y))
        k = tf.clip_by_value(0.5 * (c - b + reach), 0.0, reach)
        edge = length(a, b - reach + k, c - k)
        on_edge = tf.logical_or(tf.logical_or(x_edge, y_edge), z_edge)
        return tf.where(on_edge, edge, m / math.sqrt(3.0)) - EDGE

    def support(nx, ny, nz):
        return reach * max(abs(nx), abs(ny), abs(nz)) + EDGE

    return distance, support


def _hexagonal_prism(apothem=0.60, half=0.36):
    side = apothem / math.sqrt(3.0)  # half of a side of the hexagon
    c, s = -math.sqrt(0.75), 0.5

    def distance(x, y, z):
        x, y = tf.abs(x), tf.abs(y)
        fold = 2.0 * tf.minimum(c * x + s * y, 0.0)
        x, y = x - fold * c, y - fold * s
        rim = length(x - tf.clip_by_value(x, -side, side), y - apothem)
        rim = rim * tf.sign(y - apothem)
        return _outside(rim, tf.abs(z) - half) - EDGE

    def support(nx, ny, nz):
        corners = [math.pi / 3.0 * k for k in range(6)]
        flat = max(nx * math.cos(a) + ny * math.sin(a) for a in corners)
        return 2.0 * side * flat + half * abs(nz) + EDGE

    return distance, support


def _cross(long=0.86, wide=0.25):
    def distance(x, y, z):
        return (
            tf.minimum(
                tf.minimum(
                    _box(x, y, z, long, wide, wide),
                    _box(x, y, z, wide, long, wide),
                ),
                _box(x, y, z, wide, wide, long),
            )
            - EDGE
        )

    def support(nx, ny, nz):
        a, b, c = sorted((abs(nx), abs(ny), abs(nz)))
        return wide * (a + b) + long * c + EDGE

    return distance, support


def _bowl(radius=0.80, wall=0.07, lift=0.35):
    def distance(x, y, z):
        rho, z = length(x, y), z - lift
        rim = length(rho - radius, z)
        shell = tf.abs(length(rho, z) - radius)
        return tf.where(z > 0.0, rim, shell) - wall

    def support(nx, ny, nz):
        reach = radius if nz <= 0.0 else radius * _round(nz)
        return reach + lift * nz + wall

    return distance, support


BODIES = {
    "sphere": _sphere(),
    "cube": _cube(),
    "cylinder": _cylinder(),
    "cone": _cone(),
    "torus": _torus(),
    "capsule": _capsule(),
    "octahedron": _octahedron(),
    "hexagonal_prism": _hexagonal_prism(),
    "cross": _cross(),
    "bowl": _bowl(),
}
