# %% [markdown]
# # 11. How do two devices train one network?
#
# > **You will be able to** train AlexNet on two devices, say what each computes
# > and what crosses between them, prove that two replicas are one larger batch
# > and nothing else, and name three things that break this.
# >
# > **Takes** a minute and a half to run on two cores.
# >
# > **Needs** no GPU, 7 GB of memory, and a few pictures that are rendered here.
# > **Stands on** chapters 8 (the head), 9 (data) and 10 (training).

# %% tags=["setup"] devices=2 lit="all"

# %% [markdown]
# AlexNet was trained on two GPUs because one was too small. Today one is large
# enough, and a second has another purpose: to finish sooner. This chapter shows
# today's way, chapter 12 that of 2012.
#
# The setup cell printed which two devices you have: two GPUs, one GPU split in
# two, or one processor split in two. The halves of a split device, called
# [**logical devices**](../docs/glossary.md#logical-device), compute and
# exchange the same things as two GPUs would. But they share one chip, so they
# save no time.
#
# ## 1. What is a replica?
#
# TensorFlow calls a plan for using devices a
# [**strategy**](../docs/glossary.md#strategy). Ours are `one`, the first device
# alone, and `two`, TensorFlow's `MirroredStrategy` on both. The pictures are a
# few of `solids`, ten kinds of rendered bodies.

# %%
import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import data, distribution, shapes, training, visualize
from alexnet_keras.exercises import two_gpus as ex
from alexnet_keras.layers import ReplicaDropout
from alexnet_keras.models import AlexNet, AlexNetMini
from alexnet_keras.networks import ALEXNET

devices = distribution.start(2)  # those of the setup cell
one = distribution.strategy(devices, "one")
two = distribution.strategy(devices, "mirrored")
one.num_replicas_in_sync, two.num_replicas_in_sync

# %%
# %%capture
# the first time they are rendered, which takes a moment
pictures = data.load("solids/tiny")
small_pictures = data.load("solids/tiny", size=64)  # for sections 7 and 8

# %% [markdown]
# Two devices need one more line: the network and its optimizer are built inside
# `strategy.scope()`. (`Precision` is for section 6. Dropout is off until
# section 8.)


# %%
def build(strategy, make, precision="float32", **settings):
    keras.utils.clear_session()  # frees the network before
    keras.utils.set_random_seed(2012)
    with training.Precision(precision), strategy.scope():
        network = make()
        sgd = keras.optimizers.SGD(**settings)
        loss = keras.losses.SparseCategoricalCrossentropy()
        # compiling it (with XLA) would take longer than it saves here
        network.compile(sgd, loss, jit_compile=False)
    return network


# %%
def alexnet():
    scale = (pictures.colors.mean, pictures.colors.scale)
    options = {"dropout": 0, "initialization": "he", "rescaling": scale}
    return AlexNet(classes=10, **options)


network = build(two, alexnet, learning_rate=0.004, momentum=0.9)
print(f"{network.count_params():,} weights")

# %% [markdown]
# 56.9 million, not chapter 8's 60,965,224: with ten classes, fc8 is smaller. So
# many Keras counts. How many do the two devices hold? Look at fc6's kernel;
# `experimental_local_results` lists what lies on each device.

# %%
kernel = network.get_layer("fc6").kernel.value
copies = two.experimental_local_results(kernel)

print(type(kernel).__name__, [tuple(copy.shape) for copy in copies])
print("on different devices:", copies[0].device != copies[1].device)
print("equal:", np.array_equal(copies[0], copies[1]))

# %% [markdown]
# Twice as many. A `MirroredVariable` is one name for two copies, one on each
# device. A full copy of the network on a device is a
# [**replica**](../docs/glossary.md#replica). Both start equal. Why do they
# *stay* equal?
#
# ## 2. Who sees which picture?
#
# You still say how many pictures make a step: the
# [**global batch**](../docs/glossary.md#global-batch). Ours has 16 pictures.
# `experimental_distribute_dataset` shares it out as `fit` will. Which labels
# will the second replica get?

# %%
print(pictures)
batches = pictures.evaluation(16, "train").take(3)  # 48 pictures, in order

for _, labels in batches.take(1):
    print("global batch:", labels.numpy())
for images, labels in two.experimental_distribute_dataset(batches.take(1)):
    parts = two.experimental_local_results(images)
    labels = two.experimental_local_results(labels)
    for i in (0, 1):
        print(f"replica {i}:", labels[i].numpy(), parts[i].shape)

# %% [markdown]
# The second half. 16 became 8 + 8, and no picture is seen twice. 64 would
# become 32 + 32.
#
# ## 3. What do they tell each other?
#
# Each replica sees other pictures, finds another gradient, and would move its
# weights elsewhere. What prevents that shows in the smallest network there is:
# one weight `w = 1`, which shall make `(w * x) ** 2` small. Its gradient for
# one example is `2 * x * x * w`. Four examples, two replicas: which four
# gradients, and which three means?

# %%
x = np.array([1.0, 2.0, 3.0, 4.0])
gradients = 2 * x * x

print("each example", gradients)
print("each replica", gradients[:2].mean(), gradients[2:].mean())
print("whole batch ", gradients.mean())

# %% [markdown]
# 5 and 25, whose mean is 15, the mean of all four: **the mean of the halves is
# the mean of the whole**, if the halves are equally large. So the replicas need
# to exchange only their gradients. TensorFlow does the same: `run` computes on
# every replica, `reduce` brings together.

# %%
examples = tf.data.Dataset.from_tensor_slices(x).batch(4)
parts = next(iter(two.experimental_distribute_dataset(examples)))
each = two.run(lambda x: tf.reduce_mean(2 * x * x), args=(parts,))

print([float(g) for g in two.experimental_local_results(each)])
print(float(two.reduce("MEAN", each, axis=None)))

# %% [markdown]
# When *every* device receives the mean, it is an
# [**all-reduce**](../docs/glossary.md#all-reduce). Then all take the same step
# from the same weights. The weights themselves never travel.
#
# What does it cost? A gradient has one number a weight, 4 bytes each. Whole
# GPUs can pass them round in a ring: each of n devices sends an n-th of the
# gradient n - 1 times to add up, and n - 1 times to hand the sums on. For the
# paper's network, is that more or less than 128 pictures?

# %%
gradient = 4 * 60_965_224  # bytes

print(f"gradient: {gradient:,} bytes")
for n in (2, 4, 8):
    print(f"{n} devices: each sends {2 * (n - 1) / n * gradient / 1e6:.0f} MB")
print(f"128 pictures: {128 * 4 * 227 * 227 * 3 / 1e6:.0f} MB")

# %% [markdown]
# With two devices, three times as many bytes as 128 pictures. And the gradient
# is as large for a single picture.
#
# ## 4. A step, drawn to scale
#
# How much of a step is talk? Compute it for two imagined GPUs in round numbers:
# 10 trillion operations a second, a link of 10 GB a second, memory at 500 GB a
# second. Chapter 8 counted 724,406,816 multiply-adds a picture, each two
# operations; backward takes twice as many as forward. How much faster are two,
# at the paper's batch of 128?


# %%
def phases(batch, n):  # milliseconds on each of n devices
    images = batch / n
    forward = 1e3 * images * 2 * 724_406_816 / 10e12
    return {
        "input": 1e3 * images * 4 * 227 * 227 * 3 / 10e9,
        "forward": forward,
        "backward": 2 * forward,
        "all-reduce": 1e3 * 2 * (n - 1) / n * gradient / 10e9,
        "update": 1e3 * 5 * gradient / 500e9,  # reads 3 values, writes 2
    }


single, shared = phases(128, 1), phases(128, 2)
for name in single:
    print(f"{name}: {single[name]:.1f} ms on one, {shared[name]:.1f} ms on two")

# %%
visualize.timeline(
    {"one device": single, "replica 0": shared, "replica 1": shared}
)

# %% [markdown]
# **Figure.** One step at a batch of 128, computed for imagined GPUs. One device
# takes 66 ms. Two replicas need half as long for their pictures, but then
# exchange gradients for 24 ms, and are done after 59 ms.
#
# Two devices are only an eighth faster. Forward and backward are halved, but
# the all-reduce is new, and 96% of it are the fully connected layers, which
# hardly compute (chapter 8). A network with so many weights and so little work
# for each suits replicas badly. (Real systems hide part of the talk behind the
# backward pass.)
#
# The all-reduce does not grow with the batch. What does a larger batch do?

# %%
for batch in (32, 128, 512, 2048):
    single, shared = phases(batch, 1).values(), phases(batch, 2).values()
    print(f"batch {batch}: {sum(single) / sum(shared):.2f} times as fast")

# %% [markdown]
# With 32 pictures, two devices are *slower* than one. The second pays when
# there is much to compute between two talks.
#
# ## 5. AlexNet on two replicas
#
# Now for real: the full network with its two towers, 48 pictures, five epochs.
# `fit` is called as always; it knows the strategy. So few pictures are learned
# by heart, but for that the loss must fall. And after 15 steps with 30
# different gradients, how far apart are the copies of fc6?

# %% tags=["nbval-ignore-output"] reason="float32: differs by processor"
history = network.fit(batches, epochs=5, verbose=0, shuffle=False).history
print([f"{loss:.2f}" for loss in history["loss"]])

# %%
print("loss halved:", history["loss"][-1] < history["loss"][0] / 2)
print("copies equal:", np.array_equal(copies[0], copies[1]))

# %% [markdown]
# Not apart at all, to the last bit: both took the same 15 steps. (And they have
# moved: the loss fell.)
#
# ## 6. The proof
#
# Copies that agree may both be wrong. The claim is stronger: two replicas end
# where **one** device with the same global batch ends. Same seed, same
# pictures, three steps.
#
# We compare in `float64`, which keeps about 16 digits where `float32` keeps 7.
# (Without momentum: on two devices it would need another 0.9 GB.) Which
# difference would convince you?


# %%
def train(strategy):
    network = build(strategy, alexnet, "float64", learning_rate=0.004)
    network.fit(batches, verbose=0, shuffle=False)
    return network.get_weights()


def largest_difference(these, those):
    return max(np.abs(a - b).max() for a, b in zip(these, those, strict=True))


# %%
network = kernel = copies = None  # frees memory
together, alone = train(two), train(one)

apart = largest_difference(alone, together)
print("below 1e-10:", apart < 1e-10, "and below 1e-14:", apart < 1e-14)
print("biases of fc8 have moved:", np.abs(alone[-1]).max() > 1e-5)
alone = together = None

# %% [markdown]
# Among 56.9 million weights, the largest difference was 3e-17 where this was
# written: the 16th digit of a weight near 0.1. The last line asks what you
# should ask of every proof: would it have noticed? Weights that never move
# agree, too. But He's biases start at 0, and these do not stay there.
#
# **Two replicas make one larger batch, and nothing else.**
#
# ## 7. And in float32?
#
# From here on a small network will do: the convolutions of `AlexNetMini` on
# 64-pixel pictures and, before the last layer, an `extra` one, which section 8
# needs. (`Identity` does nothing.) `record` keeps the weights of every step.

# %%
small_batches = small_pictures.evaluation(16, "train").take(3)


def small(extra):
    scale = (small_pictures.colors.mean, small_pictures.colors.scale)
    options = {"initialization": "he", "rescaling": scale}
    maps = AlexNetMini(include_top=False, **options)
    head = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([maps, extra(), *head])


# %%
def record(strategy, precision, batches, extra=keras.layers.Identity, epochs=1):
    settings = {"learning_rate": 0.01, "momentum": 0.9}
    network = build(strategy, lambda: small(extra), precision, **settings)
    steps = []

    def keep(batch, logs):
        steps.append(network.get_weights())

    keeper = keras.callbacks.LambdaCallback(on_train_batch_end=keep)
    options = {"epochs": epochs, "callbacks": [keeper]}
    network.fit(batches, verbose=0, shuffle=False, **options)
    return steps


# %% [markdown]
# Twelve epochs are 36 steps, in both precisions, alone and together. Will the
# difference in `float32` stay small, grow steadily, or jump?

# %%
steps, drifts = {}, {}
for precision in ("float64", "float32"):
    for strategy in (one, two):
        run = record(strategy, precision, small_batches, epochs=12)
        steps[precision, strategy] = run
    pairs = zip(steps[precision, one], steps[precision, two], strict=True)
    drifts[precision] = [largest_difference(*pair) for pair in pairs]
    print(precision, "below 1e-10:", max(drifts[precision]) < 1e-10)

# %%
visualize.drift(drifts)

# %% [markdown]
# **Figure.** Largest difference between the weights of one device and those of
# two replicas, step by step, on a logarithmic axis. Where this was written,
# `float64` stays below 1e-15. `float32` starts near 1e-8, jumps, and ends
# orders of magnitude higher. Your processor may draw another path.
#
# Neither training is wrong. Three things come together. First, a sum of rounded
# numbers depends on its order, and two replicas add in another order.

# %%
a, b, c = np.array([1.0, 1e8, -1e8], "float32")
print((a + b) + c, a + (b + c))

# %% [markdown]
# 0 or 1, from the same numbers. That is where the first differences come from.
#
# Second, AlexNet has bends. A ReLU whose input is nearly 0 may be on in one
# training and off in the other; of two nearly equal values, a pool may take
# either. Then a last digit decides the path, and the curve can jump. For the 16
# pictures of the first batch, how many units of conv1 to conv5 are on in only
# one of the two trainings, after the first step and after the last?

# %% tags=["nbval-ignore-output"] reason="rounding differs by processor"
network = build(one, lambda: small(keras.layers.Identity))
maps = network.layers[0]
convs = [maps.get_layer(f"conv{i}").output for i in range(1, 6)]
look = keras.Model(maps.input, convs)
images, _ = next(iter(small_batches))


def units_on(weights):
    network.set_weights(weights)
    return np.concatenate([np.ravel(out) > 0 for out in look(images)])


for step in (0, -1):
    alone = units_on(steps["float32", one][step])
    print(np.count_nonzero(alone != units_on(steps["float32", two][step])))

# %% [markdown]
# None or next to none at first, and a few at the end.
#
# Third, every step starts where the last one ended, so differences breed
# differences. Test equality in `float64`, and never promise it in `float32`.
#
# ## 8. Three ways to break it
#
# A proof is worth more when you know its limits. `difference` says how far
# apart one device and two replicas end, in `float64`.
#
# ### A short last batch
#
# 51 pictures make three batches of 16, and three are left over. How will two
# replicas share three, and how much will each of the three count?


# %%
def difference(batches, extra=keras.layers.Identity):
    alone = record(one, "float64", batches, extra)
    together = record(two, "float64", batches, extra)
    return largest_difference(alone[-1], together[-1])


images, labels = next(iter(small_pictures.evaluation(51, "train")))
short = tf.data.Dataset.from_tensor_slices((images, labels)).batch(16)

for _, labels in two.experimental_distribute_dataset(short):
    print([len(part) for part in two.experimental_local_results(labels)])
print("below 1e-10:", difference(short) < 1e-10)

# %% [markdown]
# Two and one. Each replica's mean counts a half, so the two count a quarter
# each and the lonely one a half. On one device each counts a third. So our
# training drops the short batch, with other pictures in every epoch. Exercise 2
# mends it.
#
# ### Dropout
#
# Dropout draws a **mask**: which units are on. Here are masks for eight units
# on each replica, from Keras' layer and from ours. What do you notice? And with
# ours, will two replicas end where one device does?


# %%
def masks(layer):
    with two.scope():
        drop = layer(0.5, seed=2012)
    drawn = two.run(lambda: drop(tf.ones((1, 8)), training=True))
    for mask in two.experimental_local_results(drawn):
        print(layer.__name__, np.array(mask[0] > 0, int))


masks(keras.layers.Dropout)
masks(ReplicaDropout)
apart = difference(small_batches, extra=lambda: ReplicaDropout(0.5))
print("below 1e-10:", apart < 1e-10)

# %% [markdown]
# Keras mirrors even the seed: both replicas drop the same units, so pictures 1
# and 9 of a batch always lose the same ones. `ReplicaDropout`, which our
# AlexNet uses, adds the replica's number to the seed. Neither equals one
# device, which draws 16 masks at once, one for each picture. Ours draws 16 too,
# only others, and they are as good; Keras' draws 8 and uses each twice.
#
# ### BatchNorm
#
# `BatchNormalization` came in 2015. It subtracts from each channel its mean
# over the batch and divides by the standard deviation. Over which batch? One
# channel has the values 1, 3, 5 and 7 in four pictures. What becomes of them,
# on one device and on two?


# %%
def normalized(strategy):
    values = tf.data.Dataset.from_tensor_slices([[1.0], [3.0], [5.0], [7.0]])
    shared = strategy.experimental_distribute_dataset(values.batch(4))
    with strategy.scope():
        norm = keras.layers.BatchNormalization()
        norm.build((None, 1))
    each = strategy.run(lambda x: norm(x, training=True), [next(iter(shared))])
    for part in strategy.experimental_local_results(each):
        print([f"{value:.2f}" for value in part.numpy().ravel()])


normalized(one)
normalized(two)

# %% [markdown]
# Each replica takes the mean of *its own* pictures. 3 and 5 change places: next
# to 1, 3 is large; next to 7, 5 is small. Where pictures see each other, half a
# batch is another computation. Keras can let replicas exchange their means:


# %%
def exchanging():
    return keras.layers.BatchNormalization(synchronized=True)


apart = difference(small_batches, extra=keras.layers.BatchNormalization)
print("each its own mean, below 1e-10:", apart < 1e-10)
apart = difference(small_batches, extra=exchanging)
print("one common mean, below 1e-10:", apart < 1e-10)

# %% [markdown]
# ## 9. In practice
#
# One line in a terminal learns the whole of `solids` this way, with dropout,
# crops and colours, 64 pictures a step, 32 on each device:
#
# ```
# alexnet-keras train --data solids --strategy mirrored --devices 2
# ```
#
# Two devices hold twice as many pictures, which tempts one to double the batch.
# Then an epoch has half as many steps. Take the gradients 5 and 25 again: two
# steps at rate 0.01 move by about 0.05 + 0.25; one step at rate 0.02 with their
# mean moves by 0.30. So the usual rule is **double the batch, double the
# rate**, with a warm-up (chapter 10).

# %% [markdown]
# ## AlexNet so far
#
# The network is whole since chapter 9, and trained since chapter 10:
#
# | part | what it is | chapter |
# |---|---|---|
# | a step | gradient, momentum, weight decay, rate | 10 |
# | **a step on n devices** | **n replicas, batch / n, all-reduce** | **11** |

# %%
print(shapes.summary(ALEXNET))

# %% [markdown]
# ## Three takeaways
#
# 1. A replica is a full copy. Each finds the gradient of its part of the batch,
#    the all-reduce averages, all take the same step.
# 2. Two replicas make one larger batch, and nothing else. `float64` proves it;
#    in `float32` rounding grows.
# 3. It breaks with parts of unequal size, with dropout, and with statistics
#    over half a batch.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: an all-reduce that is always right
#
# `gradients` holds one array for each replica, the mean over its examples;
# `sizes` says how many examples those were. Return the mean over all examples,
# also when the parts differ. This is checked in `float64`, on regressions.


# %%
def all_reduce(gradients, sizes): ...


ex.q1.check(all_reduce)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: mend the short batch
#
# Keras' mean of the means cannot be changed. But `fit` accepts a weight for
# each picture: the picture's loss is multiplied by it, and then the replica
# takes the mean over its pictures as before. For parts of the given sizes,
# return one number a replica, the weight of its pictures, so that all pictures
# count alike. For `sizes = [8, 8]` that is `[1, 1]`.


# %%
def weights(sizes): ...


ex.q2.check(weights)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: predict two breaks
#
# A channel is 0 and 8 for the pictures of replica 0, 10 and 30 for those of
# replica 1. What does BatchNorm make of the 8 and of the 10, on one device and
# on two replicas? And of the units that a dropout of 0.5 drops on replica 0,
# which share does replica 1 drop as well, with either layer? Give the mean over
# many draws, and all numbers to two decimals.

# %%
predicted = {
    "one_device": ...,  # (8 becomes, 10 becomes)
    "two_replicas": ...,
    "keras_dropout": ...,  # a share, from 0 to 1
    "replica_dropout": ...,
}
ex.q3.check(predicted)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# Chapter 12 returns to 2012: one network, too large for one card, cut in two.
# You will place its towers on your two devices, see where they must talk, and
# count whether that is more or less than an all-reduce.
