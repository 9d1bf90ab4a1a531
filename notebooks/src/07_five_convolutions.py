# %% [markdown]
# # 7. How do five layers stack?
#
# > **You will be able to** say what each of AlexNet's five convolutions reads,
# > take a grouped convolution apart and put it together again, count what
# > groups save, and compute and test how far any value sees.
# >
# > **Takes** half a minute to run on two cores; plan an hour and a half to work
# > through it.
# >
# > **Needs** no GPU and no data. **Stands on** chapters 2 (filters), 3 (sizes
# > and receptive fields), 4 (ReLU), 5 (normalization) and 6 (pools).

# %% tags=["setup"] lit="conv1 conv2 conv3 conv4 conv5"

# %% [markdown]
# You know every part: a filter looks, ReLU decides, a pool condenses. Now put
# them on top of each other. What does a layer look at that has never seen a
# pixel?
#
# ## Before you begin
#
# pool5's windows are 3 wide, its stride is 2, and it reads 13 x 13 x 256
# values. Which shape does it give, and how many weights has it?

# %%
from alexnet_keras.exercises import five_convolutions as ex

ex.recall.check((..., ...))  # (rows, columns, channels), weights

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. What does the second layer look at?
#
# Not at a photo. It reads 96 maps, each of which says where one of conv1's
# filters found its pattern. `building.build` makes Keras layers of the
# package's list. Here are the first ten rows, conv1 to pool5, with random
# weights (He's start, chapter 4): nothing is learned yet. What will the maps of
# conv5 still show of the photo?

# %%
import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_image

from alexnet_keras import building, networks, shapes, visualize
from alexnet_keras.layers import TwoTowerConv2D
from alexnet_keras.models import preprocess_input
from alexnet_keras.rows import Conv

wide = Image.fromarray(load_sample_image("china.jpg"))
photo = np.array(wide.crop((0, 0, 427, 427)).resize((227, 227)))
batch = preprocess_input(photo[np.newaxis])

# %%
keras.utils.set_random_seed(2012)
rows = networks.ALEXNET[:10]  # conv1 to pool5
image = keras.Input((227, 227, 3))
network = keras.Model(image, building.build(rows, image, "he"))

convs = [network.get_layer(f"conv{number}") for number in range(1, 6)]
look = keras.Model(image, [layer.output for layer in convs])
found = {}
for layer, output in zip(convs, look(batch), strict=True):
    found[layer.name] = output[0].numpy()
    print(layer.name, output.shape)
visualize.maps(found)

# %% [markdown]
# **Figure.** Three maps of each layer, those of random filters, all drawn
# equally large: white is 0, dark is much. (Photo: danielbuechele, CC BY 2.0,
# cropped; from scikit-learn.)
#
# Of the photo, a coarse outline: conv5 has 13 places across, but 256 numbers at
# each. What they *mean* is yet to be learned. Chapter 13 looks into trained
# networks.
#
# Chapter 2: a filter is as deep as its input, and Keras orders a kernel
# (height, width, channels in, filters out). So which kernel has conv2, with 256
# filters of 5 x 5? And conv3 to conv5, with 3 x 3?

# %%
for layer in convs:
    shown = [tuple(w.shape) for w in layer.weights if len(w.shape) == 4]
    print(layer.name, *shown)  # kernels, no biases

# %% [markdown]
# Wrong, if you said 96 for conv2. Its filters are **48** deep, and it has two
# kernels of 128 filters. conv4 and conv5 come in two as well; conv1 and conv3
# have one each.
#
# ## 2. Why only half?
#
# The authors' GPUs had 3 GB of memory, barely enough for this network in
# training (chapter 12 counts). So they cut it in two, a
# [**tower**](../docs/glossary.md#tower) for each of two GPUs, and let them talk
# rarely (paper, sections 3.2 and 3.5). Before you look: which layers will read
# both towers?

# %%
for row in networks.ALEXNET:
    if isinstance(row, Conv):
        print(row.name, "groups:", row.groups)
visualize.towers(networks.ALEXNET[:12])  # to fc6

# %% [markdown]
# **Figure.** AlexNet's two towers, blue and orange. Black lines stay in a
# tower, red dashed ones cross over. conv3 and the fully connected layers read
# both; conv2, conv4 and conv5 only their own. (Pools and normalization stay in
# their tower, too.)
#
# conv1 needs no second group: both halves read the photo.
#
# A layer whose filters stay within a part of the channels is a convolution in
# [**groups**](../docs/glossary.md#group). In public threads, people keep asking
# why conv2 reads 48 channels. This is why.
#
# **Live.** [The network](explore:network?parts=23#layer=conv2): a small AlexNet
# with two towers. Move from map to map of conv2, then of conv3. What does each
# read?
#
# ## 3. What is a grouped convolution?
#
# Two convolutions beside each other, no more. Try it in place of `...`:
# `little` has four channels (the last axis), `filters` holds four filters, each
# two channels deep. The first two read the first two channels, the others the
# rest. `conv(maps, kernel)` is an ordinary convolution, whose filters are as
# deep as the maps.


# %%
def conv(maps, kernel, padding="valid"):
    assert maps.shape[3] == kernel.shape[2], "the filters read other channels"
    return keras.ops.conv(maps, kernel, padding=padding)


rng = np.random.default_rng(2012)
little = rng.integers(-2, 3, (1, 2, 3, 4)).astype("float32")
filters = rng.integers(-2, 3, (1, 1, 2, 4)).astype("float32")

mine = ...  # np.concatenate([a, b], axis=-1) puts maps behind each other
layer = keras.layers.Conv2D(4, 1, groups=2, use_bias=False)
layer.build(little.shape)
layer.set_weights([filters])
right = np.array_equal(mine, layer(little))
print("right" if right else "not yet")

# %% [markdown]
# Here is one way, at conv2's own size: split, convolve, put together. Then
# Keras' `groups=2`, and the package's layer, which `build` uses since it learns
# faster on a processor. Will the three agree?

# %%
maps = rng.normal(size=(1, 27, 27, 96)).astype("float32")
kernel = rng.normal(size=(5, 5, 48, 256)).astype("float32")

first = conv(maps[..., :48], kernel[..., :128], padding="same")
second = conv(maps[..., 48:], kernel[..., 128:], padding="same")
by_hand = np.concatenate([first, second], axis=-1)

# %%
in_keras = keras.layers.Conv2D(256, 5, padding="same", groups=2, use_bias=False)
in_package = TwoTowerConv2D(256, 5, padding="same", use_bias=False)
for layer in (in_keras, in_package):
    layer.build(maps.shape)
in_keras.set_weights([kernel])
in_package.set_grouped_weights([kernel])

for layer in (in_keras, in_package):
    print(np.allclose(layer(maps), by_hand, atol=1e-3))

# %% [markdown]
# They do. Now change one of the 96 maps, number 60. Which of the 256 maps that
# come out will change?

# %%
touched = maps.copy()
touched[..., 60] += 1
moved = np.abs(in_keras(touched) - by_hand).max(axis=(0, 1, 2)) > 0.01
numbers = np.flatnonzero(moved)
print(numbers.size, "maps, from", numbers.min(), "to", numbers.max())

# %% [markdown]
# Those of the second tower, 128 to 255. The first knows nothing of it.
#
# ## 4. Is it still one convolution?
#
# Yes: an ordinary one, some of whose weights are 0. Give every filter all 96
# channels, put `kernel`'s halves where they belong, and leave the rest 0. What
# share of the weights is 0?

# %%
full = np.zeros((5, 5, 96, 256), "float32")
full[:, :, :48, :128] = kernel[..., :128]
full[:, :, 48:, 128:] = kernel[..., 128:]

print(f"{(full == 0).mean():.0%} are 0")
same = conv(maps, full, padding="same")
print("equal:", np.allclose(same, by_hand, atol=1e-3))
visualize.blocks(rows)

# %% [markdown]
# **Figure.** Who reads whom, all to one scale: a row for each channel that is
# read, a column for each filter. Blue: filters of tower 1, orange: of tower 2.
# White: weights that are not there. Each point stands for 11 x 11 weights in
# conv1, 5 x 5 in conv2, 3 x 3 in the others.
#
# A matrix with blocks on its diagonal and zeros elsewhere is
# [**block-diagonal**](../docs/glossary.md#block-diagonal). Groups differ from
# an ordinary layer in this alone: the zeros stay 0 while the rest is learned.
#
# ## 5. What do groups save, and what do they cost?
#
# Ungrouped, conv2 has 614,656 weights and biases (chapter 2, exercise 4). How
# many with two groups: exactly half? And the multiply-adds, its work?

# %%
two_towers = shapes.table(networks.ALEXNET)
ungrouped = shapes.table(networks.ONE_TOWER)  # the same without groups
for line, other in zip(two_towers, ungrouped, strict=True):
    if line.name in found:
        print(f"{line.name}: {line.parameters:,} of {other.parameters:,}")
        print(f"    work {line.multiply_adds:,} of {other.multiply_adds:,}")
visualize.saved_by_groups({"in groups": two_towers, "without": ungrouped})

# %% [markdown]
# **Figure.** Weights and work of the five convolutions, with the paper's groups
# (blue) and without (hatched).
#
# Not exactly: 307,456. Each filter reads half as many channels but keeps its
# bias: 5 x 5 x 48 x 256 + 256. The multiply-adds, where biases do not count,
# are halved exactly. Now all eight layers: how much do three grouped ones save?


# %%
def totals(lines):
    weights = sum(line.parameters for line in lines)
    return weights, sum(line.multiply_adds for line in lines)


weights, work = totals(two_towers)
most_weights, most_work = totals(ungrouped)
print(f"{weights:,} of {most_weights:,}: {weights / most_weights:.0%}")
print(f"work {work:,} of {most_work:,}: {work / most_work:.0%}")
for line in two_towers:
    if line.name in found:
        print(f"{line.name}: {line.parameters / weights:.2%} of all weights")

# %% [markdown]
# A third of the work, but 2% of the weights: most weights are in the fully
# connected layers (chapter 8). The paper says that no convolution has more than
# 1% of the weights (paper, section 1). That is a little off: conv3 has 1.45%,
# conv4 1.09%.
#
# The price? In a [re-run by
# others](https://github.com/ducha-aiki/caffenet-benchmark/issues/21), on photos
# of 128 pixels, a close relative of AlexNet was right on 47.1% of the photos
# with groups and on 48.7% without. So groups alone do not make a network
# better. But they let a larger one fit: its [**top-1
# error**](../docs/glossary.md#top-1-error) (the share of photos on which the
# *first* answer is wrong) was 1.7 points lower on two GPUs than that of a
# network with half the filters in most layers, on one (paper, section 3.2).
#
# ## 6. How far does each layer see?
#
# Chapter 3's rule: a layer widens the [**receptive
# field**](../docs/glossary.md#receptive-field) by (filter - 1) times its
# inputs' distance. A value of conv2 sees 51 pixels, and conv3's inputs lie 16
# apart, after a pool that sees 67. Continue with conv3, conv4, conv5.

# %%
fields = {field.name: field for field in shapes.receptive_fields(rows)}
for name, field in fields.items():
    if name[:4] != "norm":
        print(f"{name}: {field.size} pixels, {field.jump} apart")
names = ["conv1", "conv2", "conv3", "conv4", "conv5", "pool5"]
visualize.nested(photo, rows, names)

# %% [markdown]
# **Figure.** What the middle value of each layer sees: a few pixels of a
# pillar, a gallery, two storeys, then more and more of the photo. (pool5 has 6
# x 6 places and no middle; this is the fourth each way.)
#
# 99, 131, 163: filters 3 wide, 16 apart, add 32 each time. No filter grew;
# conv5's are as small as conv3's. It is the *stack* that sees more. Remove the
# `#` and look through other eyes.

# %%
# visualize.sight_by_hand(photo, rows)

# %% [markdown]
# How much of that is depth (here: layers, not channels), and how much the
# strides? Take conv1 to conv5 without pools, all at a stride of 1. How far does
# conv5 see then?

# %%
bare = [row._replace(stride=1) for row in rows if isinstance(row, Conv)]
print([field.size for field in shapes.receptive_fields(bare)])

# %% [markdown]
# 21 pixels. Each layer adds to the field. The strides of conv1, pool1 and pool2
# multiply by 4 x 2 x 2 = 16 what conv3 to conv5 add.
#
# ## 7. Is that true?
#
# 163 was computed from a table. Ask the network itself: which pixels move a
# value of conv5? A gradient says how fast something grows with something else:
# here the middle place of a layer, all its maps together, with each *pixel*.
# Where a pixel is not seen, the gradient is exactly 0. (A pool passes it to
# winners only. But among so many maps each place wins in some.) For how many
# pixels will it not be 0?


# %%
def influence(name):
    part = keras.Model(image, network.get_layer(name).output)
    pixels = tf.Variable(batch)
    with tf.GradientTape() as tape:
        maps = part(pixels)
        middle = maps.shape[1] // 2
        total = tf.reduce_sum(maps[0, middle, middle])
    gradient = tape.gradient(total, pixels).numpy()[0]
    return np.abs(gradient).sum(axis=-1)  # over red, green and blue


# %%
for name, middle in (("conv1", 27), ("conv2", 13), ("conv3", 6), ("conv5", 6)):
    start = fields[name].start + middle * fields[name].jump
    end = start + fields[name].size
    felt = influence(name)
    inside = felt[start:end, start:end]
    exact = (inside > 0).all() and np.count_nonzero(felt) == inside.size
    print(f"{name}: pixels {start} to {end - 1}; exactly these: {exact}")

# %% [markdown]
# 163 x 163 for conv5, to the pixel. But do all of them count alike? A pixel
# reaches a value by several ways, and the ways add up (chapter 4). Put two
# filters 3 wide on top of each other. A value sees 5 pixels. How many ways lead
# to it from each of the five?

# %%
print(np.convolve([1, 1, 1], [1, 1, 1]))

# %% [markdown]
# From the outer ones a single way, from the middle three. (`np.convolve` adds
# up copies of the second row, one for each number of the first, each a place
# further.) So it goes on, layer by layer; only that a layer's inputs lie
# further and further apart. (In the code, `comb` has a one for each input.) How
# many ways lead from the outermost of conv5's 163 pixels along a row, how many
# from the middle?

# %%
ways, distance = np.ones(1, int), 1
for row in rows[:-1]:  # to conv5
    if "norm" not in row.name:
        comb = np.zeros((row.filter_size - 1) * distance + 1, int)
        comb[::distance] = 1  # a one for each input, zeros between
        ways = np.convolve(ways, comb)
        distance *= row.stride

print(len(ways), "pixels; outermost", ways[0], "way, middle", ways[81])
visualize.influence(felt, start, ways)  # felt is conv5's

# %% [markdown]
# **Figure.** Left: how much each pixel moves the middle of conv5. White is
# exactly 0, the frame is what we predicted, and each number of the scale is ten
# times the one below. Right: the influence of each column of pixels (blue), its
# share of the ways (black dashes), and the same limits.
#
# 1 against 231; in both directions, 1 against 231 x 231 = 53,361. (The
# influence falls less steeply, since the random weights of the ways do not
# simply add up.) So what share of the influence has the middle quarter of the
# field, 81 x 81 pixels?

# %%
quarter = felt[start + 41 : end - 41, start + 41 : end - 41]
rim = felt.sum() - felt[start + 8 : end - 8, start + 8 : end - 8].sum()
print("middle quarter above 50%:", quarter.sum() > 0.5 * felt.sum())
print("rim of 8 pixels below 5%:", rim < 0.05 * felt.sum())

# %% [markdown]
# Where this was written, about 60%. The rim, 19% of the pixels, has 2%. So,
# with random weights, a value *can* see its receptive field, but mostly looks
# at the middle, its [**effective field**](../docs/glossary.md#effective-field).
#
# ## 8. What does depth buy?
#
# One layer could see as far at once: 256 filters of 163 x 163 x 3, 16 pixels
# apart, with as many zeros around the photo as conv5's field sticks out. It has
# conv5's 13 x 13 places and 256 maps. Does it need more weights than all five
# layers together, or fewer? And more work?

# %%
one = shapes.table([Conv("one", 256, 163, stride=16, padding=64)])[-1]
five = [line for line in two_towers if line.name in found]
five_weights, five_work = totals(five)

print("same shape:", one.output_shape == five[-1].output_shape)
print(f"{one.parameters:,} against {five_weights:,}: ", end="")
print(f"{one.parameters / five_weights:.1f} times the weights")
print(f"{one.multiply_adds:,} against {five_work:,}: ", end="")
print(f"{one.multiply_adds / five_work:.1f} times the work")

# %% [markdown]
# Nine times the weights, five times the work. And it could do less: each of its
# filters knows one picture of 163 x 163 pixels, and there is no ReLU to decide
# in between. The stack finds small things first, then things made of them, and
# all later filters share the small ones. **Depth and strides buy sight**, and
# cheaply.
#
# ## 9. Why five, and why 96, 256, 384, 384, 256?
#
# Nobody derived these numbers. The paper gives no reasons for them, and other
# AlexNets have others. The number of *layers* was tested: the authors took out
# a middle one, and the top-1 error rose by about 2 points (paper, section 7).
#
# Take out conv4. Which of these change: the sizes of the maps, conv5's field,
# the weights, the work?

# %%
less = [row for row in networks.ALEXNET if row.name != "conv4"]
lines, sees = shapes.table(less), shapes.receptive_fields(less)

print([line.output_shape for line in lines if line.name in found])
print([(field.name, field.size) for field in sees if field.name == "conv5"])
less_weights, less_work = totals(lines)
print(f"{1 - less_weights / weights:.1%} fewer weights", end="")
print(f", {1 - less_work / work:.1%} less work")

# %% [markdown]
# No size changes, so the network fits without conv4. conv5 sees 131 pixels in
# place of 163, there is one ReLU less, and 1.1% of the weights are gone. That
# one percent was worth two points. (We do not repeat the test here: a few
# rendered pictures would prove nothing.)
#
# ## AlexNet so far
#
# Everything from the photo to pool5.

# %%
print(shapes.summary(rows))

# %% [markdown]
# ## Three takeaways
#
# 1. conv2 to conv5 are conv1 again, with maps for colours. Each sees more than
#    the one before: 11, 51, 99, 131, 163 pixels.
# 2. A grouped convolution is several beside each other, or one with blocks of
#    zeros. AlexNet's are a 3 GB limit made visible.
# 3. **Depth and strides buy sight**: small filters on top of each other see as
#    far as a huge one, with fewer weights, and decide in between.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: count with groups
#
# A layer has 120 filters of 3 x 3. It reads 80 maps and has 13 x 13 places. How
# many weights and biases has it with one group, with two, with four? And how
# many multiply-adds with two?

# %%
counts = {"one": ..., "two": ..., "four": ..., "multiply_adds": ...}
ex.q1.check(counts)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: any number of groups
#
# `maps` is `(batch, rows, columns, channels)`, `kernel` is `(side, side,
# channels // groups, filters)`. The first filters belong to the first group,
# and so on. Return what `Conv2D` would with so many `groups`, at a stride of 1,
# without padding and biases. Use section 3's `conv`. (`keras.ops.conv` finds
# groups by itself, from the kernel's depth.)


# %%
def grouped(maps, kernel, groups): ...


ex.q2.check(grouped)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: another stack
#
# | layer | a | b (pool) | c | d (pool) | e |
# |---|---|---|---|---|---|
# | filter or window | 7 | 3 | 5 | 2 | 3 |
# | stride | 2 | 2 | 1 | 2 | 1 |
#
# How many pixels along a row does a value of `e` see, and how far apart are the
# fields of two neighbours? Then one layer is left out, and the last that
# remains sees 35 pixels. Which one is it?

# %%
answer = {"sees": ..., "apart": ..., "left_out": ...}  # one of "a" to "e"
ex.q3.check(answer)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# pool5 hands on 6 x 6 x 256 values: what was found, and roughly where. No value
# has seen the whole photo. In chapter 8 three layers read everything at once,
# and give an answer.
