# %% [markdown]
# # 6. What is thrown away, and what kept?
#
# > **You will be able to** pool a map by hand, say what a max-pool keeps of a
# > photo and what it forgets, measure what a small shift does to it, and send a
# > gradient back through it.
# >
# > **Takes** half a minute to run on two cores; plan an hour to work through
# > it.
# >
# > **Needs** no GPU and no data. **Stands on** chapters 2 (filters), 3 (sizes),
# > 4 (ReLU) and 5 (local response normalization).

# %% tags=["setup"] lit="pool1 pool2 pool5"

# %% [markdown]
# A filter looks, ReLU decides. Now the third verb: **a pool condenses.**
# AlexNet has three pools, the layers lit above. Chapter 3 asked only for their
# sizes. This one asks what becomes of the values.
#
# ## Before you begin
#
# Chapter 5 normalized conv1's maps, 55 x 55 x 96. How many values does norm1
# read for one value in the middle of the channels? How many weights has norm1?
# And which shape `(rows, columns, channels)` does it hand on?

# %%
import keras
import numpy as np
import tensorflow as tf
from matplotlib import cbook
from PIL import Image
from sklearn.datasets import load_sample_image

from alexnet_keras import networks, shapes, visualize
from alexnet_keras.exercises import max_pooling as ex
from alexnet_keras.rows import Conv

ex.recall.check((..., ..., ...))  # values read, weights, shape

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. What does a pool do?
#
# A [**pool**](../docs/glossary.md#pool) moves a
# [**window**](../docs/glossary.md#window) over a map and makes one value of
# what it sees. A [**max-pool**](../docs/glossary.md#max-pool) keeps the largest
# value and forgets the others. AlexNet's windows are 3 x 3, and lie 2 apart, so
# that neighbours overlap. In the small map below, a window can stand in three
# places along the first rows. Which three numbers do you expect?

# %%
small = np.array(
    [
        [1, 0, 3, 2, 0, 0, 4],
        [0, 2, 1, 7, 5, 0, 1],
        [6, 0, 0, 4, 1, 2, 0],
        [3, 8, 1, 0, 0, 3, 0],
        [0, 2, 5, 1, 9, 0, 2],
    ]
)
print([int(small[0:3, left : left + 3].max()) for left in (0, 2, 4)])
visualize.pool_at(small, row=0, column=1)

# %% [markdown]
# **Figure.** The second window (blue frame) of a max-pool. Its largest value, 7
# (ring), goes into the pooled map. (The redder, the larger.)
#
# Try to write it in place of `...`, for a map of any size: windows 3 wide, a
# stride of 2. The last lines try it on `small`, as it is and with rows and
# columns exchanged.


# %%
def pool(values):
    return ...


mine, other = pool(small), pool(small.T)
right = np.array_equal(mine, [[6, 7, 5], [8, 9, 9]])
right = right and np.array_equal(other, [[6, 8], [7, 9], [5, 9]])
print("right" if right else f"not yet: {mine}, and turned {other}")

# %% [markdown]
# Here is one way, for windows and strides of any size.


# %%
def pool(values, size=3, stride=2):
    rows = (values.shape[0] - size) // stride + 1
    columns = (values.shape[1] - size) // stride + 1
    result = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            top, left = row * stride, column * stride
            window = values[top : top + size, left : left + size]
            result[row, column] = window.max()
    return result


# %% [markdown]
# NumPy needs no loops: `sliding_window_view` lists the windows at all places,
# in two more axes. Take every second, and the largest of each. Keras has a
# layer. Do the three agree? And how many weights has the layer?


# %%
def as_batch(values):  # one picture, one channel, in floats
    return np.float32(values)[np.newaxis, :, :, np.newaxis]


windows = np.lib.stride_tricks.sliding_window_view(small, (3, 3))
by_numpy = windows[::2, ::2].max(axis=(2, 3))
pool1 = keras.layers.MaxPooling2D(pool_size=3, strides=2)
by_keras = pool1(as_batch(small))[0, :, :, 0]

print(np.array_equal(pool(small), by_numpy), end=" ")
print(np.array_equal(pool(small), by_keras))
print("weights:", len(pool1.weights))

# %% [markdown]
# None: a pool has nothing to learn. Give it 96 channels. Will it compare them
# with one another?

# %%
many = np.random.default_rng(6).normal(size=(1, 55, 55, 96)).astype("float32")
pooled = pool1(many).numpy()

print(pooled.shape)
alone = pool(many[0, :, :, 7])
print("channel 7 pooled alone:", np.array_equal(alone, pooled[0, :, :, 7]))

# %% [markdown]
# No. 96 channels go in, 96 come out, each pooled by itself.
#
# Live on the website: [pool1](explore:network#layer=pool1) of a small AlexNet.
# Choose a value of its map, and part 3 shows the window and which value won.
#
# ## 2. What is kept of a photo?
#
# Let a layer look at a photo with four of chapter 2's edge filters, made as
# wide as conv1's, and with ReLU behind them. (norm1 is left out.) Of its 55 x
# 55 values the pool makes 27 x 27. Which share is thrown away?

# %%
photo = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((100, 0, 500, 400)).resize((240, 240))
wide = np.array(photo.convert("L"), "float32")  # in grey
hopper = wide[:227, :227]

edge = np.array([[-1] * 5 + [0] + [1] * 5] * 11)
four = np.stack([edge, -edge, edge.T, -edge.T], axis=-1)  # filters last
conv1 = keras.layers.Conv2D(4, 11, strides=4, activation="relu")
conv1.build((None, 227, 227, 1))
conv1.set_weights([four[:, :, np.newaxis], np.zeros(4)])

# %%
maps = conv1(as_batch(hopper)).numpy()
found = maps[0, :, :, 0]  # brighter to the right
condensed = pool1(maps).numpy()[0, :, :, 0]

print(found.shape, condensed.shape)
print(f"{1 - condensed.size / found.size:.0%} fewer values")

# %% [markdown]
# 3025 become 729, 76% fewer. So the pool keeps 729 of conv1's values? Count
# those above 0 that won. (`argmax` counts a window's values row by row, and
# says at which number the largest stands.)

# %%
won = np.full(found.shape, np.nan)  # nan: no number
for row in range(27):
    for column in range(27):
        top, left = 2 * row, 2 * column
        window = found[top : top + 3, left : left + 3]
        down, right = divmod(window.argmax(), 3)
        won[top + down, left + right] = window.max()

shown = {"conv1": found, "winners": won, "pool1": condensed}
for name, values in shown.items():
    print(f"{name}: {(values > 0).sum()} above 0")
visualize.condensed(shown)

# %% [markdown]
# **Figure.** The map of the edge filter, those of its values that won (grey:
# thrown away), and the pooled map. The darker the red, the stronger the edge.
# (Grace Hopper; US Navy, public domain; from matplotlib.)
#
# Only 495: where windows overlap, one value can win in up to four. Of all
# values above 0, more than two thirds are gone. Is she still there? Every
# strong edge is, only thicker.
#
# Must it be the *largest*? An [**average
# pool**](../docs/glossary.md#average-pool) takes the mean. Or simply keep every
# second value. Call an edge strong if it is above half of the map's largest
# value. Of the windows that hold a strong edge, how many say so in each way?

# %%
average = keras.layers.AveragePooling2D(3, 2)(maps).numpy()[0, :, :, 0]
second = found[0:54:2, 0:54:2]
ways = {"largest": condensed, "average": average, "every second": second}

limit = found.max() / 2
strong = condensed > limit
for name, values in ways.items():
    print(f"{name}: {(values[strong] > limit).sum()} of {strong.sum()}")
visualize.condensed(ways)

# %% [markdown]
# **Figure.** The same map made small in three ways, on one scale of colours.
# The average is pale, every second value has gaps.
#
# Edges are thin, one value wide or two. In an average, the weak values beside
# them pull them down. Every second value hits an edge or misses it. The largest
# value is never missed: **what was found stays found.** (ReLU keeps the larger
# of 0 and a value, so it may stand behind a max-pool as well, with a quarter of
# the work. In the program of 2012, layer 1's does.)
#
# ## 3. Does it forget where?
#
# An empty map of 7 x 7 holds a single 9. Move the 9 by 0 to 4 columns. What
# will the middle row of the pooled map say each time?


# %%
def spot(row, column):
    values = np.zeros((7, 7), int)
    values[row, column] = 9
    return values


for shift in range(5):
    print(shift, pool(spot(3, 1 + shift))[1].astype(int))
visualize.moved_and_pooled(spot(3, 1), shifts=range(5))

# %% [markdown]
# **Figure.** Above, a map whose 9 moves to the right. Below, what the pool
# makes of it: one 9 or two, never none.
#
# A 9 in the pooled map says: somewhere in these nine places. But two neighbours
# that both say 9 tell more: where they overlap. How much is forgotten, then?
# Put the 9 in each of the 49 places. In how many does it survive, and how many
# *different* pooled maps come out? (A window of 1 with a stride of 2 is every
# second value.)

# %%
for size in (3, 2, 1):
    outcomes = [
        pool(spot(row, column), size) for row in range(7) for column in range(7)
    ]
    survived = sum(values.max() == 9 for values in outcomes)
    different = len({values.tobytes() for values in outcomes})  # as raw bytes
    print(f"window {size}: survives {survived} of 49, {different} outcomes")

# %% [markdown]
# With windows 3 wide it always survives, and 49 places leave 25 traces. With
# windows 2 wide only nine, and the empty map: the last row and column are read
# by no window. With every second value it is lost from 33 places; what is left
# is exact.
#
# A pool trades *where* against *what*. One pooled value has forgotten where in
# its window; overlapping windows together remember better. To move `small`
# under windows of your own, remove the `#`.

# %%
# visualize.pool_by_hand(small)

# %% [markdown]
# ## 4. Why do the windows overlap?
#
# Windows 2 wide with a stride of 2 would lie side by side. How many of conv1's
# 3025 values are read by two windows or four, and how many by none, with either
# pool? And which of the two gives the larger map?

# %%
for size in (3, 2):
    counts = np.array(shapes.times_read(55, size, stride=2))
    reads = np.outer(counts, counts)  # those of its row times its column's
    side = shapes.output_size(55, size, stride=2)
    print(
        f"window {size}: {side} x {side}, {(reads > 1).mean():.0%} in", end=""
    )
    print(f" two or four, {(reads == 0).sum()} in none")
visualize.overlap(7, pools=((3, 2), (2, 2)))

# %% [markdown]
# **Figure.** How many windows read each value of a 7 x 7 map. Left: 3 wide,
# they overlap. Right: 2 wide, none overlap, and none reads the last row and
# column.
#
# Both give 27 x 27. Does overlap help? By 0.4 points in errors of the first
# guess and 0.3 in top-5 errors, says the paper (section 3.4). The logs of 2012
# agree: 41.06% and 18.51% became 40.66% and 18.21%. We do not repeat that,
# since it takes ImageNet. And it is little: elsewhere, on photos of dogs and
# cats, the *same* training run twice differed by 0.35 points
# (NVIDIA/DIGITS#1089).
#
# ## 5. What if the photo moves?
#
# It is often said that pools make a network indifferent to small shifts.
# Measure it. Cut the 227 x 227 pixels out of the photo 1 to 8 columns further
# to the right, and compare the maps with those before, value by value. 100%
# means: as different as those of another photo. One pixel of 227: will conv1
# change by 1%, 5% or 15%? And pool1?

# %%
tower = Image.fromarray(load_sample_image("china.jpg"))
tower = tower.crop((0, 0, 427, 427)).resize((227, 227)).convert("L")

ways = {
    "conv1": lambda maps: maps,
    "every second": lambda maps: maps[:, 0:54:2, 0:54:2],
    "average, 3 wide": keras.layers.AveragePooling2D(3, 2),
    "largest, 2 wide": keras.layers.MaxPooling2D(2, 2),
    "largest, 3 wide": pool1,
}


# %%
def change(way, shift):
    photos = hopper, wide[:227, shift : shift + 227], np.array(tower)
    before, after, other = (way(conv1(as_batch(p)).numpy()) for p in photos)
    return np.abs(after - before).mean() / np.abs(other - before).mean()


shifts = (0, 1, 2, 3, 4, 6, 8)
lines = {name: [change(way, s) for s in shifts] for name, way in ways.items()}
for name, shares in lines.items():
    print(name, [f"{share:.0%}" for share in shares])
visualize.changes_by_shift(shifts, lines)

# %% [markdown]
# **Figure.** How much five kinds of maps change when the photo moves. At 100%
# (line) they differ as from those of another photo.
#
# - **conv1** changes by 17% for a single pixel.
# - **Every second value** is no better: leaving out is not pooling.
# - **pool1** (largest, 3 wide) changes less, at four pixels half as much. But
#   it does change. With windows 2 wide it changes more.
# - **The average** changes no more than the largest, up to three pixels. Both
#   forget where, but the largest value does not fade (section 2).
#
# Why does pool1 halve the change at four pixels? Four is conv1's stride.
# Compare the maps one place apart.

# %%
for shift in (1, 4):
    after = conv1(as_batch(wide[:227, shift : shift + 227])).numpy()
    same = np.array_equal(after[:, :, :-1], maps[:, :, 1:])
    print(f"moved by {shift}: the same values, one place on: {same}")

# %% [markdown]
# At 4 conv1 finds *the same values elsewhere*, and the pool forgets where. At 1
# to 3 its filters lie on other pixels and find other values, against which a
# pool can do less. **It forgets where, not what**, and only within a window.
#
# ## 6. Could a convolution do it?
#
# A convolution with a stride makes maps small, too. First double conv1's: 8 in
# place of 4. What do you get? Then put a *second* convolution after conv1, 3
# wide with a stride of 2, 96 filters. How many weights does it take? (A pool
# compares eight times for each of its values.)

# %%
wider = keras.layers.Conv2D(4, 11, strides=8, activation="relu")
wider.build((None, 227, 227, 1))
wider.set_weights(conv1.get_weights())
print(
    "every second:", np.array_equal(wider(as_batch(hopper)), maps[:, ::2, ::2])
)

line = shapes.table([Conv("conv1", 96, 11, 4), Conv("down", 96, 3, 2)], 227)[-1]
print(f"{line.output_shape}, {line.parameters:,} weights and biases")
print(f"{line.multiply_adds / 1e6:.1f} million multiply-adds")
print(f"pool1: {8 * 27 * 27 * 96 / 1e6:.1f} million comparisons")

# %% [markdown]
# The first is every second value. The second costs a hundred times the work,
# and 83,040 numbers to learn. It may mix channels, which no pool can. But no
# filter finds the largest value: it answers opposite values with the opposite
# number (chapter 4), and the largest of -1 and -2 is not minus the largest of 1
# and 2. With ReLUs it can be built (exercise 4).
#
# ## 7. Who gets the gradient?
#
# A pool has no weights, but the gradient must pass it on its way to conv1's
# weights. Suppose the slopes of the loss with the six pooled values of `small`
# are 1 to 6, in this order. Which of its 35 values have a share in that? Nudge
# one. If it did not win, nothing changes. **Only the winner gets the
# gradient**, all of it. And the 9, which wins twice?

# %%
arriving = np.array([[1, 2, 3], [4, 5, 6]])
back = np.zeros(small.shape, int)
for row in range(2):
    for column in range(3):
        top, left = 2 * row, 2 * column
        window = small[top : top + 3, left : left + 3]
        down, right = divmod(window.argmax(), 3)
        back[top + down, left + right] += arriving[row, column]

# %%
values = tf.Variable(as_batch(small))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(pool1(values) * as_batch(arriving))  # slopes 1 to 6
by_tape = tape.gradient(loss, values)[0, :, :, 0]

print("the 9 gets", back[4, 4])
print("equal:", np.array_equal(back, by_tape))
visualize.routed(small, arriving)

# %% [markdown]
# **Figure.** A map with its winners ringed, the gradient that arrives at the
# pooled map, and what each value of the map gets. The 9 gets 5 and 6, which
# makes 11. Where there is no ring there is a 0.
#
# Both add up; hence the `+=`. TensorFlow agrees.
#
# And if several values are the largest? Here is a map of sevens, where a 1
# arrives from each of four windows. To all nine, shared out, or to one?

# %%
values = tf.Variable(as_batch(np.full((5, 5), 7)))
with tf.GradientTape() as tape:
    loss = tf.reduce_sum(pool1(values))
print(tape.gradient(loss, values)[0, :, :, 0].numpy().astype(int))

# %% [markdown]
# To one: the first of each window, read row by row. So it is on this processor;
# another device may choose another. In cuda-convnet2, the author's later
# library, *every* largest value gets the whole gradient (`kLocalMaxUndo` in
# `conv_util.cu`). It rarely matters: values that tie are nearly always zeros,
# and there ReLU, whose slope is 0, passes nothing on.
#
# ## 8. Do zeros at the rim hurt?
#
# AlexNet's pools do not pad. Others do. Put zeros around a map of values below
# 0, and pool. What wins at the rim? And what does Keras do with
# `padding="same"`?

# %%
below = np.full((5, 5), -3)
same = keras.layers.MaxPooling2D(3, 2, padding="same")

print(pool(np.pad(below, 1)).astype(int).tolist())  # zeros all around
print(np.int32(same(as_batch(below)))[0, :, :, 0].tolist())
after_relu = np.array_equal(
    pool(np.pad(small, 1)), same(as_batch(small))[0, :, :, 0]
)
print("no difference after ReLU:", after_relu)

# %% [markdown]
# The zeros win, though they are no part of the map. Keras lets the window hang
# over, if need be at both ends, and takes the largest value *inside*. After
# ReLU nothing is below 0, so no zero ever beats a value.
#
# A convolution counts its zeros in. Send a photo four times through a filter of
# nine ninths, the mean of 3 x 3, with `padding="same"`, or four times through a
# pool with a stride of 1. What becomes of the brightness of the top row?

# %%
mean = keras.layers.Conv2D(1, 3, padding="same", use_bias=False)
mean.build((None, None, None, 1))
mean.set_weights([np.full((3, 3, 1, 1), 1 / 9)])
largest = keras.layers.MaxPooling2D(3, 1, padding="same")


grey = wide[:224:4, :224:4]
shown = {"photo": grey}
for name, layer in (("mean", mean), ("largest", largest)):
    values = as_batch(grey)
    for _ in range(4):
        values = layer(values)
    shown[f"{name}, four times"] = np.array(values)[0, :, :, 0]
print([round(float(values[0].mean())) for values in shown.values()])

# %%
as_rgb = [np.stack([values] * 3, axis=-1) for values in shown.values()]
visualize.side_by_side([image.astype("uint8") for image in as_rgb], [*shown])

# %% [markdown]
# **Figure.** A photo of 56 x 56 pixels; after four convolutions with padding,
# each the mean of 3 x 3, it has a dark rim; after four max-pools with padding
# it has none.
#
# A sum over zeros is small, a largest value does not mind them. So it is with
# the positive weights here; in conv2 to conv5 the rim is different, too, not
# always darker.
#
# ## AlexNet so far

# %%
kinds = ("conv", "norm", "pool")
rows = [row for row in networks.ALEXNET if row.name[:4] in kinds]
print(shapes.summary(rows, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. A max-pool keeps the largest value of each window, in each channel by
#    itself, and has no weights. What was found stays found.
# 2. It forgets where, not what, within its window. A photo that moves still
#    changes pool1, but less than conv1.
# 3. The gradient goes to the winner alone, once for each window that it won.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: a pool for all cases
#
# `maps` is `(rows, columns, channels)`. Pool each channel. With `round_up=True`
# a last window that hangs over counts too and takes the largest value inside
# the map. (`stride` is never larger than `size`.)


# %%
def max_pool(maps, size, stride, round_up=False): ...


ex.q1.check(max_pool)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: measure a shift
#
# `image` is larger than 227 x 227. Compare the square at its top left with the
# one `shift` rows *lower*. `look(square)` gives conv1's maps, `pool(maps)` the
# pooled ones. Return two numbers, how much the maps change and how much the
# pooled maps do: the mean difference, without signs, divided by the mean
# before.


# %%
def shift_change(image, look, pool, shift): ...


ex.q2.check(shift_change)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: a gradient by hand
#
# This map goes through ReLU, *then* through a pool like pool1. Below it stands
# the gradient that arrives at the pooled map. Which gradient does each value of
# the map get? (5 lists of 7.)

# %%
print(ex.MAP)
print(ex.ARRIVING)

gradient = ...
ex.q3.check(gradient)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %% [markdown]
# ### Exercise 4: a largest value out of ReLUs
#
# Find the largest of a list of numbers without `max` and without `if`, only
# with `+`, `-`, a loop and the function `relu`. Begin with two numbers.


# %%
def largest(values, relu): ...


ex.q4.check(largest)

# %%
# ex.q4.hint()
# ex.q4.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# You have met every kind of layer that stands between the image and pool5.
# Chapter 7 stacks them: five convolutions, and what they see together that none
# sees alone.
