"""Exercises of chapter 13: a channel, the light, neighbours, a cover."""

import numpy as np

from alexnet_keras.exercises.core import (
    NOT_ATTEMPTED,
    Exercise,
    Progress,
    fault_of_function,
    fault_of_keys,
    is_placeholder,
    todo,
)

READ_BOTH = ("conv3", "fc6", "fc7", "fc8")


def _judge_recall(names):
    if isinstance(names, str) or not isinstance(names, list | tuple | set):
        return 'Give a list of names, such as `["conv1", "conv2"]`.'
    if not all(isinstance(name, str) for name in names):
        return "Give names, each in quotes."
    given = {name.replace(" ", "").lower() for name in names}
    if not given:
        return "The list is empty."
    for name in sorted(given - {*READ_BOTH}):
        if name in ("conv2", "conv4", "conv5"):
            return f"{name} has two groups: each half reads its own tower only."
        if name == "conv1":
            return "conv1 reads the image, before there are towers."
        return f"`{name}` is no layer of weights: name conv1 to fc8."
    if given == {"conv3"}:
        return "conv3 is one. The fully connected layers are not divided, too."
    if "conv3" not in given:
        return "One of the convolutions is missing."
    if missing := [name for name in READ_BOTH if name not in given]:
        if missing == ["fc8"]:
            return (
                "fc8 is missing. It stands on one GPU, and reads what both "
                "have of fc7."
            )
        return f"Of the fully connected layers, {len(missing)} are missing."
    return None


recall = Exercise(
    _judge_recall,
    answer=[*READ_BOTH],
    placeholder=[..., ...],
    insight="Only there do numbers cross from one GPU to the other: the odd "
    "plan is a limit of 3 GB made visible.",
    hints=(
        "One of the five convolutions, and three more layers.",
        "conv2, conv4 and conv5 have two groups. The layers after pool5 are "
        "fully connected.",
    ),
    reasons="""
        conv2, conv4 and conv5 stay within their tower. conv3 reads the maps of
        both, and fc6, fc7 and fc8 read every number of the layer before.
    """,
)


def favourites(maps, labels):
    """Finds for each channel the class whose pictures excite it most."""
    peaks = maps.max(axis=(1, 2))  # (pictures, channels)
    kinds = range(labels.max() + 1)
    means = [peaks[labels == kind].mean(axis=0) for kind in kinds]
    return np.argmax(means, axis=0)


def _maps():
    """Gives maps of 12 pictures of four classes, unevenly many of each."""
    rng = np.random.default_rng(13)
    labels = np.array([2, 0, 3, 2, 1, 2, 3, 2, 0, 2, 1, 2])
    maps = rng.uniform(0, 1, (12, 3, 5, 6))
    wanted = [1, 3, 0, 0, 3, 1]
    for channel, kind in enumerate(wanted):
        maps[labels == kind, channel % 3, channel % 5, channel] += 4
    maps[0, 1, 2, 2] = 7  # the strongest picture, of another class
    maps[labels == 2, ..., 3] += 0.9  # the largest mean over the places
    return maps, labels


def _judge_favourites(function):
    if fault := fault_of_function(function):
        return fault
    maps, labels = _maps()
    tried = f"(Tried with 12 pictures of 4 classes, maps {maps.shape}.)"
    try:
        found = function(maps.copy(), labels.copy())
    except (IndexError, ValueError) as error:
        return f"It raised `{type(error).__name__}: {error}`. {tried}"
    if is_placeholder(found):
        return NOT_ATTEMPTED
    found = np.asarray(found)
    if found.dtype.kind not in "iuf":
        return "Give the numbers of the classes, not their names."
    if found.shape == (4, 6) or found.shape == (6, 4):
        return (
            "That is a table of classes and channels. Of each channel, give "
            "the number of the class with the largest mean."
        )
    if found.shape != (6,):
        return (
            f"6 channels need 6 classes, an array of shape (6,), not "
            f"{found.shape}. {tried}"
        )
    peaks = maps.max(axis=(1, 2))
    kinds = [labels == kind for kind in range(4)]
    wrong = {
        "You added up. Classes with many pictures then win; take the mean.": [
            peaks[kind].sum(axis=0) for kind in kinds
        ],
        "That is the class of each channel's single strongest picture. Take "
        "the mean over all pictures of a class.": [
            peaks[kind].max(axis=0) for kind in kinds
        ],
        "A class without a picture has the mean nan, which wins. There are "
        "as many classes as `labels` says.": [
            *[peaks[kind].mean(axis=0) for kind in kinds],
            np.full(peaks.shape[1], np.nan),
        ],
        "You took the mean over the places of a map. A body fills only some of "
        "them: take the map's largest value.": [
            maps[kind].mean(axis=(0, 1, 2)) for kind in kinds
        ],
    }
    if np.array_equal(found, favourites(maps, labels)):
        return None
    for message, table in wrong.items():
        if np.array_equal(found, np.argmax(table, axis=0)):
            return message
    table = np.array([peaks[kind].mean(axis=0) for kind in kinds])
    if np.array_equal(found, table.argmin(axis=0)):
        return "Those are the classes that excite each channel least."
    if np.allclose(found, table.max(axis=0)):
        return "Those are the largest means. Which classes do they belong to?"
    return f"These are not the classes with the largest means. {tried}"


q1 = Exercise(
    _judge_favourites,
    answer=favourites,
    placeholder=todo,
    insight="Where one class stands far above the others, one channel is "
    "nearly enough to answer. Channel 9 likes the torus.",
    hints=(
        "`maps.max(axis=(1, 2))` gives each picture's largest value, channel "
        "by channel.",
        "`peaks[labels == 3]` takes the rows of class 3. Their "
        "`mean(axis=0)` has a number for each channel.",
        "`np.argmax(means, axis=0)` says for each column in which row the "
        "largest number stands.",
    ),
    reasons="""
        The largest value of a map says that what the channel looks for is
        there, wherever it is. The mean over a class's pictures does not grow
        with their number.
    """,
)

LAYERS = "image pool1 pool2 conv3 conv4 conv5 pool5 fc6 fc7".split()


def _judge_light(given):
    if fault := fault_of_keys(given, ("trained", "untrained")):
        return fault
    for key, name in given.items():
        if name not in (*LAYERS, "none"):
            return f'`{key}` is the name of one of the layers, or `"none"`.'
    trained, untrained = given["trained"], given["untrained"]
    if trained == "none":
        return "The trained network's fc7 does no better than guessing."
    if trained == "fc7":
        return "`trained`: fc7 has forgotten it, but it is not the first."
    if trained == "conv5":
        return (
            "`trained`: conv5 knows much less than conv4, but its score is "
            "still above 0.1. (conv5 is where the *hue* is lost.)"
        )
    if trained == "pool5":
        return (
            "`trained`: a pool that throws numbers away has not thrown away "
            "the light. Its score is above 0.1."
        )
    if trained != "fc6":
        return f"`trained`: {trained} still knows it well. Go on from there."
    if untrained != "none":
        return (
            f"`untrained`: {untrained} is not below 0.1 there. Did you ask "
            "`plain_seen` and `plain`, the untrained network's outputs?"
        )
    return None


q2 = Exercise(
    _judge_light,
    answer={"trained": "fc6", "untrained": "none"},
    placeholder={"trained": ..., "untrained": ...},
    insight="The light is gone from the fully connected layers on. Without "
    "training it is still there at the end: forgetting is what was learned.",
    hints=(
        'Go through the layers as section 7 does, with `"light"` as the only '
        "fact.",
        '`{"light": probed.facts["light"]}` is the dictionary to fit with, '
        '`{"light": test.facts["light"]}` the one to score with.',
        "Let a loop print each layer's name and whether its score is below "
        "0.1, once with `seen` and `unseen`, once with `plain_seen` and "
        "`plain`.",
    ),
    reasons="""
        ```python
        light = [{"light": p.facts["light"]} for p in (probed, test)]
        for fitted, scored in ((seen, unseen), (plain_seen, plain)):
            for name in layers:
                found = inspection.probe(
                    fitted[name], light[0], scored[name], light[1]
                )
                print(name, found["light"] < 0.1)
        ```

        In the trained network the score is above 0.5 up to conv4, near 0.2 in
        conv5 and pool5, and 0 from fc6 on. In the untrained one fc7 still has
        nearly 0.4.
    """,
)


def nearest(query, values, count):
    """Finds the rows of `values` that are nearest to `query`."""
    squares = ((values - query) ** 2).sum(axis=1)
    return np.argsort(squares)[:count]


def _neighbours():
    """Gives a query and rows, so that every measure has its own order."""
    values = [[5, -2, 5], [-6, 2, 3], [-2, 1, -5], [-3, -5, -3]]
    values += [[0, -4, -4], [0, -3, 1], [6, -2, 5]]
    return np.array([2.0, -2, -1]), np.array(values, float)


def _judge_nearest(function):
    if fault := fault_of_function(function):
        return fault
    query, values = _neighbours()
    apart = values - query
    order = np.argsort((apart**2).sum(axis=1))
    for count in (3, 1):
        tried = f"(Tried with {len(values)} rows of 3 values, count={count}.)"
        try:
            found = function(query.copy(), values.copy(), count)
        except (IndexError, ValueError) as error:
            return f"It raised `{type(error).__name__}: {error}`. {tried}"
        if is_placeholder(found):
            return NOT_ATTEMPTED
        found = np.asarray(found)
        if found.shape == (count, 3):
            return "Those are rows themselves. Give their numbers. " + tried
        if found.shape != (count,):
            return f"{count} numbers are asked for, not {found.shape}. {tried}"
        if np.array_equal(found, order[:count]):
            continue
        if np.array_equal(found, order[1 : count + 1]):
            return f"You left the nearest out: no row is the query. {tried}"
        lengths = np.sqrt((values**2).sum(axis=1))
        wrong = {
            "Those are the farthest.": order[::-1],
            "You added the differences as they are: those above and below 0 "
            "cancel. Square them first.": np.argsort(apart.sum(axis=1)),
            "You added the absolute differences, which is another distance. "
            "Square them.": np.argsort(np.abs(apart).sum(axis=1)),
            "You took the largest product with the query, which prefers long "
            "rows.": np.argsort(-values @ query),
            "You compared directions only. Lengths count as well.": np.argsort(
                -values @ query / lengths
            ),
            "You took the largest of the differences. All of them "
            "count.": np.argsort(np.abs(apart).max(axis=1)),
        }
        for message, other in wrong.items():
            if np.array_equal(found, other[:count]):
                return f"{message} {tried}"
        if set(found.tolist()) == set(order[:count].tolist()):
            return f"The right rows, but the nearest must come first. {tried}"
        squares = np.sort((apart**2).sum(axis=1))[:count]
        if any(np.allclose(found, d) for d in (squares, np.sqrt(squares))):
            return f"Those are distances. Give the rows' numbers. {tried}"
        return f"These are not the nearest rows. {tried}"
    return None


q3 = Exercise(
    _judge_nearest,
    answer=nearest,
    placeholder=todo,
    insight="The root changes no order, so it is not needed. On `fc7` this is "
    "the paper's figure 4.",
    hints=(
        "`values - query` subtracts the query from every row.",
        "Square, and add along each row: `sum(axis=1)`.",
        "`np.argsort` gives the numbers of the rows, the smallest first.",
    ),
    reasons="""
        The distance is the root of the summed squares (Pythagoras, with more
        than two sides). Of two distances the larger has the larger square.
    """,
)


def cover(answer, picture, side, step):
    """Asks `answer` about a picture with a grey square at every place."""
    height, width = picture.shape[:2]
    rows = range(0, height - side + 1, step)
    columns = range(0, width - side + 1, step)
    chances = np.zeros((len(rows), len(columns)))
    for r, top in enumerate(rows):
        for c, left in enumerate(columns):
            covered = picture.copy()
            covered[top : top + side, left : left + side] = 127
            chances[r, c] = answer(covered)
    return chances


def _see(picture):
    """Stands in for a network: every pixel counts, each differently."""
    height, width, _ = picture.shape
    weights = np.arange(1, height * width + 1).reshape(height, width) ** 2
    whole = 255.0 * 3 * weights.sum()
    return float((picture * weights[..., None]).sum() / whole)


def _judge_cover(function):
    if fault := fault_of_function(function):
        return fault
    rng = np.random.default_rng(4)
    for height, width, side, step in ((8, 11, 3, 2), (9, 9, 4, 3)):
        tried = f"(Tried with {height} x {width} pixels, side {side}, step "
        tried += f"{step}.)"
        picture = rng.integers(0, 256, (height, width, 3)).astype("uint8")
        mine = picture.copy()
        try:
            found = function(_see, mine, side, step)
        except (IndexError, ValueError) as error:
            return f"It raised `{type(error).__name__}: {error}`. {tried}"
        if is_placeholder(found):
            return NOT_ATTEMPTED
        found, right = np.asarray(found), cover(_see, picture, side, step)
        if not np.array_equal(mine, picture):
            return "The picture itself was painted on. Cover a copy. " + tried
        if found.shape == right.T.shape and np.allclose(found, right.T):
            return f"Rows and columns are exchanged. {tried}"
        if found.shape != right.shape:
            return (
                f"A map of {right.shape} places was expected, not "
                f"{found.shape}. The last place ends within the picture, as in "
                f"chapter 3. {tried}"
            )
        if np.allclose(found, right):
            continue
        return f"{_fault_of_cover(found, right, picture, side, step)} {tried}"
    return None


def _fault_of_cover(found, right, picture, side, step):
    """Names the mistake of a map that has the right shape."""
    if np.allclose(found, _see(picture)):
        return "The answer is the same everywhere: was the copy asked about?"
    growing = picture.copy()
    for r, c in np.ndindex(right.shape):
        top, left = r * step, c * step
        growing[top : top + side, left : left + side] = 127
        if not np.isclose(found[r, c], _see(growing)):
            break
    else:
        return "The covers stay. Take a new copy at every place."
    others = {"black": 0, "white": 255, "the picture's mean": picture.mean()}
    for name, level in others.items():
        covered = picture.copy()
        covered[:side, :side] = level
        if np.isclose(found[0, 0], _see(covered)):
            return f"The cover is {name}; it should be 127 in each channel."
    covered = picture.copy()
    covered[: side + 1, : side + 1] = 127
    if np.isclose(found[0, 0], _see(covered)):
        return "The cover is a pixel too large: a slice ends before its end."
    if np.isclose(found[0, 0], right[0, 0]):
        return "The first place is right, later ones are not: look at the step."
    return "The answers are not those to the covered pictures."


q4 = Exercise(
    _judge_cover,
    answer=cover,
    placeholder=todo,
    insight="It works for anything that gives a number for a picture, without "
    "a look inside.",
    hints=(
        "`range(0, height - side + 1, step)` are the rows in which the cover "
        "begins, the last one included.",
        "Take `picture.copy()` anew for each place, and set a slice of it to "
        "127.",
        "Make `np.zeros((len(rows), len(columns)))` first, and fill it in two "
        "loops with `enumerate`.",
    ),
    reasons="""
        The places are those of a filter without padding. Each needs a fresh
        copy, or the covers would add up.
    """,
)

progress = Progress(recall=recall, q1=q1, q2=q2, q3=q3, q4=q4)
