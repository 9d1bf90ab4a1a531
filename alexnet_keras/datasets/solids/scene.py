"""What a picture shows besides its class, drawn from a seed."""

import math

import numpy as np

from alexnet_keras.datasets.solids.bodies import BODIES
from alexnet_keras.datasets.solids.patterns import FLOORS, PATTERNS

CLASS_NAMES = tuple(BODIES)
PEBBLES = 5
TURN = 2 * math.pi

# Each is drawn evenly from its range; `tilt` from a disc of directions.
RANGES = {
    "size": (0.60, 0.84),  # a unit of length, in halves of the picture
    "distance": (4.5, 9.0),  # of the camera: how strong perspective is
    "elevation": (0.25, 0.6),  # of the camera above the floor, radians
    "yaw": (0.0, TURN),  # of the body about its axis, radians
    "tilt": (0.0, 0.4),  # of that axis, radians from upright
    "tilt_direction": (0.0, TURN),
    "light_azimuth": (-1.6, 1.6),  # radians from the camera's side
    "light_elevation": (0.55, 1.2),
    "light_strength": (0.75, 1.25),
    "ambient": (0.25, 0.55),
    "hue": (0.0, 1.0),  # hue, lightness, chroma: OKLCH, of the body
    "lightness": (0.45, 0.88),
    "chroma": (0.03, 0.15),
    "gloss": (0.0, 1.0),
    "contrast": (0.0, 0.25),  # of the body's pattern
    "floor_hue": (0.0, 1.0),
    "floor_lightness": (0.36, 0.82),
    "floor_chroma": (0.0, 0.045),
    "floor_contrast": (0.0, 0.2),
    "wall_lightness": (0.35, 0.85),
}

# The numbers that the renderer needs, and how many there are of each.
LAYOUT = {
    "rotation": 9,
    "eye": 3,
    "ahead": 3,
    "up": 3,
    "zoom": 1,
    "position": 2,
    "floor": 1,
    "light": 3,
    "sun": 3,
    "sky": 3,
    "color": 3,
    "color2": 3,
    "gloss": 1,
    "pattern": 4,
    "pattern_axes": 6,
    "floor_color": 3,
    "floor_color2": 3,
    "floor_pattern": 4,
    "floor_axes": 6,
    "wall": 3,
    "bounce": 3,
    "pebbles": 9 * PEBBLES,
}


def draw_scene(seed, split, index):
    """Draws everything of a picture but its class.

    Args:
        seed: Int, of the data set.
        split: Int, the number of a split.
        index: Int, the number of a picture in its split.

    Returns:
        Dict: a float for each name in `RANGES`; `position`, the body's centre
        as a float array `(2,)`, x to the right and y upwards in halves of the
        picture; ints `pattern` and `floor` (see `PATTERNS`, `FLOORS`);
        `num_pebbles`; and the layout of patterns and pebbles.
    """
    # NumPy promises PCG64's stream; of the distributions only the plainest
    # is used, and as often for every picture.
    rng = np.random.Generator(np.random.PCG64([seed, split, index]))
    scene = {
        name: low + (high - low) * rng.random()
        for name, (low, high) in RANGES.items()
    }
    low, high = RANGES["tilt"]
    scene["tilt"] = high * math.sqrt((scene["tilt"] - low) / (high - low))
    room = min(0.22, 1.04 - scene["size"])
    scene["position"] = np.float32(room * (2.0 * rng.random(2) - 1.0))
    scene["pattern"] = int(rng.random() * len(PATTERNS))
    scene["floor"] = int(rng.random() * len(FLOORS))
    scene["num_pebbles"] = int(rng.random() * (PEBBLES + 1))
    scene["pattern_axes"] = 7.0 * (rng.random((2, 3)) - 0.5)
    scene["floor_axes"] = rng.random(4)
    scene["pebbles"] = rng.random((PEBBLES, 8))
    return scene


def parameters(label, scene):
    """Turns a scene into the renderer's numbers.

    Args:
        label: Int, the class.
        scene: Dict, as from `draw_scene`.

    Returns:
        Float32 array: the values named in `LAYOUT`, one after the other.
    """
    rotation = _rotation(scene)
    _, support = BODIES[CLASS_NAMES[label]]
    floor = -support(*-rotation[2])  # the body stands on it
    sin, cos = math.sin(scene["elevation"]), math.cos(scene["elevation"])
    ahead = np.array([0.0, cos, -sin])
    azimuth, height = scene["light_azimuth"], scene["light_elevation"]
    warmth = 0.06 * math.sin(7.0 * azimuth) * np.array([1.0, 0.0, -1.0])
    sun = scene["light_strength"] * (1.0 + warmth)
    sky = scene["ambient"] * (1.0 - warmth)
    light = [
        math.cos(height) * math.sin(azimuth),
        -math.cos(height) * math.cos(azimuth),
        math.sin(height),
    ]
    color = _rgb(scene["lightness"], scene["chroma"], scene["hue"])
    ground = scene["floor_chroma"], scene["floor_hue"]
    floor_color = _rgb(scene["floor_lightness"], *ground)
    on_floor = sun * light[2] + sky
    a, b, c, d = scene["floor_axes"]
    scale = 0.7 + 0.6 * c
    values = {
        "rotation": rotation,
        "eye": -scene["distance"] * ahead,
        "ahead": ahead,
        "up": [0.0, sin, cos],
        "zoom": 1.0 / (scene["distance"] * scene["size"]),
        "position": scene["position"],
        "floor": floor,
        "light": light,
        "sun": sun,
        "sky": sky,
        "color": color,
        "color2": color * (1.0 - 1.8 * scene["contrast"]),
        "gloss": scene["gloss"],
        "pattern": np.eye(4)[scene["pattern"]],
        "pattern_axes": scene["pattern_axes"],
        "floor_color": floor_color,
        "floor_color2": floor_color * (1.0 - scene["floor_contrast"]),
        "floor_pattern": np.eye(4)[scene["floor"]],
        "floor_axes": [
            scale * math.cos(TURN * a),
            -scale * math.sin(TURN * a),
            b,
            scale * math.sin(TURN * a),
            scale * math.cos(TURN * a),
            d,
        ],
        "wall": on_floor * _rgb(scene["wall_lightness"], *ground),
        "bounce": 0.35 * on_floor * floor_color,
        "pebbles": _pebbles(scene, floor),
    }
    return np.concatenate([np.ravel(values[name]) for name in LAYOUT]).astype(
        "float32"
    )


def _pebbles(scene, floor):
    """Lays pebbles about the body: centre, 1 / half axes, colour of each."""
    pebbles = []
    for k, u in enumerate(scene["pebbles"]):
        angle = TURN * (k + 0.9 * u[0]) / PEBBLES
        away = 1.25 + 1.1 * u[1] if k < scene["num_pebbles"] else 1e3
        radius = 0.07 + 0.10 * u[2]
        flat = radius * (0.45 + 0.5 * u[3])
        pebbles.append(
            [
                away * math.cos(angle),
                away * math.sin(angle),
                floor + 0.8 * flat,
                1 / radius,
                1 / (radius * (0.7 + 0.3 * u[4])),
                1 / flat,
                *_rgb(0.4 + 0.4 * u[5], 0.06 * u[6], u[7]),
            ]
        )
    return sorted(pebbles, key=lambda p: -p[1])  # painted from far to near


def _rotation(scene):
    """Gives the rotation `(3, 3)` from the body's frame to the world's."""
    lean = _turn(scene["tilt_direction"], 0, 1)
    tilt = _turn(scene["tilt"], 0, 2)
    return lean @ tilt @ lean.T @ _turn(scene["yaw"], 0, 1)


def _turn(angle, i, j):
    matrix = np.eye(3)
    matrix[i, i] = matrix[j, j] = math.cos(angle)
    matrix[j, i] = math.sin(angle)
    matrix[i, j] = -matrix[j, i]
    return matrix


def _rgb(lightness, chroma, hue):
    """Gives linear sRGB `(3,)` of an OKLCH colour, cut off to the gamut."""
    a = chroma * math.cos(TURN * hue)
    b = chroma * math.sin(TURN * hue)
    cone = np.array(
        [
            lightness + 0.3963377774 * a + 0.2158037573 * b,
            lightness - 0.1055613458 * a - 0.0638541728 * b,
            lightness - 0.0894841775 * a - 1.2914855480 * b,
        ]
    )
    matrix = np.array(
        [
            [4.0767416621, -3.3077115913, 0.2309699292],
            [-1.2684380046, 2.6097574011, -0.3413193965],
            [-0.0041960863, -0.7034186147, 1.7076147010],
        ]
    )
    return np.clip(matrix @ cone**3, 0.01, 1.0)
