# %% [markdown]
# # 12. What did the two GPUs of 2012 do?
#
# > **You will be able to** cut a layer in two with a mask, test which layers of
# > AlexNet read both towers, place the towers on two devices, count what a card
# > must hold and what must cross, and say when to divide the pictures and when
# > the network.
# >
# > **Takes** half a minute to run on two cores; plan an hour to work through
# > it.
# >
# > **Needs** no GPU, no data, and 3 GB of free memory. **Stands on** chapters 3
# > (sizes), 7 (groups), 8 (weights and work), 10 (momentum) and 11 (two
# > devices).

# %% tags=["setup"] devices=2 lit="all"

# %% [markdown]
# In chapter 11 each device had the whole network and half of the pictures. The
# authors did the opposite: each GPU saw **all pictures** and had **half of the
# network**, a [**tower**](../docs/glossary.md#tower).
#
# ## Before you begin
#
# A batch of 96 pictures is shared by three replicas of a network with five
# million weights. How many pictures does each replica see, and how many weights
# does it hold? For one weight, the three find the gradients 1, 2 and 6: which
# number does the all-reduce give to each?

# %%
from alexnet_keras.exercises import original_split as ex

ex.recall.check((..., ..., ...))  # pictures, weights, gradient

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. What is half of a layer?
#
# Chapter 7 cut conv2 in two: two convolutions side by side are one grouped
# convolution, or a large kernel in which half of the weights are 0. Here is a
# large kernel, not yet cut. A **mask** shall do it: 1 where a filter reads a
# channel, 0 where it must not. The first 128 filters read the first 48
# channels, the others the rest. Put the zeros in.

# %%
import math

import keras
import numpy as np
import tensorflow as tf

from alexnet_keras import costs, distribution, shapes, visualize
from alexnet_keras.models import AlexNet
from alexnet_keras.networks import ALEXNET, ONE_TOWER
from alexnet_keras.placement import PlacedModel

rng = np.random.default_rng(2012)
maps = rng.normal(size=(1, 13, 13, 96))  # float64
kernel = rng.normal(size=(5, 5, 96, 256))  # every filter reads every channel


# %%
def conv(maps, kernel):
    return keras.ops.conv(maps, kernel, padding="same")


first, second = kernel[:, :, :48, :128], kernel[:, :, 48:, 128:]
halves = [conv(maps[..., :48], first), conv(maps[..., 48:], second)]
split = np.concatenate(halves, axis=-1)

mask = np.ones((96, 256))  # (channels, filters)
# put the zeros in here, such as mask[0, 255] = 0

apart = np.abs(conv(maps, kernel * mask) - split).max()
print("right" if apart < 1e-9 else "not yet")

# %% [markdown]
# Here is one way. (`kernel * mask` uses the same mask at each of the filter's 5
# x 5 pixels.) Will split, grouped and masked agree, in `float64`?

# %%
mask = np.zeros((96, 256))
mask[:48, :128] = 1
mask[48:, 128:] = 1

grouped = conv(maps, np.concatenate([first, second], axis=-1))
masked = conv(maps, kernel * mask)
print("grouped = split:", np.abs(grouped - split).max() < 1e-9)
print("masked = split: ", np.abs(masked - split).max() < 1e-9)
print("unmasked = split:", np.abs(conv(maps, kernel) - split).max() < 1e-9)

# %% [markdown]
# All three are one, and the last line shows that we would have noticed. Now
# take one step of training from the kernel with its zeros: new kernel = old
# kernel - 20 x gradient. What share of it is 0 afterwards, if the mask is used
# in every pass, and if it was used only at the start?

# %%
target = rng.normal(size=(1, 13, 13, 256))  # what the layer shall give


def step(start, mask):
    weights = tf.Variable(start)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((conv(maps, weights * mask) - target) ** 2)
    return start - 20 * tape.gradient(loss, weights).numpy()


# %%
start = kernel * mask
kernels = {
    "start": start,
    "mask at the start": step(start, np.ones((96, 256))),
    "mask in every pass": step(start, mask),
}
for name, one in kernels.items():
    print(f"{name}: {(one == 0).mean():.0%} are 0")
strengths = [np.abs(one).mean(axis=(0, 1)) for one in kernels.values()]
visualize.side_by_side(strengths, list(kernels))

# %% [markdown]
# **Figure.** How strong the weights between each of 96 channels (down) and 256
# filters (across) are, the mean over 5 x 5 pixels: white is 0, red strong.
# After one step without the mask no block is white.
#
# A mask in every pass keeps its zeros: what is multiplied by 0 has a gradient
# of 0. **The cut decides what can be learned.** But a zero takes as much memory
# and time as any weight, so nobody masks: the authors, like Keras, split.
#
# ## 2. Who reads whom?
#
# Conv3 and the fully connected layers read both towers (paper, section 3.5).
# Half of what they read lies on the other GPU and must cross. Pool2 has 13 x 13
# x 256 values, pool5 6 x 6 x 256, fc6 and fc7 have 4096 units each, and fc8
# stands on the first GPU alone. For one photo, how many numbers cross, each
# way, before conv3, fc6, fc7 and fc8?

# %%
for line in costs.crossings(ALEXNET):
    print(f"{line.name}: to GPU 1 {line.to_first:,}", end="")
    print(f", to GPU 2 {line.to_second:,}")
visualize.talk(ALEXNET)

# %% [markdown]
# **Figure.** The two towers on their GPUs. Layers that read both are lit (red).
# Dashed lines are what crosses; below, how many numbers for one photo.
#
# [The program of 2012](https://github.com/computerhistory/AlexNet-Source-Code)
# says the same, in `layers/layers-145.cfg`:
#
# | layer | reads | channels | line |
# |---|---|---|---|
# | conv2a | pool1a | 48 | 65 |
# | conv3a | pool2a, pool2b | 128, 128 | 135 |
# | conv4a | conv3a | 192 | 163 |
#
# `a` and `b` are the towers. Its normalization, `rnorm1a`, has 48 channels: it
# stays at home. (The paper's formula speaks of all maps; ours follows the
# program.)
#
# Why conv3, and not conv2 or conv4? Nobody derived it. For the authors it was a
# matter of trial, until the talk was an acceptable share of the work (paper,
# section 3.2). Such odd layers still cause trouble: TensorFlow.js, for
# browsers, cannot run conv2 with `groups=2` (tensorflow/tfjs, issue 3900).
#
# ## 3. Is that so? Disturb one tower
#
# Ask the network. Set all of tower 2's filters in conv1 to 0. In which layer
# will tower 1 feel it first?

# %%
keras.utils.set_random_seed(2012)
network = AlexNet()
names = ["conv1", "norm1", "pool1", "conv2", "norm2", "pool2", "conv3"]
names += ["conv4", "conv5", "pool5", "fc6", "fc7"]
outputs = [network.get_layer(name).output for name in names]
look = keras.Model(network.input, outputs)
photos = rng.uniform(-120, 120, (4, 227, 227, 3)).astype("float32")

# %%
before = look(photos)
conv1 = network.get_layer("conv1")
weights, biases = conv1.get_weights()
conv1.set_weights([weights * (np.arange(96) < 48), biases])
after = look(photos)
conv1.set_weights([weights, biases])  # mended

changed = {}
for name, old, new in zip(names, before, after, strict=True):
    moved = np.split(np.abs(old - new), 2, axis=-1)  # tower 1, tower 2
    changed[name] = [bool(half.max() > 0) for half in moved]
    print(name, changed[name])

# %%
visualize.disturbed(changed)

# %% [markdown]
# **Figure.** Where a disturbance of tower 2's conv1 arrives: red has changed,
# white is the same to the last bit.
#
# In conv3; from there on everything has changed, which hides what conv4 and
# conv5 read. So take each layer by itself: give it random numbers, then the
# same with tower 2's half set to 0. In which layers does tower 1's half change?


# %%
def reads_both(first, last):
    start = network.get_layer(first).input
    part = keras.Model(start, network.get_layer(last).output)
    read = rng.random((1, *start.shape[1:])).astype("float32")
    silenced = read * (np.arange(read.shape[-1]) < read.shape[-1] // 2)
    ours = [np.split(part(x), 2, axis=-1)[0] for x in (read, silenced)]
    return not np.array_equal(*ours)


for name in ("conv2", "norm2", "conv3", "conv4", "conv5", "fc7"):
    print(name, reads_both(name, name))
print("fc6", reads_both("flatten", "fc6"))  # disturbed before it is flattened

# %% [markdown]
# Conv3, fc6 and fc7, as drawn; fc8 has no halves. (Fc6 is asked before
# flattening; in the flattened line the towers are no halves: exercise 1.)
#
# ## 4. Put the towers on two devices
#
# `PlacedModel` takes a network apart and puts each half of each layer where it
# was in 2012. Which layers will lie on which of your devices? And will each
# hold half of the 60,965,224 weights?

# %%
devices = distribution.start(2)  # those of the setup cell
placed = PlacedModel(network, devices.names)

for number in (0, 1):
    own = [layer for layer in placed.layers if layer.weights]
    own = [x for x in own if x.weights[0].value.device[-1] == str(number)]
    print(f"device {number + 1}:", *[layer.name for layer in own])
    print(f"    {sum(layer.count_params() for layer in own):,} weights")

# %% [markdown]
# Not quite half: fc8, with four million, stands on the first device. (`a` and
# `b` are the towers, as in 2012.) Chapter 11 had *two* of everything; here each
# weight exists once.
#
# Will it give the same answers as the network in one piece? And if the photos
# come in another order, will our test notice?

# %%
whole = network.predict_on_batch(photos)
apart = placed.predict_on_batch(photos)
turned = placed.predict_on_batch(photos[::-1])

limit = 1e-5 * whole.max()
print("placed = whole:", np.abs(whole - apart).max() < limit)
print("other order = whole:", np.abs(whole - turned).max() < limit)
print("crosses as counted:", placed.crossings() == costs.crossings(ALEXNET))

# %% [markdown]
# One network, wherever it stands. `fit` trains it as always.
#
# ## 5. What does a 3 GB card hold?
#
# The authors' cards were GTX 580 with 3 GB. While a network learns, its card
# holds four things, 4 bytes a number:
#
# - the **weights**;
# - a **gradient** for each;
# - the **momentum** of each, its velocity v (chapter 10);
# - the [**activations**](../docs/glossary.md#activation): what every layer
#   gives for every photo of the batch, kept for the way back.
#
# Which is the largest for the paper's batch of 128? Chapter 7 called 3 GB
# barely enough. Will one card do?

# %%
cards = {
    "one card": costs.memory(ALEXNET, batch_size=128),
    "GPU 1 of two": costs.memory(ALEXNET, batch_size=128, tower=1),
    "GPU 2 of two": costs.memory(ALEXNET, batch_size=128, tower=2),
}
for name, lines in cards.items():
    print(name, end=": ")
    for part in ("weights", "gradients", "momentum", "activations"):
        print(part, round(sum(getattr(x, part) for x in lines) / 1e6), end=" ")
    print("received", round(sum(x.received for x in lines) / 1e6), "MB")
visualize.meter(cards)

# %% [markdown]
# **Figure.** What training needs at a batch of 128. The first three parts
# follow the weights, the grey one the batch. Red is what the other GPU sent.
# The dashed line is the card's end.
#
# 1.46 GB: one card seems to do. Which is the largest batch that fits, on one
# card and on the first of two?

# %%
card = 3072 * 1024**2  # bytes of 3 GB, as memory is sold


def largest(tower):
    def total(batch):
        lines = costs.memory(ALEXNET, batch_size=batch, tower=tower)
        return sum(line.total for line in lines)

    return max(batch for batch in range(1, 1025) if total(batch) <= card)


print("one card:", largest(None), " first of two:", largest(1))

# %%
# visualize.meter_by_hand(ALEXNET)

# %% [markdown]
# 440 photos on one card. So why two? This is the least that training needs. The
# program of 2012 kept more, as its files say (we know of no measurement):
#
# - gradients of the activations, at most as many again, photos excepted;
# - what each normalization divided by (`layer.cuh`, line 467);
# - for each convolution, one gradient of the kernel for every *packet* of
#   places, added up afterwards (`layer.cu`, line 860). Chapter 3 met packets of
#   5 in conv1; conv2 has 3, the others 13.
#
# (It saved one thing: fully connected gradients went straight into the
# momentum; `convnet.cu`, line 444.) What does it all come to, for our network
# and for the same without groups?

# %%
packets = {"conv1": 5, "conv2": 3, "conv3": 13, "conv4": 13, "conv5": 13}


def packed(rows):  # bytes of all packets' gradients
    found = {}
    for line in shapes.table(rows):
        if line.name in packets:
            count = math.prod(line.output_shape[:2]) // packets[line.name]
            found[line.name] = 4 * count * math.prod(line.kernel)
    return found


print({name: round(size / 1e6) for name, size in packed(ALEXNET).items()})

# %%
for name, rows in (("two towers", ALEXNET), ("no groups", ONE_TOWER)):
    lines = costs.memory(rows, batch_size=128)
    kept = sum(line.total for line in lines) + sum(packed(rows).values())
    kept += sum(line.activations for line in lines[1:])  # their gradients
    kept += sum(line.activations for line in lines if "norm" in line.name)
    kept -= sum(line.gradients for line in lines if "fc" in line.name)
    print(f"{name}: up to {kept / 1e9:.1f} of {card / 1e9:.1f} GB")

# %% [markdown]
# 2.6 and 3.0 of 3.2 GB, before a third normalization that only the program has,
# and a second batch that waits (`layer.cuh`, line 268). So one card would have
# been full to the brim, with no room for more. The paper, too, says that 3 GB
# limit the *size* of a network (paper, section 3.2). **An odd architecture is a
# 3 GB limit made visible.**
#
# ## 6. Four ways to divide a step
#
# You can divide
#
# - the **examples**: half of the pictures each (chapter 11). This is [**data
#   parallelism**](../docs/glossary.md#data-parallelism);
# - the **channels**: half of every layer each, the towers;
# - the **layers**: the first ones here, the others there;
# - the [**stages**](../docs/glossary.md#stage): the same, but the batch is cut
#   into parts as well. While the second device works on one part, the first
#   takes the next.
#
# The last three divide the network: [**model
# parallelism**](../docs/glossary.md#model-parallelism). Cut the layers after
# pool2, which gives 13 x 13 x 256 values. At a batch of 128, which way moves
# the most bytes, and which the least?

# %%
gradient = 4 * 60_965_224  # each of two devices sends as much (chapter 11)
towers = costs.traffic(ALEXNET, batch_size=128)
after_pool2 = 4 * 128 * 13 * 13 * 256  # forward; backward as much again

moved = {
    "by examples": 2 * gradient,
    "by channels": sum(line.bytes().split for line in towers),
    "by layers": 2 * after_pool2,
    "by stages": 2 * after_pool2,
}
for way, size in moved.items():
    print(f"{way}: {size / 1e6:.0f} MB")
visualize.four_ways(moved)

# %% [markdown]
# **Figure.** Four ways to divide a step between device 1 (blue) and device 2
# (orange). Above: which device computes which layer for which pictures. Below:
# when each works, if talk took no time and the devices had half of the work
# each; pale is forward, full is backward.
#
# Layers and stages move the same bytes. They differ in *when*: by layers, one
# device always waits. One device alone takes 3 units of time, 1 forward and 2
# backward; the last device begins when the first has finished one part. How
# long do two take with four parts, and with eight?

# %%
work = [line.multiply_adds for line in shapes.table(ALEXNET)]
print(f"device 1 has {sum(work[:7]) / sum(work):.0%} of the work")
for parts in (1, 2, 4, 8):  # of the batch
    one_part = 1.5 / parts  # forward and backward, on one device
    print(f"{parts} parts: {(parts + 1) * one_part:.2f}")

# %% [markdown]
# Near to 1.5, never there. (The parts' gradients are added up, so the step is
# the same.) And examples move eight times as much as the towers. Always?
#
# ## 7. Which way, for which layer?
#
# By examples, the gradients of a layer's *weights* cross, whatever the batch.
# By channels, what the layer *reads* crosses, for each picture. Chapter 8 said
# where the weights are. So which layers favour which way? And from which batch
# on do channels cost more than examples?

# %%
for line in costs.traffic(ALEXNET, batch_size=1):
    even = "never" if line.split == 0 else ""
    even = even or f"from {math.ceil(line.data_parallel / line.split):,}"
    print(f"{line.name}: channels cost more {even}")
print("all layers: from", f"{costs.crossover(ALEXNET):,}")

# %%
picture = costs.traffic(ALEXNET, batch_size=1)
gradients = 4 * sum(line.data_parallel for line in picture[:5])  # conv1 to 5
values = 4 * sum(line.split for line in picture[5:])  # fc6 to fc8

batches = range(0, 2049, 128)
ways = {
    "all by examples": [2 * gradient for _ in batches],
    "all by channels": [moved["by channels"] * n / 128 for n in batches],
    "mixed": [gradients + values * n for n in batches],
}
for way, sizes in ways.items():
    print(f"{way}: {sizes[1] / 1e6:.0f} MB at a batch of {batches[1]}")
visualize.crossed(towers, batches, ways)

# %% [markdown]
# **Figure.** Left: what crosses because of each layer, at a batch of 128.
# Right: what crosses in all, for each batch: by examples (green), by channels
# (purple), and a mixture (black).
#
# Conv3 has few weights and reads many values: examples win from a batch of 21
# on. Fc6 is the other way round: channels win up to 4096. (Conv2, conv4 and
# conv5 read their own tower, so nothing crosses. Conv1 reads the photo, which
# both have.) All in all, the two meet at 1040, far above 128: for *this*
# network the authors' way moves less than examples do. (Stages move less still,
# but there a device waits.)
#
# The mixture takes the better way for each kind: convolutions by examples,
# fully connected layers by channels. Before fc6, each device fetches the half
# of pool5 that it lacks, as many numbers as in the towers. It moves 34 MB, 14
# times less than examples alone. Krizhevsky, the paper's first author,
# described it in 2014, as "one weird trick".
#
# **Live.** [Two devices](explore:devices#speed=0.5&link=8) with cards like
# those of 2012: a step by examples (replicas) and by channels (split). Which is
# faster, and from which batch on no longer?
#
# ## 8. Was it worth it?
#
# Against a network on one GPU with half the filters in most layers, two towers
# had a top-1 error 1.7 points lower, in a little less time (paper, section
# 3.2). So this compares sizes, not cuts. Is the talk worth its bytes? In a run
# in the program's files, the towers do not talk before fc8: 41.8% top-1 error,
# against AlexNet's 40.7%, on the photos of 2012. (Not a clean test: its conv2
# is wider.)

# %% [markdown]
# ## AlexNet so far
#
# | part | what it is | chapter |
# |---|---|---|
# | a step on n devices | n replicas, batch / n, all-reduce | 11 |
# | **a network on two** | **a tower each, all pictures** | **12** |

# %%
print(shapes.summary(ALEXNET))

# %% [markdown]
# ## Three takeaways
#
# 1. Split, grouped and masked are one, as long as the zeros stay 0.
# 2. Conv3 and the fully connected layers read both towers. At the paper's batch
#    that moves eight times less than an all-reduce.
# 3. Few weights and many values: divide the examples. Many weights and few
#    values: divide the network.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: an fc6 that stays at home
#
# A fully connected layer reads a flattened map: a line of `places * channels`
# numbers, the channels of a place together (chapter 8). The first half of the
# *channels* is tower 1's. Return the mask that keeps the first half of the
# `units` in tower 1 and the second in tower 2: an array of ones and zeros,
# `(places * channels, units)`.


# %%
def tower_mask(places, channels, units): ...


ex.q1.check(tower_mask)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: a memory meter
#
# For each layer of a network, `parameters` has the number of its weights and
# biases, `values` the number of values that it gives for one picture; both are
# lists. Return a dictionary: the bytes of `float32` that training needs for a
# batch, under `"weights"`, `"gradients"`, `"momentum"` and `"activations"`, and
# under `"fits"` whether all of it together fits on a GTX 580 (`card` bytes,
# section 5).


# %%
def meter(parameters, values, batch): ...


ex.q2.check(meter)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: what crosses, on any number of devices
#
# One layer has so many `parameters`; for each picture it reads so many
# `values`. Now there are n `devices`. By examples, each sends an n-th of the
# gradient 2 (n - 1) times (chapter 11). By channels, each device holds an n-th
# of the values and receives all others; on the way back as many gradients
# cross. Return the bytes of `float32` that cross in a step, of all devices
# together: a dictionary with the keys `"examples"` and `"channels"`. (At which
# batch are they equal, on 2 devices and on 8?)


# %%
def crossing(parameters, values, batch, devices): ...


ex.q3.check(crossing)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# The paper found that the two towers learned different things: the filters of
# one nearly without colour, those of the other full of it. Chapter 13 looks
# into trained networks: what did they learn?
