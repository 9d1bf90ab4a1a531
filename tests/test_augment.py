"""Augmentation, eagerly and inside `tf.data`, against NumPy."""

import collections

import numpy as np
import pytest
import tensorflow as tf

from alexnet_keras import augment


def numbered(height, width, channels=3):
    """An image whose every value is another."""
    values = np.arange(height * width * channels, dtype="float32")
    return values.reshape(height, width, channels)


def place_of(crop, image):
    """Row and column of a crop's first pixel in a `numbered` image."""
    return divmod(int(crop[0, 0, 0]) // image.shape[2], image.shape[1])


FUNCTIONS = {
    "center_crop": lambda image, seed: augment.center_crop(image, 7),
    "random_crop": lambda image, seed: augment.random_crop(image, 7, seed),
    "random_resized_crop": lambda image, seed: augment.random_resized_crop(
        image, 7, seed, 0.5
    ),
    "random_flip": augment.random_flip,
    "shift_colors": lambda image, seed: augment.shift_colors(
        image, tf.constant([9.0, 3.0, 1.0]), tf.eye(3), seed
    ),
    "ten_crops": lambda image, seed: augment.ten_crops(image, 7),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_seed_gives_the_same_eagerly_and_in_a_pipeline(name):
    image, function = numbered(9, 12), FUNCTIONS[name]
    seeds = [(0, number) for number in range(8)]
    pipeline = tf.data.Dataset.from_tensor_slices(seeds).map(
        lambda seed: function(tf.constant(image), seed)
    )
    assert pipeline.element_spec.shape.is_fully_defined()
    results = [*pipeline.as_numpy_iterator()]
    for seed, result in zip(seeds, results, strict=True):
        # a graph may fuse a product and a sum
        np.testing.assert_allclose(function(image, seed), result, rtol=1e-6)
    if name.startswith(("random", "shift")):
        assert any((result != results[0]).any() for result in results)


def test_the_central_crop():
    image = numbered(9, 12)
    np.testing.assert_array_equal(
        augment.center_crop(image, 5), image[2:7, 3:8]
    )
    np.testing.assert_array_equal(
        augment.center_crop(image[:, :9], 9), image[:, :9]
    )


def test_every_place_is_equally_likely_and_the_last_ones_too():
    image, size, draws = numbered(9, 7), 6, 4000
    crops = tf.data.Dataset.range(draws).map(
        lambda seed: augment.random_crop(tf.constant(image), size, [0, seed])
    )
    counts = collections.Counter()
    for crop in crops.batch(draws).get_single_element().numpy():
        top, left = place_of(crop, image)
        expected = image[top : top + size, left : left + size]
        np.testing.assert_array_equal(crop, expected)
        counts[top, left] += 1
    assert counts.keys() == {(top, left) for top in range(4) for left in (0, 1)}
    share = draws / 8
    deviations = [abs(count - share) for count in counts.values()]
    assert max(deviations) < 5 * np.sqrt(share)


def test_a_crop_as_large_as_the_image_is_the_image():
    image = numbered(6, 6)
    crop = augment.random_crop(image, 6, (0, 1))
    np.testing.assert_array_equal(crop, image)


def test_resized_crops_are_as_large_as_they_may_be_and_anywhere():
    side, size, draws = 256, 33, 500
    line = np.arange(side, dtype="float32")
    image = np.stack([*np.meshgrid(line, line), 0 * line + line[:, None]], -1)
    crops = tf.data.Dataset.range(draws).map(
        lambda seed: augment.random_resized_crop(
            tf.constant(image), size, [1, seed], 0.5
        )
    )
    crops = crops.batch(draws).get_single_element().numpy()
    # a picture of its own places: what a crop shows says where it was cut
    left, right = crops[:, 0, 0, 0], crops[:, 0, -1, 0]
    top, bottom = crops[:, 0, 0, 1], crops[:, -1, 0, 1]
    width, height = (right - left) / (side - 1), (bottom - top) / (side - 1)
    area, ratio = width * height, width / height
    assert 0.5 - 1e-3 < area.min() < area.max() < 1 + 1e-3
    assert 3 / 4 - 1e-3 < ratio.min() < ratio.max() < 4 / 3 + 1e-3
    assert np.quantile(ratio, [0.1, 0.9]) == pytest.approx(
        [0.75**0.8, 0.75**-0.8], abs=0.04
    )
    # wide or high ones of much area lack a little of it
    shares = np.quantile(area, [0.1, 0.5])
    assert shares == pytest.approx([0.55, 0.75], abs=0.03)
    for before, after in ((left, side - 1 - right), (top, side - 1 - bottom)):
        assert min(before.min(), after.min()) > -1e-2
        room = before + after
        place = before[room > 1] / room[room > 1]
        assert np.quantile(place, [0.1, 0.5, 0.9]) == pytest.approx(
            [0.1, 0.5, 0.9], abs=0.07
        )
    # between its ends, a crop goes on evenly
    np.testing.assert_allclose(
        crops[:, 0, size // 2, 0], (left + right) / 2, atol=1e-2
    )


def test_half_of_the_images_are_mirrored():
    image, draws = numbered(3, 4), 2000
    results = tf.data.Dataset.range(draws).map(
        lambda seed: augment.random_flip(tf.constant(image), [5, seed])
    )
    results = results.batch(draws).get_single_element().numpy()
    mirrored = (results != image).any((1, 2, 3))
    assert (results[~mirrored] == image).all()
    assert (results[mirrored] == image[:, ::-1]).all()
    assert abs(mirrored.mean() - 0.5) < 0.05  # four standard deviations


def test_the_kind_of_number_is_kept():
    image = numbered(8, 8).astype("uint8")
    for name in ("center_crop", "random_crop", "random_flip", "ten_crops"):
        assert FUNCTIONS[name](image, (0, 0)).dtype == tf.uint8


STDDEVS = np.array([121.8, 37.1, 19.7], "float32")


def directions():
    """Three unit vectors at right angles, one a column."""
    generator = np.random.default_rng(0)
    square = generator.standard_normal((3, 3))
    return np.linalg.qr(square)[0].astype("float32")


def test_colours_shift_by_the_formula():
    image, components, seed = numbered(4, 5), directions(), (3, 4)
    noise = tf.random.stateless_normal((3,), seed).numpy()
    expected = image.copy()
    for component in range(3):
        amount = 0.1 * noise[component] * STDDEVS[component]
        expected += amount * components[:, component]
    result = augment.shift_colors(image, STDDEVS, components, seed)
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-4)


def test_colours_shift_by_a_tenth_of_their_spread():
    components = directions()
    black = tf.zeros((1, 1, 3))
    shifts = tf.data.Dataset.range(4000).map(
        lambda seed: augment.shift_colors(black, STDDEVS, components, [1, seed])
    )
    shifts = shifts.batch(4000).get_single_element().numpy()[:, 0, 0]
    along = shifts @ components  # amounts along each component
    np.testing.assert_allclose(along.std(0), 0.1 * STDDEVS, rtol=0.05)
    assert (abs(along.mean(0)) < 0.1 * STDDEVS * 5 / np.sqrt(4000)).all()


def test_ten_crops_are_the_corners_and_the_centre_and_their_mirrors():
    image = numbered(10, 12)
    crops = augment.ten_crops(image, 7).numpy()
    assert crops.shape == (10, 7, 7, 3)
    places = [place_of(crop, image) for crop in crops[:5]]
    assert places == [(0, 0), (0, 5), (3, 0), (3, 5), (1, 2)]
    for (top, left), crop in zip(places, crops[:5], strict=True):
        expected = image[top : top + 7, left : left + 7]
        np.testing.assert_array_equal(crop, expected)
    np.testing.assert_array_equal(crops[5:], crops[:5, :, ::-1])


def test_components_of_colours_drawn_along_known_directions():
    generator = np.random.default_rng(1)
    mean, components = np.array([120.0, 110, 100]), directions()
    amounts = generator.standard_normal((100_000, 3)) * STDDEVS
    pixels = (mean + amounts @ components.T).reshape(100, 1000, 3)
    found_mean, stddevs, found = augment.color_components(pixels)
    np.testing.assert_allclose(found_mean, mean, atol=2)
    np.testing.assert_allclose(stddevs, STDDEVS, rtol=0.02)
    overlap = abs(np.sum(found * components, axis=0))  # up to their signs
    np.testing.assert_allclose(overlap, 1, atol=1e-3)
    np.testing.assert_allclose(found.T @ found, np.eye(3), atol=1e-12)


def test_components_of_one_colour_have_no_spread():
    mean, stddevs, _ = augment.color_components(np.full((2, 2, 3), 7, "uint8"))
    assert (mean == 7).all()
    np.testing.assert_allclose(stddevs, 0, atol=1e-6)
