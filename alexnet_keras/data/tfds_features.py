"""What a TensorFlow data set holds: pictures with one label each, or not."""

import textwrap

import numpy as np

from alexnet_keras.data.decoding import DataError
from alexnet_keras.weights import is_class_name


def image_and_label(builder):
    """Finds the features that a set trains on.

    Args:
        builder: TFDS builder, which need not be prepared.

    Returns:
        Their names: TFDS's supervised keys, or, where there are none, those
        of the only picture and the only class label.

    Raises:
        DataError: If it does not hold images with one label each.
    """
    import tensorflow_datasets as tfds

    kinds = tfds.features
    features = builder.info.features
    named = {"": features}
    if isinstance(features, kinds.FeaturesDict):
        named = dict(features.items())
    images = [
        name
        for name, feature in named.items()
        if isinstance(feature, kinds.Image)
        and not isinstance(feature, kinds.LabeledImage)
        # the bytes of float32 are stored as if they were RGBA
        and feature.np_dtype in (np.uint8, np.uint16)
    ]
    labels = [
        name
        for name, feature in named.items()
        if isinstance(feature, kinds.ClassLabel)
    ]
    keys = builder.info.supervised_keys
    if keys is None and len(images) == len(labels) == 1:
        return images[0], labels[0]
    if keys and len(keys) == 2 and keys[0] in images and keys[1] in labels:
        return keys
    listed = [f"{name} ({_kind(feature)})" for name, feature in named.items()]
    listed = textwrap.shorten(", ".join(listed), 500, placeholder=" ...")
    keys = textwrap.shorten(str(keys), 100, placeholder=" ...")
    raise DataError(
        f"{builder.info.full_name} does not hold images with one label each. "
        f"Received: features {listed}; supervised keys {keys}. Choose a set "
        "for image classification, or prepare it with supervised keys that "
        "name an Image of uint8 and a ClassLabel."
    )


def class_names(builder):
    """Gives the names of a set's classes, two or more.

    Args:
        builder: TFDS builder, which need not be prepared.

    Returns:
        Tuple of str.

    Raises:
        DataError: If it does not hold images with one label each, of two
            classes or more.
    """
    _, label = image_and_label(builder)
    feature = builder.info.features[label]
    if not feature.num_classes or feature.num_classes < 2:
        raise DataError(
            f"{builder.info.full_name} has fewer than two classes. Received: "
            f"{feature.num_classes}. A classifier needs two or more; choose "
            "another set."
        )
    names = tuple(feature.names)
    if not len(names) == len(set(names)) == feature.num_classes:
        raise DataError(
            f"{builder.info.full_name} has {feature.num_classes} classes and "
            f"{len(set(names))} different names for them. Mend "
            f"{label}.labels.txt beside its records: one name a line."
        )
    for name in names:
        if not is_class_name(name):
            raise DataError(
                f"The name of a class of {builder.info.full_name} cannot be "
                f"shown: {ascii(name)}. Prepare the set with another name."
            )
    return names


def _kind(feature):
    """Says what a feature is, such as `Tensor, int64`."""
    kind, dtype = type(feature).__name__, getattr(feature, "np_dtype", None)
    if not isinstance(dtype, type | np.dtype) or dtype == np.object_:
        return kind
    return f"{kind}, {np.dtype(dtype).name}"
