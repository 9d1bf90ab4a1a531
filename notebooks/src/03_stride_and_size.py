# %% [markdown]
# # 3. Where do 55, 27, 13 and 6 come from?
#
# > **You will be able to** compute the size of every map in AlexNet by hand,
# > say how the paper's 224 pixels and Caffe's 227 both come to 55, and read
# > from 6400 how a network rounds.
# >
# > **Takes** half a minute to run on two cores.
# >
# > **Needs** no GPU and no data. **Stands on** chapters 1 (images as tensors)
# > and 2 (filters).

# %% tags=["setup"] lit="conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5"

# %%
import math

import keras

from alexnet_keras import AlexNet, shapes, visualize
from alexnet_keras.exercises import stride_and_size as ex
from alexnet_keras.rows import Conv, Pool

# %% [markdown]
# In chapter 2 a filter slid over an image. Each place it stood in gave one
# number, and the numbers of all its places are a **map**. AlexNet's first
# layer, `conv1`, has 96 filters. Each is 11 pixels wide and moves 4 pixels from
# one place to the next; those 4 pixels are the **stride**. How large does that
# make a map?
#
# Rows and columns behave alike, so one row of pixels is all we need.
#
# ## 1. How many places can a filter stand in?
#
# A row has 227 pixels, numbered 0 to 226. At its first place a filter covers
# pixels 0 to 10, at the next 4 to 14. Before you run the cell: with which pixel
# does the last place start?

# %%
starts = [start for start in range(0, 227, 4) if start + 11 <= 227]
print(starts[:3], "...", starts[-3:])
print(len(starts), "places")

# %% [markdown]
# With pixel 216, and the place ends with 226, the last pixel of the row.
# Nothing is left over.
#
# Counting works, but a rule is faster. Try to write it in place of `...`: how
# far can the filter move from its first place, how many steps is that, and how
# many places? (`//` divides and rounds down.)


# %%
def places(size, filter_size, stride=1):
    return ...


mine = [places(size, filter_size=11, stride=4) for size in (14, 227, 231)]
print("right" if mine == [1, 55, 56] else f"not [1, 55, 56] yet: {mine}")

# %% [markdown]
# Here is one way. The last line holds the rule against counting, for every row
# from 11 to 300 pixels.


# %%
def places(size, filter_size, stride=1):
    room = size - filter_size  # pixels that the filter can move over
    return room // stride + 1


def counted(size):
    return len([start for start in range(0, size, 4) if start + 11 <= size])


print(places(227, filter_size=11, stride=4))
all(places(size, 11, 4) == counted(size) for size in range(11, 301))

# %% [markdown]
# `True`: they agree on every row. 54 steps make 55 places, as 54 gaps take 55
# fence posts. Hence the `+ 1`.
#
# Now the package, whose functions are tested, and Keras. `compute_output_shape`
# asks a layer for its output's shape and computes nothing; `None` stands for
# any batch size.

# %%
conv1 = keras.layers.Conv2D(filters=96, kernel_size=11, strides=4)

print(shapes.output_size(227, filter_size=11, stride=4))
print(conv1.compute_output_shape((None, 227, 227, 3)))

# %% [markdown]
# 55 places in each direction, and 96 numbers at each place, one from every
# filter.
#
# ## 2. What happens at 224?
#
# The paper has 55 too, but its images are 224 x 224. Use the rule in your head:
# what is (224 - 11) / 4, and what do you do with the fraction? How many pixels
# does place 55 lack?

# %%
for size in (224, 225, 226, 227):
    steps, count = (size - 11) / 4, places(size, 11, 4)
    missing = shapes.overhang(size, filter_size=11, stride=4)
    print(f"{size}: {steps} steps, {count} places; place 55 lacks {missing}")

# %%
visualize.overhang((224, 225, 226, 227), filter_size=11, stride=4)

# %% [markdown]
# **Figure.** The right end of a row of 224, 225, 226 and 227 pixels (grey),
# below it a filter's last two places. Place 55 hangs over the edge (black line)
# by three, two and one pixels; at 227 it fits exactly. Pixel 226 is drawn from
# 226 to 227.
#
# Our rule drops the fraction, as Keras and PyTorch do, and counts 54 places at
# 224. So 224 is often called a typo for 227. But place 55 covers pixels 216 to
# 226, however long the row is. Whether it counts where some of them do not
# exist is not a matter of arithmetic. It is a decision.
#
# ## 3. Round down or round up?
#
# [The authors' own
# program](https://github.com/computerhistory/AlexNet-Source-Code) is public.
# Line 1004 of its `layer.py` computes 1 + ceil((size - filter) / stride): it
# rounds **up**, and the last place may hang over the edge. Predict the four
# numbers.


# %%
def places_2012(size, filter_size, stride=1):
    return 1 + math.ceil((size - filter_size) / stride)


sizes = (224, 225, 226, 227)
print([places_2012(size, 11, 4) for size in sizes])
print([shapes.output_size(size, 11, 4, rounding="up") for size in sizes])

# %% [markdown]
# 55 from all four. So 224 fits the paper's 55, but 227 does too. The program
# holds evidence.
#
# - `convdata.py`, line 121, cuts images out of 256 pixels and takes the same
#   border off both sides. Can that give 227?
# - While it trains, the program handles conv1's places in groups. The files
#   that describe its networks set the groups to 5 places, so 5 must divide
#   their number. Which fits, 54 x 54 or 55 x 55?

# %%
print([256 - 2 * border for border in (14, 15, 16)])
print(54**2 % 5, 55**2 % 5)  # what is left over when 5 divides

# %% [markdown]
# Sizes are always even, so 227 cannot occur; and 54 x 54 cannot be, since a
# place is left over. What the paper says remains, 224 pixels and 55 places:
# **224 was no typo, they rounded up.**
#
# Keras, left to itself, rounds down. How could you still get 55 from 224? Give
# place 55 what it lacks: three columns of zeros at the right, three rows at the
# bottom. Zeros put around an image or a map are called **padding**.

# %%
pad = keras.layers.ZeroPadding2D(((0, 3), (0, 3)))  # top, bottom; left, right
padded = pad.compute_output_shape((None, 224, 224, 3))
print(conv1.compute_output_shape(padded))

network = AlexNet(include_top=False, input_shape=(224, 224, 3))
for name in ("pad_conv1", "conv1"):
    print(name, network.get_layer(name).output.shape)

# %% [markdown]
# Our own `AlexNet` does just this when you give it 224 pixels.
# (`include_top=False` leaves out its three last layers, which are chapter 8's.)
# The AlexNet that came with the library Caffe takes 227 pixels instead, where
# nothing hangs over and both roundings agree.
#
# ## 4. Pooling obeys the same rule
#
# `pool1` takes the largest value in a window 3 wide and moves the window by 2.
# (What that is good for is chapter 6.) As far as sizes go, a window is a
# filter. AlexNet pools three times, and the convolutions in between keep their
# size; how, is section 5. What becomes of 55? Predict each number.

# %%
size = 55
for _ in range(3):
    size = places(size, filter_size=3, stride=2)
    print(size)

# %% [markdown]
# 27, 13, 6: the other three numbers of the title.
#
# Caffe rounds its pools up. Does that matter here? And would it, if conv1 had
# given 54?

# %%
for size in (55, 27, 13, 54):
    down = shapes.output_size(size, 3, 2, rounding="down")
    up = shapes.output_size(size, 3, 2, rounding="up")
    print(f"{size} becomes {down}, or {up} when rounded up")

# %% [markdown]
# On 55, 27 and 13 both agree, since the windows fit exactly. 54 becomes 26, but
# 27 again if the pool rounds up.
#
# ## 5. Padding: how a map keeps its size
#
# The filters of `conv2` are 5 wide with a stride of 1, and pool1 hands them a
# map 27 wide. How many places are there? How many zeros at *each* end give 27
# again, and how many would filters 3, 7 or 11 wide need?


# %%
def places(size, filter_size, stride=1, padding=0):
    room = size + 2 * padding - filter_size
    return room // stride + 1


print([places(27, filter_size=5, padding=zeros) for zeros in range(4)])
print([shapes.output_size(27, 5, padding=zeros) for zeros in range(4)])
for width in (3, 5, 7, 11):
    zeros = (width - 1) // 2
    print(f"{width} wide, {zeros} at each end:", places(27, width, 1, zeros))

# %% [markdown]
# Without zeros 23: a filter 5 wide costs four places. Two at each end give them
# back. At a stride of 1, (filter - 1) / 2 zeros keep the size, for filters of
# odd width. So conv3 to conv5, which are 3 wide, need one; without it, 13 would
# shrink to 11, 9 and 7.
#
# Keras has a name for this, `padding="same"`, and the name misleads. Conv1 has
# a stride of 4: will `"same"` keep 224 pixels at 224?

# %%
same = keras.layers.Conv2D(96, 11, strides=4, padding="same")
for size in (224, 227):
    shape = same.compute_output_shape((None, size, size, 3))
    print(size, shapes.output_size(size, 11, 4, padding="same"), shape)

# %% [markdown]
# No. `"same"` gives size / stride, rounded up: 56 and 57. It keeps the size
# only at a stride of 1. So even Keras rounds both ways: down without padding,
# up with `"same"`.
#
# The facts were three: an image of 224 x 224, filters of 11 x 11, a stride of
# 4. You have met three readings of them: 54 (drop place 55), 55 (let it hang
# over) and 56 (`"same"`). Exercise 1 has yet another way to 55.
#
# ## 6. The whole chain
#
# Here is every layer that could change a size: filter, stride, padding. Send a
# row of 227 pixels through it. Where does the size change?

# %%
layers = {
    "conv1": (11, 4, 0),  # filter, stride, padding
    "pool1": (3, 2, 0),
    "conv2": (5, 1, 2),
    "pool2": (3, 2, 0),
    "conv3": (3, 1, 1),
    "conv4": (3, 1, 1),
    "conv5": (3, 1, 1),
    "pool5": (3, 2, 0),
}
size = 227
for name, (filter_size, stride, padding) in layers.items():
    size = places(size, filter_size, stride, padding)
    print(name, size)

# %% [markdown]
# Only in conv1 and the pools. The package's table also follows the channels, so
# it asks for each convolution's number of filters; these are the paper's.

# %%
chain = [
    Conv("conv1", 96, 11, stride=4),
    Pool("pool1", 3, stride=2),
    Conv("conv2", 256, 5, padding=2),
    Pool("pool2", 3, stride=2),
    Conv("conv3", 384, 3, padding=1),
    Conv("conv4", 384, 3, padding=1),
    Conv("conv5", 256, 3, padding=1),
    Pool("pool5", 3, stride=2),
]
network = AlexNet(include_top=False)  # takes 227 pixels
for row in shapes.table(chain, size=227)[1:]:
    shape = network.get_layer(row.name).output.shape[1:]  # without the batch
    print(row.name, row.output_shape, shape == row.output_shape)

# %% [markdown]
# `True`: the layer in Keras has the table's shape.
#
# Chapter 8 lays out what leaves pool5 in one line: it **flattens** it, to 6 x 6
# x 256 = 9216 numbers.
#
# ## 7. 6400 or 9216?
#
# Some AlexNets flatten to 6400 numbers. Start from 224, round down everywhere,
# and predict the end of the chain. In chapter 8 each of the numbers gets 4096
# weights in the next layer, which is **fully connected**: how many weights does
# one place less in conv1 save?

# %%
size = 224
for name, (filter_size, stride, padding) in layers.items():
    size = places(size, filter_size, stride, padding)
    print(name, size)
print(size * size * 256, "numbers")
print((9216 - 6400) * 4096, "weights fewer")

# %% [markdown]
# 54, 26, 12, 5: every map is one place narrower than before, and 11.5 million
# weights are gone.
#
# How much do the two numbers tell about a network? After conv1 only the three
# pools matter. Which of these maps end at 6?


# %%
def after_pools(size, rounding="down"):
    for _ in range(3):
        size = shapes.output_size(size, 3, 2, rounding=rounding)
    return size


print([after_pools(size) for size in (54, 55, 56)])
print(after_pools(54, rounding="up"))

# %% [markdown]
# 9216 says little: 227 rounded down (55), 224 rounded up (55), `"same"` (56),
# and 54 with pools that round up, all end there. **6400 is a clue**: in a
# network meant for 224 it says that conv1 gave 54 and that the pools rounded
# down too.
#
# The blog article that this course began with starts at 227 and ends at 5 x 5 x
# 256 = 6400. Both numbers exist, but not in one network.
#
# ## 8. How far does one value see?
#
# A value of conv1 sees 11 pixels of the row. A value of pool1 looks at three
# neighbours in conv1: one filter at three places, 4 pixels apart. How many
# pixels does it see?

# %%
seen = {pixel for start in (0, 4, 8) for pixel in range(start, start + 11)}
len(seen)

# %%
visualize.pooled_windows(filter_size=11, stride=4, pool_size=3)

# %% [markdown]
# **Figure.** One filter, 11 pixels wide, at three neighbouring places, each 4
# pixels further right than the one below. They overlap; the pooled value above
# them sees 19 pixels in all.
#
# 19 = 11 + 4 + 4, the value's **receptive field**. Now conv2 by hand: one value
# looks at five neighbours of pool1. Each sees 19 pixels, and two neighbours lie
# 8 apart, 2 places of 4 pixels. How many pixels is that?

# %%
starts = (0, 8, 16, 24, 32)
seen = {pixel for start in starts for pixel in range(start, start + 19)}
len(seen), 19 + 4 * 8

# %% [markdown]
# 51: one field of 19, and four steps of 8. That is the rule. A layer widens the
# field by (filter - 1) times the distance between two neighbours, and its
# stride multiplies that distance. It starts with the pixels themselves: a pixel
# sees 1 pixel, and the next is 1 away. A loop first, then the package.

# %%
field, distance = 1, 1
for name, (filter_size, stride, _) in layers.items():
    field += (filter_size - 1) * distance
    distance *= stride
    print(f"{name}: sees {field} pixels, neighbours {distance} apart")

fields = shapes.receptive_fields(chain)
print([(row.size, row.jump) for row in fields])

# %% [markdown]
# The loop leaves padding out, since padding shifts a field but does not widen
# it. The package also gives the first pixel that a layer's first value sees,
# `start`. How much of the image do the six values of a row of pool5 see?

# %%
pool5 = fields[-1]
for place in range(6):
    first = pool5.start + place * pool5.jump
    last = first + pool5.size - 1
    real = min(last, 226) - max(first, 0) + 1
    print(f"pixels {first} to {last}, {real} of them in the image")

# %% [markdown]
# The fields are all 195 wide, but the first starts at -64: conv2's two zeros,
# at a distance of 8 pixels, reach 16 pixels out, and the one zero of conv3, of
# conv4 and of conv5, at a distance of 16, another 48. Only the two in the
# middle see 195 real pixels, their neighbours 163, the outer ones 131. Keep the
# 32 between neighbours: it returns in exercise 2. Chapter 7 draws these fields
# on a photo.
#
# ## 9. A broken calculation
#
# The article also speaks of "5.6 times of decreasing" in conv1. It compares 227
# x 227 x 3 with 55 x 55 x 9. Which number looks wrong to you?

# %%
before, after = 227 * 227 * 3, 55 * 55 * 9
print(before, after, f"{before / after:.3g}")

# %% [markdown]
# The quotient is 5.68, which the article cuts to 5.6. The 9 is wrong: a
# line earlier the article itself has 55 x 55 x 96. And two things are mixed,
# the number of *positions* and the number of *values*. Exercise 3 lets you mend
# it.
#
# ## AlexNet so far
#
# The package keeps a network as such a list of rows, one a layer, and writes it
# out as a table.

# %%
print(shapes.summary(chain, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. Places = (size + the zeros at both ends - filter) / stride, rounded, + 1.
#    It holds for convolutions and pools alike.
# 2. Rounding is a decision. In 2012 it went up, so 224 was no typo. Keras goes
#    down without padding and up with `"same"`; 227 is the size that needs no
#    decision.
# 3. 6400 is a clue: 54 places in conv1, and pools that round down.

# %% [markdown]
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: 55, three ways
#
# Write three tuples `(size, padding, rounding)` that give conv1 55 places.
# `padding` is the number of zeros at each end, `rounding` is `"down"` or
# `"up"`.
#
# - Way 1 rounds down, without padding: the *largest* size.
# - Way 2 rounds up, without padding: the *smallest* size.
# - Way 3 takes 224 pixels, rounds down, and pads both ends alike.

# %%
way_1 = ...  # (size, padding, rounding)
way_2 = ...
way_3 = ...
ex.q1.check([way_1, way_2, way_3])

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: who ends in 6400?
#
# Take the chain of section 6, which rounds down everywhere. Find *all* input
# sizes that end in 6400, and all that end in 9216: a list or a range for each.

# %%
sizes = {6400: ..., 9216: ...}
ex.q2.check(sizes)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: mend the calculation
#
# How many values does conv1 give? How many times as many is that as the input's
# 154,587? And how many times fewer are the *positions*, channels left out:
# divide the input's positions by conv1's. Give three digits or more of both.

# %%
repaired = {
    "values": ...,
    "times_as_many_values": ...,
    "times_fewer_positions": ...,
}
ex.q3.check(repaired)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %% [markdown]
# ## What comes next
#
# The sizes are settled. But convolutions alone, however many, amount to a
# single one: a sum of sums is a sum. Chapter 4 puts a small bend between them,
# and depth begins to pay.
