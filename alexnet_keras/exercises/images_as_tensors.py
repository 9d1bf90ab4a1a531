"""Exercises of chapter 1: a batch, a wrong order, a photo's numbers."""

import numbers

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_close,
    is_placeholder,
    todo,
)

SIDE = 227


def _judge_recall(given):
    if not isinstance(given, list | tuple) or len(given) != 2:
        return "Give a pair: how many numbers, and their sum."
    for number in given:
        if is_placeholder(number):
            return "One of the two is still missing."
        if not isinstance(number, numbers.Real):
            return f"Both are numbers, not `{number!r}`."
    count, total = given
    if (count, total) == (1, 1000):
        return "The other way round: first how many, then their sum."
    if count == SIDE * SIDE * 3:
        return f"{count:,} numbers go in. How many come out?"
    if count in (4096, 60_965_224):
        return f"{count:,} is a number of chapter 0, but not of the answer's."
    if count != 1000:
        return "It gives one number for each class."
    if total == 1000:
        return "1000 numbers of 1 each? They are shares of a whole."
    if not is_close(total, 1):
        return (
            "They are shares: what do all shares of a thing add up to? (As a "
            "number, not in percent.)"
        )
    return None


recall = Exercise(
    _judge_recall,
    answer=(1000, 1),
    placeholder=(..., ...),
    insight="One number for each class, and together they are 1.",
    hints=(
        "The network gives one number for each class. How many classes had "
        "the contest of 2012?",
        "Before it has learned, each class gets about 1/1000.",
    ),
    reasons="The last layer has 1000 units, one for each class, and gives "
    "probabilities, whose sum is always 1.",
)


def make_batch(photos, mean):
    """Builds a batch of central crops, minus the mean colour."""
    crops = []
    for photo in photos:
        top = (photo.shape[0] - 227) // 2
        left = (photo.shape[1] - 227) // 2
        crops.append(photo[top : top + 227, left : left + 227])
    return np.stack(crops).astype("float32") - np.array(mean, "float32")


def _photos(sizes):
    rng = np.random.default_rng([1, *map(sum, sizes)])
    return [rng.integers(0, 256, (*size, 3)).astype("uint8") for size in sizes]


def _judge_batch(function):
    if fault := fault_of_function(function):
        return fault
    mean = (127.3, 119.7, 104.9)
    for sizes in ([(227, 227)], [(229, 301), (413, 227), (300, 300)]):
        photos = _photos(sizes)
        try:
            found = function([photo.copy() for photo in photos], mean)
        except ValueError as error:
            if "shape" not in str(error):
                raise
            return (
                f"It raised `ValueError: {error}`. Your crops differ in shape: "
                "rows go with the height, columns with the width."
            )
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if fault := _fault_of_batch(found, photos, mean):
            return f"With {len(sizes)} photo{'s' * (len(sizes) > 1)}: {fault}"
    return None


def _fault_of_batch(found, photos, mean):
    if not isinstance(found, np.ndarray):
        return f"return one array, not a {type(found).__name__}."
    right = make_batch(photos, mean)
    if found.shape != right.shape:
        return _fault_of_shape(found.shape, right.shape)
    if found.dtype != "float32":
        return f"the dtype is {found.dtype}, not float32."
    if _near(found, right):
        return None
    raw = _cut(photos, (lambda room: room // 2))
    other = _cut(photos, (lambda room: -(-room // 2)))  # 15 above, 14 below
    if _near(found, other - np.array(mean)):
        return None
    corner = _cut(photos, (lambda room: 0))
    if _near(found, corner - np.array(mean)):
        return "these are the top left corners. Cut out the middle."
    wrapped = (raw.astype("uint8") - np.array(mean, "uint8")).astype("float32")
    if _near(found, wrapped):
        return "it was subtracted in uint8, where 0 - 1 is 255. Floats first."
    if _near(found, raw - raw.mean(axis=(1, 2), keepdims=True)):
        return "each photo's own mean was subtracted, not `mean`."
    for divisor in (255, 127.5, 58):
        if _near(found, right / divisor) or _near(found, raw / divisor):
            return "the crop is right, but nothing is divided here."
    if _near(found[..., ::-1], raw - np.array(mean)[::-1]) or _near(
        found[..., ::-1], raw - np.array(mean)
    ):
        return "the crop is right, but the channels are BGR. Leave them RGB."
    shift = np.reshape(raw - found, (-1, 3))
    if not np.allclose(shift, shift[0], atol=0.01):
        return "the shape is right, the numbers are not those of the middle."
    return _fault_of_shift(shift[0], mean)


def _cut(photos, start):
    crops = []
    for photo in photos:
        top, left = (start(size - SIDE) for size in photo.shape[:2])
        crops.append(photo[top : top + SIDE, left : left + SIDE])
    return np.stack(crops).astype("float32")


def _fault_of_shift(shift, mean):
    """Says what is wrong when the crop is right, but not what was taken off."""
    mean = np.array(mean)
    if np.allclose(shift, 0, atol=0.01):
        return "the crop is right. The mean is not subtracted."
    if np.allclose(shift, -mean, atol=0.01):
        return "the crop is right, but the mean was added."
    if np.allclose(shift, mean[::-1], atol=0.01):
        return "the mean's three numbers stand in the wrong order."
    if np.allclose(shift, shift[0], atol=0.01):
        return "one number was subtracted from all channels. `mean` has three."
    return (
        "the crop is right, but what was subtracted is "
        f"{np.round(shift, 1).tolist()}, not `mean`."
    )


def _fault_of_shape(shape, right):
    if shape == right[1:]:
        return "the batch axis is missing: one photo is a batch of one."
    if shape == (right[0], 3, SIDE, SIDE):
        return "the channels stand second. Here they come last."
    if shape == (SIDE, SIDE, 3, right[0]):
        return "the batch axis is the first, not the last."
    return f"the shape is {shape}, not {right}."


def _near(found, right):
    return np.shape(found) == np.shape(right) and np.allclose(
        found, right, atol=0.01
    )


q1 = Exercise(
    _judge_batch,
    answer=make_batch,
    placeholder=todo,
    insight="This is all that stands between photos and the network.",
    hints=(
        "For one photo: how many rows lie above the middle 227? Half of those "
        "that are too many, `(height - 227) // 2`.",
        "`photo[top : top + 227, left : left + 227]` is the crop. Collect the "
        "crops in a list, and `np.stack` makes one array of it.",
        'Turn the array into floats with `.astype("float32")`, then subtract '
        '`np.array(mean, "float32")`: NumPy subtracts its three numbers from '
        "every pixel.",
    ),
    reasons="""
        Cut first and stack then, since `np.stack` needs equal shapes. Floats
        come before the mean: in `uint8` 100 - 127 would be 229. The three
        means meet the last axis, the channels.
    """,
)


def riddle():
    """Gives a photo that was handled badly, for `q2` to repair.

    Returns:
        Uint8 array `(3, 213, 180)`.
    """
    from matplotlib import cbook
    from PIL import Image

    path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
    with Image.open(path) as photo:
        return _spoil(np.array(photo.convert("RGB").resize((180, 213))))


def _spoil(image):
    return np.ascontiguousarray(np.moveaxis(image[..., ::-1], -1, 0))


def repair(image):
    """Brings a riddle to (height, width, channels) in RGB."""
    return np.moveaxis(image, 0, -1)[..., ::-1]


def _judge_repair(function):
    if isinstance(function, np.ndarray):
        return "Give the function that repairs, not a repaired photo."
    if fault := fault_of_function(function):
        return fault
    for number, (height, width) in enumerate(((213, 180), (7, 5), (6, 9))):
        rng = np.random.default_rng([number, height])
        right = rng.integers(0, 256, (height, width, 3)).astype("uint8")
        found = function(_spoil(right))
        if is_placeholder(found):
            return NOT_ATTEMPTED
        if fault := _fault_of_repair(np.asarray(found), right):
            return fault
    return None


def _fault_of_repair(found, right):
    spoilt, (height, width, _) = _spoil(right), right.shape
    if np.array_equal(found, right):
        return None
    if np.array_equal(found, spoilt):
        return "That is the riddle itself. Where are its channels?"
    if found.shape == spoilt.shape:
        return "The channels still come first."
    if found.shape == (width, height, 3):
        return "Now rows and columns are exchanged: she lies on her side."
    if found.shape == (height, 3, width):
        return "The channels stand in the middle. They belong at the end."
    if found.shape != right.shape:
        return (
            f"A riddle of shape {spoilt.shape} became {found.shape}. Move the "
            "channels to the end, whatever the size."
        )
    if np.array_equal(found, right[..., ::-1]):
        return "The axes are right. But look at the colour of her face."
    if np.array_equal(found, spoilt.reshape(right.shape)):
        return "`reshape` has torn the channels apart. Move the axis instead."
    if np.array_equal(found, spoilt[::-1].reshape(right.shape)):
        return "The colours are right, but `reshape` has torn them apart."
    for turned, what in (
        (found[::-1], "upside down"),
        (found[:, ::-1], "mirrored"),
    ):
        if np.array_equal(turned, right):
            return f"The colours are right, but she is {what}."
        if np.array_equal(turned[..., ::-1], right):
            return f"She is {what}. Of the channels you turn the last axis."
    return "The shape is right, the order is not. Draw it and look."


q2 = Exercise(
    _judge_repair,
    answer=repair,
    placeholder=todo,
    insight="Two faults, no error message, found by looking.",
    hints=(
        "The shape is (3, 213, 180). Which axis are the channels, and which "
        "should they be?",
        "`np.moveaxis(image, 0, -1)` brings axis 0 to the end. Draw the "
        "result. What colour has the face?",
        "`[..., ::-1]` turns the last axis round: BGR becomes RGB.",
    ),
    reasons="""
        The channels came first, as PyTorch has them, and in the order blue,
        green, red, as OpenCV has them. Rows and columns were not exchanged.
    """,
)

KEYS = ("numbers", "scaled", "share")


def _judge_telephone(given):
    if fault := fault_of_keys(given, KEYS):
        return fault
    count, scaled, share = (given[key] for key in KEYS)
    if not isinstance(count, numbers.Real) or not isinstance(
        share, numbers.Real
    ):
        return "`numbers` and `share` are numbers."
    if count == 4000 * 3000:
        return "`numbers`: 12 million pixels. How many numbers has a pixel?"
    if count != 4000 * 3000 * 3:
        return "`numbers`: rows times columns times channels."
    if not isinstance(scaled, list | tuple) or len(scaled) != 2:
        return "`scaled` is a pair `(height, width)`."
    if tuple(scaled) == (341, 256):
        return "`scaled`: the height comes first, and this photo is wide."
    if tuple(scaled) == (256, 256):
        return "`scaled`: that is the square, which is cut out afterwards."
    if tuple(scaled) == (192, 256):
        return "`scaled`: the *short* side becomes 256, not the long one."
    if scaled[0] == 256 and abs(scaled[1] - 341) <= 1:
        if scaled[1] != 341:
            return "`scaled`: nearly. 4000 * 256 / 3000 is 341.33; round it."
    elif tuple(scaled) != (256, 341):
        return "`scaled`: both sides shrink by the same factor, 256 / 3000."
    return _fault_of_share(share)


def _fault_of_share(share):
    right = SIDE**2 / (256 * 341)
    if is_close(share, right, 0.01):
        return None
    if is_close(share, right, 0.03):
        return "`share` is close. Give two digits or more."
    if is_close(share, 100 * right, 0.01):
        return "`share` is a number between 0 and 1."
    if is_close(share, 0.75, 0.01):
        return "`share`: that is the square of 256. The crop is smaller."
    if is_close(share, (SIDE / 256) ** 2, 0.01):
        return "`share`: that is the crop's share of the square of 256."
    if is_close(share, SIDE**2 / (4000 * 3000), 0.01):
        return "`share`: the photo was scaled first. Compare after that."
    return "`share`: 227 x 227 against the scaled photo's rows and columns."


q3 = Exercise(
    _judge_telephone,
    answer={
        "numbers": 36_000_000,
        "scaled": (256, 341),
        "share": SIDE**2 / (256 * 341),
    },
    placeholder=dict.fromkeys(KEYS, ...),
    insight="Of 36 million numbers 154,587 arrive, from 59% of the photo.",
    hints=(
        "Each pixel has three numbers.",
        "The short side is the height, 3000 pixels. By which factor does it "
        "shrink to 256? The width shrinks by the same.",
        "The scaled photo has 256 x 341 pixels. The crop has 227 x 227.",
    ),
    reasons="""
        4000 * 3000 * 3 = 36,000,000. The short side becomes 256, so the long
        one 4000 * 256 / 3000 = 341.3, rounded 341. The crop has 227 * 227 =
        51,529 of 256 * 341 = 87,296 pixels: 0.59.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3)
