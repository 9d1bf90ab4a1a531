"""Batches for the replicas of a strategy, each its own part."""

import numpy as np
import tensorflow as tf

from alexnet_keras.data.decoding import DataError


def shared_training(
    data,
    batch_size,
    strategy,
    seed=0,
    color_noise=True,
    start=0,
    least_area=None,
):
    """Makes training batches for the replicas of a strategy.

    Args:
        data: A `batches.Data`.
        batch_size: Int, over all replicas of all workers.
        strategy: A `tf.distribute.Strategy`.
        seed: As in `Data.train`; the others too.
        color_noise: Bool.
        start: Int.
        least_area: Float or None.

    Returns:
        The batches without end, each replica's part by itself.
    """

    def part(context):
        pipelines = context.num_input_pipelines
        worker = context.input_pipeline_id, pipelines
        batches = data.train(
            batch_size, seed, color_noise, start, worker, least_area
        )
        if pipelines == strategy.num_replicas_in_sync:
            return batches
        return batches.rebatch(batch_size // strategy.num_replicas_in_sync)

    return _distribute(strategy, part)


def shared_validation(data, batch_size, strategy):
    """Makes validation batches for the replicas of a strategy.

    Args:
        data: A `batches.Data`.
        batch_size: Int, about so many a step, over all replicas.
        strategy: A `tf.distribute.Strategy`.

    Returns:
        The batches of one pass after another without end, and the steps
        of a pass, in which every picture is seen once.

    Raises:
        DataError: If there are too few pictures to share.
    """
    replicas = strategy.num_replicas_in_sync
    count = data.splits["validation"].num_examples
    sizes = np.array(share_out(count, batch_size, replicas))

    def part(context):
        share = replicas // context.num_input_pipelines
        owner = np.arange(len(sizes)) % replicas // share
        own = owner == context.input_pipeline_id
        batches = data.evaluation(batch_size, only=np.repeat(own, sizes))
        return batches.rebatch(sizes[own]).repeat().prefetch(2)

    return _distribute(strategy, part), len(sizes) // replicas


def share_out(num_examples, batch_size, replicas):
    """Deals a pass over a split out to replicas, so that all get equal shares.

    TensorFlow would fill the replicas one after another; one that is given
    nothing fails, and Keras wants equal shares in the first step.

    Args:
        num_examples: Int.
        batch_size: Int, about so many a step, over all replicas.
        replicas: Int.

    Returns:
        List of ints: for each step, the pictures of each replica in turn. They
        differ by one at most, and not within the first step.

    Raises:
        DataError: If there are too few pictures.
    """
    num_steps = min(-(-num_examples // batch_size), num_examples // replicas)
    num_steps = max(num_steps, 2 if num_examples % replicas else 1)
    share, left = divmod(num_examples, num_steps * replicas)
    if not share:
        raise DataError(
            f"{num_examples} pictures cannot be shared by {replicas} devices. "
            f"Use fewer devices, or at least {2 * replicas} pictures for "
            "validation."
        )
    sizes = [share] * (num_steps * replicas - left) + [share + 1] * left
    return sizes if len(set(sizes[:replicas])) == 1 else sizes[::-1]


def _distribute(strategy, part):
    """Makes the batches of each pipeline with the function `part`.

    A mirrored strategy gets a pipeline for each replica. TensorFlow would
    else add iterators of its own, with the tuning thread that
    `Data.train` has none of.
    """
    options = None
    if isinstance(strategy, tf.distribute.MirroredStrategy):
        options = tf.distribute.InputOptions(
            experimental_fetch_to_device=False,
            experimental_replication_mode=(
                tf.distribute.InputReplicationMode.PER_REPLICA
            ),
        )
    return strategy.distribute_datasets_from_function(part, options)
