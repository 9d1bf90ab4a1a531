# %% [markdown]
# # 11. How do two devices train one network?
#
# > **You will be able to** train AlexNet on two devices, say what each computes
# > and what crosses between them, tell when a second one pays, prove that two
# > replicas do what one device does, and name three things that break this.
# >
# > **Takes** a minute to run on two cores; plan an hour and a half to work
# > through it.
# >
# > **Needs** no GPU, 7 GB of memory, and a few pictures that are rendered here.
# > **Stands on** chapters 8 (the head), 9 (data) and 10 (training).

# %% tags=["setup"] devices=2 lit="all"

# %% [markdown]
# In 2012 AlexNet would have filled one GPU to the brim, so it got two. Today
# one is large enough, and a second is there to finish sooner.
#
# The setup cell printed which two devices you have. Halves of one GPU or
# processor, [**logical devices**](../docs/glossary.md#logical-device), compute
# and exchange what two GPUs would, but share one chip and save no time.
#
# ## Before you begin
#
# A weight is 1, its gradient is 1 in every step. The rate is 0.1, the momentum
# 0.9, the velocity starts at 0. What is the weight after two steps? And which
# number stands in `L2(...)` for the paper's decay of 0.0005?

# %%
import tempfile

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import costs, data, distribution, shapes, training, visualize
from alexnet_keras.exercises import two_gpus as ex
from alexnet_keras.layers import ReplicaDropout
from alexnet_keras.models import AlexNet, AlexNetMini
from alexnet_keras.networks import ALEXNET

ex.recall.check((..., ...))  # weight, number

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. Where does a weight live?
#
# TensorFlow calls a plan for using devices a
# [**strategy**](../docs/glossary.md#strategy). Two devices take two more lines:
# `MirroredStrategy` and `with two.scope()`.

# %%
devices = distribution.start(2)  # those of the setup cell
two = tf.distribute.MirroredStrategy(devices.names)


def made():  # one unit with one weight and a bias
    network = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    network.compile("sgd", "mse")
    return network


with two.scope():
    inside = made()
x = np.float32([[1], [2], [3], [4]])
losses = inside.fit(x, 3 * x, epochs=9, verbose=0).history["loss"]
print(two.num_replicas_in_sync, "devices; it learns:", losses[-1] < losses[0])

# %% [markdown]
# What if you forget the scope? Or load a saved network without it? Expect an
# error, or guess on how many devices the weight lies.

# %%
outside = made()
with tempfile.TemporaryDirectory() as folder:
    inside.save(f"{folder}/dense.keras")
    loaded = keras.models.load_model(f"{folder}/dense.keras")
outside.fit(x, 3 * x, verbose=0)
loaded.fit(x, 3 * x, verbose=0)

kinds = {"inside": inside, "outside": outside, "loaded outside": loaded}
for name, network in kinds.items():
    weight = network.layers[0].kernel.value
    # what each device has ("experimental" has stayed in the name)
    copies = two.experimental_local_results(weight)
    print(f"{name}: {type(weight).__name__}, on {len(copies)}")

# %% [markdown]
# No error: **who forgets the scope trains on one device and is not told.**
# Building, compiling and loading belong inside; `fit` and data need not.
#
# A `MirroredVariable` is one name for a copy on each device; a full copy of the
# network is a [**replica**](../docs/glossary.md#replica). Now AlexNet, for the
# ten classes of chapter 9's bodies. Keras will count its weights. How many do
# the two devices hold?

# %%
# %%capture
pictures = data.load("solids/tiny")  # rendered, the first time
small_pictures = data.load("solids/tiny", size=64)  # for sections 7 and 8


def start(pictures):  # of chapter 10: He's weights, inputs of unit variance
    scale = (pictures.colors.mean, pictures.colors.scale)
    return {"initialization": "he", "rescaling": scale}


def alexnet():
    return AlexNet(classes=10, dropout=0, **start(pictures))


# %%
def build(strategy, make, **settings):
    keras.utils.clear_session()  # frees the network before
    keras.utils.set_random_seed(2012)  # the same start each time
    with strategy.scope():
        network = make()
        sgd = keras.optimizers.SGD(**settings)
        loss = keras.losses.SparseCategoricalCrossentropy()
        network.compile(sgd, loss, jit_compile=False)
    return network


# %%
network = build(two, alexnet, learning_rate=0.004, momentum=0.9)
kernel = network.get_layer("fc6").kernel.value
copies = two.experimental_local_results(kernel)
print(f"{network.count_params():,} weights; fc6's:", copies[1].shape)
print("on different devices:", copies[0].device != copies[1].device)

# %% [markdown]
# Twice 56.9 million. (Ten classes make fc8 smaller.) All copies start equal.
#
# ## 2. Why do the copies stay equal?
#
# A step's batch, over all replicas, is the [**global
# batch**](../docs/glossary.md#global-batch). Each replica gets its half, so
# each finds another gradient. Take one weight `w = 1`, which shall make `(w *
# x) ** 2` small: its gradient is `2 * x * x * w`. For x from 1 to 4 on two
# replicas: which four gradients, which mean of each half, which mean of all?

# %%
x = np.array([1.0, 2.0, 3.0, 4.0])
gradients = 2 * x * x

print("each example", gradients)
print("each half   ", gradients[:2].mean(), gradients[2:].mean())
print("whole batch ", gradients.mean())
visualize.shared_step(x, gradients, rate=0.01)

# %% [markdown]
# **Figure.** A step on two replicas (green, pink): half of the batch each, its
# gradients and their mean. The mean of both (yellow) goes to both.
#
# **The mean of the halves is the mean of the whole**, if the halves are equally
# large. Only gradients cross, never weights. In TensorFlow `run` computes on
# every replica, and `reduce` brings together, as a mean or a sum. Which two
# numbers will `reduce` give?

# %%
examples = tf.data.Dataset.from_tensor_slices(x).batch(4)
parts = next(iter(two.experimental_distribute_dataset(examples)))
each = two.run(lambda x: tf.reduce_mean(2 * x * x), args=(parts,))

print([part.numpy() for part in two.experimental_local_results(parts)])
print([float(g) for g in two.experimental_local_results(each)])
for how in ("MEAN", "SUM"):
    print(how, float(two.reduce(how, each, axis=None)))

# %% [markdown]
# With the sum, each extra device would lengthen the step. So n replicas of
# Keras divide their losses by n, then add. (A loss called inside a replica is
# already divided: keras, issue 16285. A Keras of 2024 forgot to divide: 19891.
# With `run` replicas take turns; in `fit` they run at once.)
#
# ## 3. How does a mean reach everybody?
#
# When every device gives an array and *every* device receives the mean or the
# sum, it is an [**all-reduce**](../docs/glossary.md#all-reduce). Device 0 gives
# a disk, device 1 a square, 1 inside and 0 outside. Which numbers will device 1
# receive, and which where only the disk was?

# %%
down, across = np.indices((40, 60))
disk = (down - 20) ** 2 + (across - 22) ** 2 < 15**2
square = (abs(down - 20) < 12) & (abs(across - 40) < 12)
both = np.float32([disk, square])


def given(context):  # by the number of the replica that asks
    return tf.constant(both[context.replica_id_in_sync_group])


def talk(picture, how):
    return tf.distribute.get_replica_context().all_reduce(how, picture)


# %%
before = two.experimental_distribute_values_from_function(given)
for how in ("SUM", "MEAN"):
    after = two.run(talk, args=(before, how))
    after = [a.numpy() for a in two.experimental_local_results(after)]
    print(how, np.unique(after), "equal:", np.array_equal(*after))
shown = [*two.experimental_local_results(before), *after]
titles = ["device 0 gave", "device 1 gave", "0 received", "1 received"]
visualize.side_by_side([np.array(picture) for picture in shown], titles)

# %% [markdown]
# **Figure.** A disk and a square, and their mean on both devices: half as red
# where only one of them was.
#
# If one device added it all up, the others would wait. Real GPUs pass parts
# round in a **ring**. The gradients of four hold only 1s, 10s, 100s and 1000s,
# so that a sum shows who is in it. How often must each send a quarter until all
# have 1111 everywhere?

# %%
gradient = 4 * 60_965_224  # bytes
for n in (2, 4, 8):
    print(f"{n} devices: each sends {2 * (n - 1) / n * gradient / 1e6:.0f} MB")
print(f"gradient: {gradient / 1e6:.0f} MB", end=", ")
print(f"128 pictures: {128 * 4 * 227 * 227 * 3 / 1e6:.0f} MB")
visualize.around_the_ring(4)

# %% [markdown]
# **Figure.** A ring of four. A row is a device, a column a quarter of the
# gradient. Each time all send a quarter to the next device (arrows; from 3 to
# 0). It is added in 1 to 3, and replaces what was there in 4 to 6. Yellow: sums
# of all.
#
# Six times, 2 x (4 - 1). With n devices each sends 2 (n - 1) / n gradients:
# with two that is one, three times the bytes of 128 pictures, at any batch.
#
# ## 4. When does a second device pay?
#
# Compute it for imagined GPUs in round numbers, which stand in the code. A
# multiply-add is two operations; backward takes twice as many as forward. How
# much faster are two, at the paper's batch of 128?


# %%
def phases(batch, n, link=10, overlap=False):  # in ms; link in GB a second
    images = batch / n  # on each device
    work = sum(line.multiply_adds for line in shapes.table(ALEXNET))
    traffic = costs.traffic(ALEXNET, devices=n)  # floats of all n together
    sent = 4 * sum(line.data_parallel for line in traffic) / n
    forward = 1e3 * images * 2 * work / 10e12  # operations a second
    hidden = 2 * forward if overlap else 0
    return {
        "input": 1e3 * images * 4 * 227 * 227 * 3 / 10e9,  # bytes a second
        "forward": forward,
        "backward": 2 * forward,
        "all-reduce": max(1e3 * sent / (link * 1e9) - hidden, 0),
        # memory: reads weight, gradient, velocity; writes weight, velocity
        "update": 1e3 * 5 * gradient / 500e9,
    }


# %%
single, shared = phases(128, 1), phases(128, 2)
for name in single:
    print(f"{name}: {single[name]:.1f} ms on one, {shared[name]:.1f} ms on two")
visualize.timeline(
    {"one device": single, "replica 0": shared, "replica 1": shared}
)

# %% [markdown]
# **Figure.** One step at a batch of 128. One device takes 66 ms. Two replicas
# need half as long for their pictures, but exchange gradients for 24 ms, and
# are done after 59 ms.
#
# Only an eighth faster. 96% of the talk is for the fully connected layers,
# which hardly compute (chapter 8). Remove the `#` and play: from which batch on
# are two faster? Which link makes them 1.8 times as fast at 128 pictures? And
# if the talk may `overlap` the backward pass, at best?

# %%
# visualize.timeline_by_hand(phases)

# %%
for batch in (32, 128, 512, 2048):
    single, shared = phases(batch, 1).values(), phases(batch, 2).values()
    print(f"batch {batch}: {sum(single) / sum(shared):.2f} times as fast")


def faster(batch, link=10, overlap=False):
    shared = phases(batch, 2, link, overlap).values()
    return sum(phases(batch, 1).values()) / sum(shared)


paying = [batch for batch in range(1, 200) if faster(batch) > 1]
links = [link for link in range(10, 200) if faster(128, link) >= 1.8]
print(f"from a batch of {paying[0]}, from a link of {links[0]} GB/s")
print(f"overlapping: {faster(128, overlap=True):.2f} times as fast")

# %% [markdown]
# **A second device does not pay** where the batch is small (here below 99), the
# link slow, the pipeline slower than both (chapter 9), or the network small: to
# start work on a device takes a while at any batch, which our sum leaves out.
# Somebody's small network took 286 seconds on two GPUs, 197 on one (tensorflow,
# issue 35095).
#
# **Live.** [Two devices](explore:devices): change the batch and the link. When
# do two replicas beat one device? (The split of 2012 is for chapter 12.)
#
# ## 5. AlexNet on two replicas
#
# AlexNet has two towers, and you have two devices. One tower each?

# %%
whole, *halves = (
    sum(line.weights for line in costs.memory(ALEXNET, tower=tower)) // 4
    for tower in (None, 1, 2)
)
print(f"weights: {whole:,} on each; in 2012 {halves[0]:,} and {halves[1]:,}")
visualize.replicas_or_towers(whole, halves, batch=128)

# %% [markdown]
# **Figure.** Left, this chapter: each device has both towers and half of the
# pictures. Right, 2012 (chapter 12): one tower each, and all pictures.
#
# No: a replica is whole. Now for real, 8 + 8 pictures a step. `fit` is called
# as always. After nine steps, each with two gradients that differ: how far
# apart are the copies of fc6?

# %%
one = tf.distribute.get_strategy()  # the first device alone, for later
batches = pictures.evaluation(16, "train").take(3)  # 48 pictures, in order
found = network.fit(batches, epochs=3, verbose=0, shuffle=False)
losses = found.history["loss"]
print("loss fell by a fifth:", losses[-1] < 0.8 * losses[0])
print("copies equal:", np.array_equal(copies[0], copies[1]))
network = kernel = copies = None  # frees memory

# %% [markdown]
# Not at all.
#
# ## 6. The proof
#
# But both may be wrong. The claim is that two replicas with 8 pictures each end
# where **one** device with all 16 ends. It has three conditions: **equal
# parts**, pictures that **do not see each other**, and **no chance** (dropout
# is off). Momentum works on the common mean, and an L2 term is the same on each
# replica, so its mean is itself: neither breaks it.
#
# We compare after two steps in `float64`, which keeps 16 digits where `float32`
# keeps 7. Which difference would convince you?


# %%
def train(strategy):
    with training.Precision("float64"):
        network = build(strategy, alexnet, learning_rate=0.004)
    network.fit(batches.take(2), verbose=0, shuffle=False)
    return network.get_weights()


def largest_difference(these, those):
    return max(np.abs(a - b).max() for a, b in zip(these, those, strict=True))


together, alone = train(two), train(one)
apart = largest_difference(alone, together)
print("below 1e-10:", apart < 1e-10, "and below 1e-14:", apart < 1e-14)
print("biases of fc8 have moved:", np.abs(alone[-1]).max() > 1e-5)

# %% [markdown]
# Among 56.9 million weights the largest difference was 3e-17 where this was
# written. (Near 0.1, `float64` has a number every 1.4e-17.) The last line asks
# what you should ask of every proof: would it have noticed? Weights that never
# move agree, too; but these biases began at 0.
#
# **Two replicas with half of the batch each are one device with the whole.**
#
# ## 7. And in float32?
#
# Two replicas add up in another order. Predict both sums.

# %%
a, b, c = np.array([1.0, 1e8, -1e8], "float32")
print((a + b) + c, a + (b + c))

# %% [markdown]
# 0 or 1: next to 1e8, `float32` has no room for 1. What becomes of last digits
# in 24 steps of a small network? `record` gives its weights at the start and
# after each step.
#
# Will the difference stay small, grow steadily, or jump? And will two runs on
# *one* device differ?


# %%
def small():
    maps = AlexNetMini(include_top=False, **start(small_pictures))
    head = [keras.layers.Flatten(), keras.layers.Dense(10, "softmax")]
    return keras.Sequential([maps, *head])


def record(strategy, precision, batches, epochs=1):
    with training.Precision(precision):
        network = build(strategy, small, learning_rate=0.02, momentum=0.9)
    keeper = ex.KeepWeights()
    options = {"epochs": epochs, "callbacks": [keeper], "verbose": 0}
    network.fit(batches, shuffle=False, **options)
    return keeper.steps


# %%
small_batches = small_pictures.evaluation(16, "train").take(3)
drifts = {}
for precision in ("float64", "float32"):
    alone = record(one, precision, small_batches, epochs=8)
    shared = record(two, precision, small_batches, epochs=8)
    pairs = zip(alone, shared, strict=True)
    drifts[precision] = [largest_difference(*pair) for pair in pairs]
    print(precision, "below 1e-10:", max(drifts[precision]) < 1e-10)

again = record(one, "float32", small_batches, epochs=8)
pairs = zip(alone, again, strict=True)
drifts["one device, twice"] = [largest_difference(*pair) for pair in pairs]

# %% [markdown]
# AlexNet *decides*. A ReLU turns a unit on or off; a pool takes the largest of
# a window. Where two values are nearly equal, a last digit decides. In which
# step does one of a million decisions first come out differently? (`decided`
# lists them.)

# %% tags=["nbval-ignore-output"] reason="rounding differs by processor"
decided = ex.decisions(build(one, small))
changed = []
for step, (images, _) in enumerate(small_batches.repeat(8)):
    by_one = decided(alone[step], [images])
    by_two = decided(shared[step], [images[:8], images[8:]])
    changed.append(int((by_one != by_two).sum()))
print(f"of {by_one.size:,} in each step:", changed)
visualize.drift(drifts, changed)

# %% [markdown]
# **Figure.** Above: the largest difference between the weights of one device
# and of two replicas in `float32` (blue) and `float64` (red), and between two
# runs on one device (green: none, at the bottom). Each number is a hundred
# times the one below. Below: decisions that came out differently in `float32`.
#
# Where this was written, only last digits differed up to step 4. In step 5
# **one** decision changed, and the difference began to grow; in step 11 two
# more lifted it more than tenfold. Weights that differ decide differently more
# often. Your processor may draw another path, a GPU not even repeat its own.
# Neither training is wrong. Test equality in `float64`, never promise it in
# `float32`.
#
# ## 8. Three ways to break it
#
# ### Unequal parts: a short last batch
#
# 51 pictures make three batches of 16, and three are left. How will two
# replicas share three, and how much will each of the three count? And will
# `evaluate` be right for five examples in batches of four?

# %%
images, labels = next(iter(small_pictures.evaluation(51, "train")))
short = tf.data.Dataset.from_tensor_slices((images, labels)).batch(16)
for _, part in two.experimental_distribute_dataset(short):
    print([len(own) for own in two.experimental_local_results(part)])

alone = record(one, "float64", short)[-1]
together = record(two, "float64", short)[-1]
print("below 1e-10:", largest_difference(alone, together) < 1e-10)

five = np.float32([[1], [2], [3], [4], [9]])
mean = np.mean(inside(five) ** 2)  # of all five squares
found = inside.evaluate(five, 0 * five, batch_size=4, verbose=0)
print("evaluate counts all alike:", np.isclose(found, mean))

# %% [markdown]
# Two and one. Each replica's mean counts a half, so the two count a quarter
# each and the lonely one a half; on one device each counts a third. One left
# over makes parts of 1 and 0, and half of the step is lost. `evaluate` weighs
# parts by their size. (Only a *first* batch of unequal parts stops with an
# error.) Exercise 2 mends it.
#
# ### Chance: dropout
#
# Dropout draws a [**mask**](../docs/glossary.md#mask) for each picture: here
# for eight units and two pictures, on one device and on two replicas, with
# Keras' layer and with ours. Which rows will be equal?


# %%
def masks(strategy, layer, count):
    with strategy.scope():
        drop = layer(0.5, seed=2012)
    drawn = strategy.run(lambda: drop(tf.ones((count, 8)), training=True))
    for part in strategy.experimental_local_results(drawn):
        for mask in np.array(part > 0, int):
            print(layer.__name__, mask)


masks(one, keras.layers.Dropout, count=2)
masks(two, keras.layers.Dropout, count=1)
masks(two, ReplicaDropout, count=1)

# %% [markdown]
# Keras mirrors even the seed: of 16 pictures, the first and the ninth always
# lose the same units. Our AlexNet's `ReplicaDropout` adds the replica's number
# to the seed. The second mask is another than one device's, but as good.
#
# ### Pictures that see each other: BatchNorm
#
# `BatchNormalization` (2015) subtracts from each channel its mean over the
# batch and divides by the standard deviation. A channel is 1, 3, 5 and 9 in
# four pictures. What becomes of 3 and 5, on one device and on two replicas?
# With `synchronized=True` they exchange their means. And for tests a mean is
# *saved* with the weights: whose?


# %%
def normalized(strategy, **options):
    values = tf.data.Dataset.from_tensor_slices([[1.0], [3.0], [5.0], [9.0]])
    parts = strategy.experimental_distribute_dataset(values.batch(4))
    with strategy.scope():  # momentum 0: the last batch's mean is saved
        norm = keras.layers.BatchNormalization(momentum=0, **options)
        norm.build((None, 1))
    each = strategy.run(lambda x: norm(x, training=True), [next(iter(parts))])
    for part in strategy.experimental_local_results(each):
        print([f"{value:.2f}" for value in part.numpy().ravel()], end=" ")
    print("saved mean:", norm.moving_mean.numpy()[0])


normalized(one)
normalized(two)
normalized(two, synchronized=True)

# %% [markdown]
# Each replica takes the mean of *its own* pictures, and 3 and 5 change places:
# next to 1, 3 is large; next to 9, 5 is small. Each also keeps its own mean, so
# here copies *differ*, and replica 0's is saved.
#
# ## 9. In practice
#
# One line in a terminal trains on all of `solids` this way, with dropout, crops
# and colours, 32 pictures a step on each device (`--epochs 1` makes it short):
#
# ```
# alexnet-keras train --data solids --strategy mirrored --devices 2
# ```
#
# Two devices hold twice as many pictures, which tempts one to double the batch.
# Let one device take section 2's halves, `5 * w` and `25 * w`, in turn. When
# does one step with their mean, at twice the rate, come to the same?

# %%
for rate in (0.01, 0.1):
    w = 1 - rate * 5
    w = w - rate * 25 * w
    print(f"rate {rate}: {w:.2f} in two steps, {1 - 2 * rate * 15:.2f} in one")

# %% [markdown]
# When steps are small. So the usual rule is **double the batch, double the
# rate**, with a warm-up (chapter 10). It fails where gradients change from step
# to step: at large rates, and so for very large batches.
#
# ## AlexNet so far
#
# A replica has all of it.

# %%
print(shapes.summary(ALEXNET, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. Each replica finds the gradient of its part of the batch, the all-reduce
#    averages, all take the same step.
# 2. A second device pays where there is much to compute between two talks.
# 3. Two replicas do what one device does if parts are equal, pictures do not
#    see each other, and nothing is left to chance.
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
# `sizes` says how many those were. Return the mean over all examples, also when
# the parts differ. This is checked in `float64`.


# %%
def all_reduce(gradients, sizes): ...


ex.q1.check(all_reduce)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: mend the short batch
#
# `fit` accepts a weight for each picture: its loss is multiplied by it, and
# then the replica takes the mean over its pictures as before. For parts of the
# given sizes (one may be 0), return one number a replica, the weight of its
# pictures, so that all pictures count alike. For `sizes = [8, 8]` that is `[1,
# 1]`. The last cell trains with your weights, and compares.


# %%
def weights(sizes): ...


ex.q2.check(weights)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %%
own = weights([2, 1])
own = [1, 1] if own is None else own  # until you have an answer
each = np.concatenate([np.ones(48), np.repeat(own, [2, 1])])  # one a picture
weighed = tf.data.Dataset.from_tensor_slices((images, labels, each)).batch(16)

together = record(two, "float64", weighed)[-1]
print("below 1e-10:", largest_difference(alone, together) < 1e-10)

# %% [markdown]
# ### Exercise 3: predict two breaks
#
# A channel is 0 and 8 for the pictures of replica 0, 10 and 30 for those of
# replica 1. What does BatchNorm make of the 8 and of the 10, on one device and
# on two replicas? And of the units that a dropout of 0.5 drops on replica 0,
# which share does replica 1 drop too, in the mean of many draws, with either
# layer? Two decimals.

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
# Chapter 12 returns to 2012: one network, which would fill a card. You will
# place its towers on your devices and count what they talk.
