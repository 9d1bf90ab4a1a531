# %% [markdown]
# # 3. Where do 55, 27, 13 and 6 come from?
#
# > **You will be able to** compute the size of every map in AlexNet by hand,
# > say how the paper's 224 pixels and Caffe's 227 both come to 55, and tell
# > from a network's 6400 numbers how it rounds.
# >
# > **Takes** half a minute to run on two cores; plan an hour to work through
# > it.
# >
# > **Needs** no GPU and no data. **Stands on** chapters 1 (images as tensors)
# > and 2 (filters).

# %% tags=["setup"] lit="conv1 pool1 conv2 pool2 conv3 conv4 conv5 pool5"

# %% [markdown]
# In chapter 2 a filter slid over an image, and the numbers of all its places
# were a [**map**](../docs/glossary.md#map). Conv1's filters are 11 pixels wide
# and move by 4 pixels, their [**stride**](../docs/glossary.md#stride). How
# large is a map? Rows and columns behave alike, so one row will do.
#
# ## Before you begin
#
# One of conv1's 96 filters has how many weights, without its bias?

# %%
from alexnet_keras.exercises import stride_and_size as ex

ex.recall.check(...)

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. How many places can a filter stand in?
#
# A row has 227 pixels, numbered 0 to 226. At its first place a filter covers
# pixels 0 to 10, at the next 4 to 14. Before you run the cell: with which pixel
# does the last place start?

# %%
import math

import keras
import numpy as np
from matplotlib import cbook
from PIL import Image

from alexnet_keras import AlexNet, networks, shapes, visualize
from alexnet_keras.rows import Conv, Pool

starts = [start for start in range(0, 227, 4) if start + 11 <= 227]
print(starts[:3], "...", starts[-3:])
print(len(starts), "places")

# %% [markdown]
# With pixel 216, and it ends with 226, the last.
#
# Counting works, a rule is faster. Try to write it in place of `...`: how far
# can the filter move from its first place, how many steps is that, and how many
# places? (`//` divides and rounds down.)


# %%
def places(size, filter_size, stride=1):
    return ...


mine = [places(size, filter_size=11, stride=4) for size in (14, 227, 231)]
print("right" if mine == [1, 55, 56] else f"not [1, 55, 56] yet: {mine}")

# %% [markdown]
# Here is one way, held against our package, against Keras, which does both
# directions, and against counting for rows of 11 to 300 pixels.


# %%
def places(size, filter_size, stride=1):
    room = size - filter_size  # pixels that the filter can move over
    return room // stride + 1


def counted(size):
    return len([start for start in range(0, size, 4) if start + 11 <= size])


conv1 = keras.layers.Conv2D(filters=96, kernel_size=11, strides=4)
print(places(227, filter_size=11, stride=4))
print(shapes.output_size(227, filter_size=11, stride=4))
print(conv1.compute_output_shape((None, 227, 227, 3)))
all(places(size, 11, 4) == counted(size) for size in range(11, 301))

# %% [markdown]
# 54 steps make 55 places, hence the last 1. At each place stand 96 numbers, one
# from every filter.
#
# ## 2. What happens at 224?
#
# The paper of 2012 has 55 too, but its images are 224 x 224. What is (224 - 11)
# / 4, and what do you do with the fraction? How many pixels does place 55 lack?

# %%
for size in (224, 225, 226, 227):
    steps, count = (size - 11) / 4, places(size, 11, 4)
    missing = shapes.overhang(size, filter_size=11, stride=4)
    print(f"{size}: {steps} steps, {count} places; place 55 lacks {missing}")
visualize.overhang((224, 225, 226, 227), filter_size=11, stride=4)

# %% [markdown]
# **Figure.** The right end of a row of 224, 225, 226 and 227 pixels (grey),
# below it a filter's last two places. Place 55 hangs over the edge (black line)
# by three, two and one pixels; at 227 it fits exactly. Pixels count from 0,
# places from 1.
#
# Our rule drops the fraction, as Keras and PyTorch do, and counts 54 places. So
# 224 is often called a typo for 227. But place 55 covers pixels 216 to 226,
# however long the row is. Whether a place may lack pixels is a decision.
# Dropping place 55 has a price: place 54 ends with pixel 222, so at 224 no
# filter ever reads pixel 223.
#
# In a short row: which pixels stay unread when a filter 5 wide moves by 3 along
# 13?

# %%
visualize.places(13, filter_size=5, stride=3)

# %% [markdown]
# **Figure.** A row of 13 pixels, and the three places of a filter 5 wide with a
# stride of 3. None reads pixels 11 and 12 (dark orange).
#
# Remove the `#` and play. A pixel in the *middle* stays unread only if the
# stride is larger than the filter: find one.

# %%
# visualize.step_by_hand()

# %% [markdown]
# ## 3. Round down or round up?
#
# [The authors' own
# program](https://github.com/computerhistory/AlexNet-Source-Code) is public.
# Line 1004 of its `layer.py` computes 1 + ceil((size - filter) / stride): it
# rounds **up**, and the last place may hang over. Predict the four numbers.


# %%
def places_2012(size, filter_size, stride=1):
    return 1 + math.ceil((size - filter_size) / stride)


sizes = (224, 225, 226, 227)
print([places_2012(size, 11, 4) for size in sizes])
print([shapes.output_size(size, 11, 4, rounding="up") for size in sizes])

# %% [markdown]
# 55 from all four: 224 fits, but so does 227. The program holds two more clues.
#
# - `convdata.py`, line 121, cuts its images out of 256 pixels and takes the
#   same border off both sides.
# - Its network files say: in training, conv1's places are handled in packets of
#   five or of eleven. None may be left over.
#
# Which row of this table earns three times yes? (The paper has 224 and 55.)
#
# | image and places | paper agrees | cut from 256 | 5s and 11s |
# |---|---|---|---|
# | 224, 54 x 54 | ? | ? | ? |
# | 224, 55 x 55 | ? | ? | ? |
# | 227, 55 x 55 | ? | ? | ? |

# %%
print("sizes:", [256 - 2 * border for border in (14, 15, 16)])
for count in (54, 55):
    print(count, "left over:", count**2 % 5, "of 5,", count**2 % 11, "of 11")

# %% [markdown]
# Equal borders give even sizes, so 227 is out; and 54 x 54 leaves places over.
# The second row remains, the paper's own: **224 was no typo, they rounded up.**
# Where place 55 has no pixels it reads zeros (`filter_acts.cu` of
# cuda-convnet2, the author's later library).
#
# Keras, left to itself, rounds down. To get 55 from 224, give place 55 the same
# zeros: three columns at the right, three rows at the bottom. Zeros put around
# an image or a map are called [**padding**](../docs/glossary.md#padding).

# %%
pad = keras.layers.ZeroPadding2D(((0, 3), (0, 3)))  # top, bottom; left, right
padded = pad.compute_output_shape((None, 224, 224, 3))
print(conv1.compute_output_shape(padded))

network = AlexNet(include_top=False, input_shape=(224, 224, 3))
for name in ("pad_conv1", "conv1"):
    print(name, network.get_layer(name).output.shape)

# %% [markdown]
# Our own `AlexNet` does just this when you give it 224 pixels.
# (`include_top=False` leaves out chapter 8's layers.) The AlexNet of Caffe, a
# library, takes 227 instead, where nothing hangs over.
#
# **Live.** [Size](explore:size): set pixels, filter, stride, padding and the
# rounding. It starts with 54 places from 224. Can you get 55, and 56?
#
# ## 4. Pooling obeys the same rule
#
# `pool1` takes the largest value in a window 3 wide and moves the window by 2,
# in each channel by itself. It has no weights. (Why pool? Chapter 6.) As far as
# sizes go, a window is a filter. AlexNet pools three times, and the
# convolutions in between keep a map's size (section 5). What becomes of 55?
# Then: Caffe rounds its pools up. Does that matter here, and would it after a
# conv1 of 54?

# %%
size = 55
for _ in range(3):
    size = places(size, filter_size=3, stride=2)
    print(size)
for size in (55, 27, 13, 54):
    down = shapes.output_size(size, 3, 2, rounding="down")
    up = shapes.output_size(size, 3, 2, rounding="up")
    print(f"{size} becomes {down}, or {up} when rounded up")

# %% [markdown]
# 27, 13, 6: the other three numbers of the title. On 55, 27 and 13 the windows
# fit exactly. 54 becomes 26, but 27 if the pool rounds up: the last window
# hangs over and takes the largest value inside the map.
#
# ## 5. Padding: how a map keeps its size
#
# The filters of `conv2` are 5 wide with a stride of 1, and pool1 hands them a
# map 27 wide. How many zeros at *each* end give 27 places again, and how many
# would filters 3, 7 or 11 wide need?


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
# Without zeros there are 23; two at each end give 27. At a stride of 1, half of
# `filter - 1` keeps the size. One reason why widths are odd: 4 would need a
# zero and a half. conv3 to conv5, 3 wide, need one; without it, 13 would shrink
# to 11, 9 and 7.
#
# The zeros have another effect. How many places of a filter 3 wide read each
# value of a 13 x 13 map, without zeros and with one at each end? Predict for a
# corner and for the middle.

# %%
for zeros in (0, 1):
    counts = shapes.times_read(13, filter_size=3, padding=zeros)
    print(
        f"{zeros} at each end: corner {counts[0] ** 2}, middle {counts[6] ** 2}"
    )
visualize.times_read(13, filter_size=3, paddings=(0, 1))

# %% [markdown]
# **Figure.** How many places read each value of a 13 x 13 map. Without zeros a
# corner counts once, with them four times; the middle counts nine times.
#
# So zeros keep the rim from being overlooked. But they are no part of the
# photo: a filter that stands on them adds up less. (Conv1, which pads nothing,
# reads a corner pixel once, inner ones four to nine times.)
#
# Keras calls zeros that keep the size `padding="same"`. Conv1 has a stride of
# 4: will `"same"` keep 224 pixels at 224?

# %%
same = keras.layers.Conv2D(96, 11, strides=4, padding="same")
for size in (224, 227):
    shape = same.compute_output_shape((None, size, size, 3))
    print(size, shapes.output_size(size, 11, 4, padding="same"), shape)

# %% [markdown]
# No. `"same"` gives size / stride, rounded up: 56 and 57. It keeps the size
# only at a stride of 1.
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
# Only in conv1 and the pools. `networks.ALEXNET` is the package's list of the
# network's layers. Here are its convolutions and pools to scale; `True` says
# that the layer in Keras has the same shape.

# %%
is_sized = (Conv, Pool)
chain = [row for row in networks.ALEXNET if isinstance(row, is_sized)]
network = AlexNet(include_top=False)  # takes 227 pixels
for line in shapes.table(chain, size=227)[1:]:
    shape = network.get_layer(line.name).output.shape[1:]  # without the batch
    print(line.name, line.output_shape, shape == line.output_shape)
visualize.chain(chain, size=227)

# %% [markdown]
# **Figure.** The image and AlexNet's maps to scale, as deep as they have
# channels. (Depth has a scale of its own.) From right to left: one value of
# pool5 and its window in conv5; the middle of that, and *its* window; and so
# on. (All that it sees is more: section 8.)
#
# Chapter 8 [**flattens**](../docs/glossary.md#flatten) what leaves pool5: it
# writes it in one line of 6 x 6 x 256 = 9216 numbers.
#
# ## 7. 6400 or 9216?
#
# Some AlexNets flatten to 6400 numbers. Start from 224, round down everywhere,
# and predict the end of the chain. In chapter 8 each of the numbers gets 4096
# weights in the next layer, which is [**fully
# connected**](../docs/glossary.md#fully-connected): how many weights does one
# place less in conv1 save?

# %%
size = 224
for name, (filter_size, stride, padding) in layers.items():
    size = places(size, filter_size, stride, padding)
    print(name, size)
print(size * size * 256, "numbers")
print((9216 - 6400) * 4096, "weights fewer")

# %% [markdown]
# 54, 26, 12, 5, and 11.5 million weights are gone. A trained AlexNet cannot
# take just any size: its convolutions could, but the next layer has weights for
# exactly 9216 numbers.
#
# 9216 says little: 55 to 62 places end there where pools round down, 48 to 55
# where they round up. **6400 is a clue**: at 224 it says that conv1 gave 54 and
# that the pools rounded down too.
#
# ## 8. How far does one value see?
#
# Could you tell from 11 x 11 pixels what is in a photo?

# %%
photo = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((100, 0, 500, 400)).resize((227, 227))
visualize.seen(np.array(photo), sides=(11, 51, 195))

# %% [markdown]
# **Figure.** A photo of 227 x 227 pixels and its middle, as wide as a value of
# conv1 (11 x 11), conv2 (51 x 51) and pool5 (195 x 195) sees: a few colours, an
# eye, a person. (Grace Hopper; US Navy, public domain; from matplotlib.)
#
# Where do 51 and 195 come from? A value of conv1 sees 11 pixels of a row. A
# value of pool1 looks at three neighbours in conv1: one filter at three places,
# 4 pixels apart. How many pixels does it see?

# %%
seen = {pixel for start in (0, 4, 8) for pixel in range(start, start + 11)}
print(len(seen))
visualize.pooled_windows(filter_size=11, stride=4, pool_size=3)

# %% [markdown]
# **Figure.** One filter, 11 pixels wide, at three neighbouring places. The
# pooled value below them sees 19 pixels in all.
#
# 19 = 11 + 4 + 4, the value's [**receptive
# field**](../docs/glossary.md#receptive-field). A value of conv2 looks at five
# neighbours in pool1, which lie 8 pixels apart, 2 strides of 4. How many pixels
# is that?

# %%
print(19 + 4 * 8)
visualize.pooled_windows(filter_size=19, stride=8, pool_size=5)

# %% [markdown]
# **Figure.** Five neighbours in pool1 see 19 pixels each, 8 apart; one value of
# conv2 sees all they see, 51.
#
# One field of 19, and four steps of 8. That is the rule: a layer widens the
# field by (filter - 1) times its inputs' distance in pixels; its stride then
# multiplies that distance. At the start, a pixel sees itself, and the next is 1
# away.

# %%
field, distance = 1, 1
for name, (filter_size, stride, _) in layers.items():
    field += (filter_size - 1) * distance
    distance *= stride
    print(f"{name}: sees {field} pixels, neighbours {distance} apart")

fields = shapes.receptive_fields(chain)
print([(row.size, row.jump) for row in fields])

# %% [markdown]
# The package calls the distance `jump`. The loop skips padding: it does not
# widen a field, but shifts it to the left, by two zeros of 8 pixels in conv2
# and one of 16 in conv3 to conv5, so the first field begins at -64. How much of
# the image do the six values of a pool5 row see?

# %%
pool5 = fields[-1]
for place in range(6):
    first = pool5.start + place * pool5.jump
    last = first + pool5.size - 1
    real = min(last, 226) - max(first, 0) + 1
    print(f"pixels {first} to {last}, {real} of them in the image")
visualize.fields(chain, size=227)

# %% [markdown]
# **Figure.** What the six values of a row of pool5 see of a row of 227 pixels.
# Hatched parts lie outside, 64 pixels at either end.
#
# All are 195 wide, 32 pixels apart, but only the two in the middle lie wholly
# in the image.
#
# ## 9. What does a stride of 4 buy?
#
# Send conv1 over the 227 pixels with a stride of 1. Which of the three numbers
# change, and which does not: places, multiplications, weights?

# %%
for stride in (1, 4):
    line = shapes.table([Conv("conv1", 96, 11, stride)], size=227)[-1]
    count, millions = line.output_shape[0] ** 2, line.multiply_adds / 1e6
    print(f"stride {stride}: {count:,} places, {millions:,.0f} million", end="")
    print(f" multiplications; {line.parameters:,} weights and biases")

# %% [markdown]
# The weights stay: one filter serves all places. But places, and with them
# multiplications, become 15.6 times fewer. The price: conv1 stands only at
# every fourth pixel, so it places things less exactly.
#
# ## AlexNet so far
#
# `chain` as a table. (Groups are chapter 7's.)

# %%
print(shapes.summary(chain, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. Places = (size + the zeros at both ends - filter) / stride, rounded, + 1.
#    It holds for convolutions and pools alike.
# 2. Rounding is a decision. In 2012 it went up, so 224 was no typo. Keras goes
#    down without padding and up with `"same"`; 227, unpadded, needs no
#    rounding.
# 3. 6400 is a clue: from 224 pixels, 54 places in conv1, and pools that round
#    down.
#
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
# ### Exercise 2: what ends in 6400?
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
# The blog article that this course began with says that conv1 makes the image
# 5.6 times smaller: 227 x 227 x 3 against 55 x 55 x 9. How many values does
# conv1 really give? How many times the input's 154,587 is that? And how many
# times fewer are the *positions*, channels left out: divide the input's
# positions by conv1's. Give three digits or more of both.

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

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# A filter over a filter sees further. Does it also see *more* than one larger
# filter would? Chapter 4 asks, and puts a bend between them.
