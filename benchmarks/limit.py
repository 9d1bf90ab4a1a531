"""The machine's own rate of matrix products, and the share a network reaches.

A network cannot do its products faster than the best library does one large
product, so this is a ceiling for everybody. What a network has to do is
counted by `alexnet_keras.shapes`, in multiply-adds.
"""

import contenders

from alexnet_keras import networks, shapes

SIDES = (1024, 2048, 4096)  # of square matrices: which is fastest varies
UNIT = 1e9  # multiply-adds of what counts as a step here


def forward_products(size, network="two-tower"):
    """Counts the multiply-adds of an image on its way through a network.

    Args:
        size: Int, side of the image in pixels.
        network: Str, a name in `networks.NETWORKS`.

    Returns:
        Int.
    """
    return sum(_products(size, network))


def training_products(size, network="two-tower"):
    """Counts the multiply-adds of an image in a training step.

    Each layer has a product forward, one for the gradient of its weights and
    one for that of its input. The first layer's input, the image, needs none.

    Args:
        size: Int, side of the image in pixels.
        network: Str, a name in `networks.NETWORKS`.

    Returns:
        Int.
    """
    products = _products(size, network)
    return 3 * sum(products) - products[0]


def _products(size, network):
    """Lists the multiply-adds of each layer that has weights."""
    lines = shapes.table(networks.find(network).layers, size)
    return [line.multiply_adds for line in lines if line.multiply_adds]


def prepare_tensorflow():
    """Prepares TensorFlow's products, as `contenders.Contender` wants.

    Returns:
        A label, and a function `turn(dtype, steps)` that gives the seconds of
        `UNIT` multiply-adds; likewise the other.
    """
    from alexnet_keras import distribution

    distribution.start()
    import tensorflow as tf

    def product(dtype, side):
        a = tf.cast(tf.random.normal((side, side)), dtype)
        return lambda: tf.matmul(a, a)

    return "TensorFlow's matrix product", _turn(product)


def prepare_torch():
    """Prepares PyTorch's products."""
    import torch

    torch.set_num_threads(contenders.num_cores())

    def product(dtype, side):
        a = torch.randn(side, side).to(getattr(torch, dtype))
        return lambda: a @ a

    return "PyTorch's matrix product", _turn(product)


def _turn(product):
    """Makes turns of the products of the side that is fastest."""
    chosen = {}

    def choose(dtype):
        trials = []
        for side in SIDES:
            turn = contenders.timed(product(dtype, side))
            turn(1)
            steps = max(1, round((SIDES[-1] / side) ** 3 / 8))
            trials.append((turn(steps) / side**3, side, turn))
        return min(trials)[1:]

    def turn(dtype, steps):
        if dtype not in chosen:
            chosen[dtype] = choose(dtype)
        side, own = chosen[dtype]
        return own(max(1, round(steps * UNIT / side**3))) * UNIT / side**3

    return turn
