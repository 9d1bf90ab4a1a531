# %% [markdown]
# # 2. What is a convolution?
#
# > **You will be able to** write a convolution as two loops, say why a filter
# > is as deep as its input, count its weights, and let a filter be learned
# > from examples.
# >
# > **Takes** half a minute to run on two cores; plan an hour and a half to work
# > through it.
# >
# > **Needs** no GPU and no data. **Stands on** chapter 1 (images as tensors).

# %% tags=["setup"] lit="conv1 conv2 conv3 conv4 conv5"

# %% [markdown]
# Five of AlexNet's eight layers with weights are convolutions. Each is one
# small calculation, repeated at many places. First you will do it by hand, then
# let a computer find its numbers.
#
# ## Before you begin
#
# You have one photo as an array of shape `(227, 227, 3)`. Which shape must it
# have for AlexNet to take it?

# %%
import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_image

from alexnet_keras import shapes, visualize
from alexnet_keras.exercises import filters as ex
from alexnet_keras.models import preprocess_input
from alexnet_keras.networks import ALEXNET

ex.recall.check(...)

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. What does a filter do at one place?
#
# A [**filter**](../docs/glossary.md#filter) is a small block of numbers, its
# [**weights**](../docs/glossary.md#weights). Lay it on a picture: each number
# of the picture is multiplied by the weight that lies on it, and all products
# are added. That makes one number.
#
# Here is a tiny picture, dark (0) on the left and bright (9) on the right, and
# a filter of 3 x 3. It can stand in four places along the first rows. Which
# four numbers do you expect?

# %%
picture = np.array([[0, 0, 0, 9, 9, 9]] * 6)
edge = np.array([[-1, 0, 1]] * 3)

for column in range(4):
    under = picture[0:3, column : column + 3]
    print(f"columns {column} to {column + 2}:", (under * edge).sum())
visualize.slide(picture, edge, row=1, column=1)

# %% [markdown]
# **Figure.** The filter stands in the frame. Its nine products are added one by
# one, row by row (running sum); the result, 27, is one number of the map.
#
# 0 where all is dark, 0 where all is bright, since -1 and 1 cancel, and 27
# where dark turns to bright. The filter looks for a vertical edge, and the
# number says how much of one there is. Remember the verb: **a filter looks.**
#
# What will it say of a picture that is bright on the left and dark on the
# right?

# %%
turned = picture[:, ::-1]
print([int((turned[:3, c : c + 3] * edge).sum()) for c in range(4)])

# %% [markdown]
# -27: the edge is there, the other way round. To move the filter by hand,
# remove the `#`.

# %%
# visualize.slide_by_hand(picture, edge)

# %% [markdown]
# ## 2. And at all places?
#
# The numbers of all places together are a [**map**](../docs/glossary.md#map),
# and to compute it is a [**convolution**](../docs/glossary.md#convolution). Try
# to write it in place of `...`, for any picture and any square filter: two
# loops, over the rows and the columns where the filter can start. The last
# lines try it on a picture of 3 x 4 and a filter of 2 x 2.


# %%
def convolve(image, weights):
    return ...


little = np.array([[1, 2, 0, 3], [4, 1, 1, 0], [2, 0, 5, 1]])
mine = convolve(little, np.array([[1, 0], [2, -1]]))
right = np.array_equal(mine, [[8, 3, 2], [8, -4, 10]])
print("right" if right else f"not [[8, 3, 2], [8, -4, 10]] yet: {mine}")

# %% [markdown]
# Here is one way. Along 6 pixels, a filter 3 wide has 6 - 3 + 1 = 4 places.
# (Chapter 3 is about this number.)


# %%
def convolve(image, weights):
    side = len(weights)
    rows, columns = image.shape[0] - side + 1, image.shape[1] - side + 1
    result = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            under = image[row : row + side, column : column + side]
            result[row, column] = (under * weights).sum()
    return result


print(convolve(picture, edge).astype(int).tolist())

# %% [markdown]
# Now a photo in grey, and Keras. Its layer `Conv2D` calls the weights `kernel`.
# They have four axes: **height, width, channels in, filters out**. Grey has one
# channel, and we have one filter. Will both agree?

# %%
wide = Image.fromarray(load_sample_image("china.jpg"))
tower = np.array(wide.crop((0, 0, 427, 427)).resize((227, 227)))
grey = tower.mean(axis=-1)  # over the channels


def as_batch(image):
    return image[np.newaxis, :, :, np.newaxis]  # one picture, one channel


# %%
layer = keras.layers.Conv2D(filters=1, kernel_size=3, use_bias=False)
layer.build((None, 227, 227, 1))  # makes the kernel
layer.kernel.assign(edge[:, :, np.newaxis, np.newaxis])
by_keras = layer(as_batch(grey))[0, :, :, 0]
by_loops = convolve(grey, edge)

print(tuple(layer.kernel.shape), by_loops.shape)
print(np.allclose(by_loops, by_keras, atol=0.01))  # float32 keeps 7 digits

# %% [markdown]
# (In mathematics, a convolution turns the filter upside down first. No library
# for networks does, and a filter that is learned does not care.)
#
# **Live.** [One filter](explore:filter): draw a picture, set the nine weights,
# and let the filter slide over all places. (There blue is above 0.)
#
# ## 3. What does it see in a photo?
#
# Exchange the filter's rows and columns (`edge.T`), and it looks for horizontal
# edges. The tower has upright pillars and flat eaves. Which of the two maps
# shows the pillars?

# %%
upright, flat = convolve(grey, edge), convolve(grey, edge.T)

parts = {"sky": np.s_[0:20, 150:220], "pillars": np.s_[103:112, 40:110]}
parts["eaves"] = np.s_[95:101, 40:110]  # rows, columns
for name, part in parts.items():
    strong = [abs(found[part]).mean().round(-1) for found in (upright, flat)]
    print(f"{name}: edge {strong[0]:.0f}, edge.T {strong[1]:.0f}")
visualize.side_by_side([tower, upright, flat], ["photo", "edge", "edge.T"])

# %% [markdown]
# **Figure.** A photo and what two filters see in it. Red: from dark to bright,
# to the right or downwards; blue: from bright to dark; white: nothing. (Photo:
# danielbuechele, CC BY 2.0, cropped; from scikit-learn.)
#
# The first shows the pillars, the second the eaves, and in the sky neither
# finds anything. One filter sees one thing. That is why a layer has many:
# AlexNet's first one has 96.
#
# ## 4. Why is a filter deep?
#
# A photo has three channels, and a place still gives one number. So the filter
# needs weights for all three: it is a block, 11 x 11 **x 3** in AlexNet's
# `conv1`. `strides=4` moves it by 4 pixels at a time (chapter 3). Predict the
# shape of the kernel of all 96 filters, and the shape of the output, with 55
# places in each direction.

# %%
keras.utils.set_random_seed(2012)
conv1 = keras.layers.Conv2D(filters=96, kernel_size=11, strides=4)
batch = preprocess_input(tower[np.newaxis])  # minus the mean colour
maps = conv1(batch)

print("kernel", tuple(conv1.kernel.shape), "bias", tuple(conv1.bias.shape))
print("output", tuple(maps.shape))

# %% [markdown]
# The [**bias**](../docs/glossary.md#bias) is one more number for each filter,
# added to every sum; it starts at 0. Compute one number of the output by hand:
# filter 7 at place (27, 10). At which pixel does it start, if it moves by 4?

# %%
under = batch[0, 108:119, 40:51]  # from pixel (108, 40)
weights = conv1.kernel.numpy()[:, :, :, 7]
by_hand = (under * weights).sum() + conv1.bias.numpy()[7]

print(under.shape, weights.shape)
print("equal:", np.isclose(by_hand, maps[0, 27, 10, 7], rtol=1e-4))
visualize.depth(under, weights)

# %% [markdown]
# **Figure.** One filter at one place, a row for each channel: 3 times 121
# products, three sums, added to one number. Squares are red above 0, blue
# below. (The weights are random: this filter has not learned anything yet.)
#
# Depth is what lets a filter see colour. The smallest one that can has 1 x 1 x
# 3 weights. With `(1, -0.5, -0.5)`, what will it find in chapter 1's flower,
# and what does it say of grey?

# %%
photo = Image.fromarray(load_sample_image("flower.jpg"))
flower = np.array(photo.crop((180, 60, 520, 400)).resize((227, 227)))
reddish = np.array([1, -0.5, -0.5])

print("grey:", (np.array([90, 90, 90]) * reddish).sum())
found = (flower * reddish).sum(axis=-1)
petals, leaf = found[40:60, 40:60].mean(), found[60:80, 195:215].mean()
print("petals above 0:", petals > 0, "leaf above 0:", leaf > 0)
visualize.side_by_side([flower, found], ["photo", "more red than the rest"])

# %% [markdown]
# **Figure.** A filter of 1 x 1 x 3 finds the orange petals (red: above 0) and
# turns away from the leaves (blue: below 0). (Photo: vultilion, CC BY 2.0,
# cropped; from scikit-learn.)
#
# ## 5. Why so few weights?
#
# Conv1 makes 55 x 55 x 96 = 290,400 numbers out of 154,587. The plainest way
# would be: every output reads every input, each with a weight of its own. Such
# a layer is [**fully connected**](../docs/glossary.md#fully-connected). Two
# demands make it a convolution:
#
# 1. **Only near by.** An edge shows in a few neighbouring pixels.
# 2. **The same everywhere.** An edge at the left looks like one at the right.

# %%
visualize.connections(num_inputs=8, filter_size=3)

# %% [markdown]
# **Figure.** Six outputs read eight inputs in a row. Left: all of them. Middle:
# three neighbours each, with weights of their own. Right: with the *same* three
# weights, in the same colours and dashes. 48, 18 and 3 weights.
#
# Now for conv1, biases included. Guess the three numbers: thousands, millions,
# or thousands of millions?

# %%
outputs, inputs, block = 55 * 55 * 96, 227 * 227 * 3, 11 * 11 * 3

print(f"all inputs:             {outputs * (inputs + 1):,}")
print(f"neighbours only:        {outputs * (block + 1):,}")
print(f"the same everywhere:    {96 * (block + 1):,}")
print(f"Keras counts:           {conv1.count_params():,}")

# %% [markdown]
# From 44.9 thousand million to 105.7 million to **34,944**. The second demand
# has another effect. Move a picture by one column: what happens to its map?

# %%
noise = np.random.default_rng(2012).uniform(-1, 1, (24, 24))
moved = np.roll(noise, 1, axis=1)  # to the right; the last column comes first

before, after = convolve(noise, edge), convolve(moved, edge)
np.allclose(before[:, :-1], after[:, 1:])

# %% [markdown]
# `True`: the map moves along. What a filter has learned at one place it knows
# at all of them.
#
# ## 6. Can a weight be learned?
#
# We thought of `edge` ourselves. Nobody thought of AlexNet's weights; they were
# **learned** from examples. How? Begin with a single weight. It should turn 1,
# 2, 3 into 2, 4, 6, but it starts at 0.
#
# How wrong is it? Take the differences between what it gives and what is
# wanted, square them, so that too much and too little both count, and take the
# mean. This number is called the [**loss**](../docs/glossary.md#loss). What is
# it for the weights 0, 1 and 2?

# %%
x, wanted = np.array([1, 2, 3]), np.array([2, 4, 6])


def loss(weight):
    return ((weight * x - wanted) ** 2).mean()


print([f"{loss(weight):.3g}" for weight in (0, 1, 2)])

# %% [markdown]
# The smaller the loss, the better, and at 2 it is 0. Suppose you did not know
# that. Should the weight grow or shrink? Try: change it by very little. How
# much the loss changes, divided by how much the weight did, is the slope of the
# loss, called the [**gradient**](../docs/glossary.md#gradient).


# %%
def gradient(weight, little=0.001):
    return (loss(weight + little) - loss(weight - little)) / (2 * little)


print([f"{gradient(weight):.3g}" for weight in (0, 1, 3)])

# %% [markdown]
# At 0 and 1 it is negative: a larger weight makes a smaller loss. At 3 it is
# positive, so the weight should shrink. Always go **against** the gradient:
# that is a [**step**](../docs/glossary.md#step). How far? That is for you to
# choose, by the [**rate**](../docs/glossary.md#rate):
#
# new weight = old weight - rate x gradient
#
# Where is the weight after six steps at rate 0.05?

# %%
path = [0.0]
for _ in range(6):
    path.append(path[-1] - 0.05 * gradient(path[-1]))

print([f"{weight:.2f}" for weight in path])
visualize.descent(loss, path)

# %% [markdown]
# **Figure.** The loss for each value of the weight (grey), and six steps. Near
# the bottom the slope is small, and so are the steps.
#
# Now other rates: 0.01 and 0.25. Which one moves away from 2?

# %%
runs = {}
for rate in (0.01, 0.05, 0.25):
    weight, runs[f"rate {rate}"] = 0.0, []
    for _ in range(15):
        runs[f"rate {rate}"].append(loss(weight))
        weight -= rate * gradient(weight)
    print(f"rate {rate}: weight {weight:.3g}")
visualize.losses(runs)

# %% [markdown]
# **Figure.** The loss over 15 steps at three rates. (Each number on the left
# axis is ten times the one below it: 10^-2 is 0.01, 10^2 is 100.)
#
# 0.01 is slow. 0.25 steps over the bottom to a higher place on the other side,
# again and again, and the loss grows. Whoever trains a network has to find a
# rate in between.
#
# ## 7. Can a filter be learned?
#
# A filter of 3 x 3 has nine weights, so nine slopes. TensorFlow finds them all
# at once: a `GradientTape` watches the calculation and gives the gradient of
# every weight. Given are a picture of noise and the map that `edge` makes of
# it. (Which rate is too large depends on the numbers that go in: noise between
# -1 and 1 bears 0.3.) The program below never sees `edge`; its weights start
# at 0. After 40 steps, what will they be?


# %%
def learn(image, target, rate, num_steps=40):
    weights = tf.Variable(tf.zeros((3, 3, 1, 1), tf.float64))
    losses, filters = [], []
    for _ in range(num_steps):
        with tf.GradientTape() as tape:
            found = keras.ops.conv(as_batch(image), weights)
            loss = tf.reduce_mean((found - as_batch(target)) ** 2)
        losses.append(float(loss))
        filters.append(weights.numpy()[:, :, 0, 0])
        weights.assign_sub(rate * tape.gradient(loss, weights))
    return losses, filters


# %%
losses, filters = learn(noise, convolve(noise, edge), rate=0.3)

print(filters[-1].round(2).astype(int).tolist())
print("loss below a millionth:", losses[-1] < 1e-6)
steps = (0, 1, 3, 10, 39)
visualize.side_by_side(
    [filters[step] for step in steps], [f"step {step}" for step in steps]
)

# %% [markdown]
# **Figure.** The nine weights at the start and after 1, 3, 10 and 39 steps: -1
# is blue, 0 white, 1 red. It never saw the filter, only a picture and what
# should become of it.
#
# Keras does the same with `compile` and `fit`. `SGD` takes steps against the
# gradient, `"mse"` is our loss, the mean of squared errors, and with a single
# picture each epoch is one step. Does it find the same filter? And does a photo
# teach as well as noise: is the loss after 40 steps smaller, as small, or
# larger?

# %%
layer = keras.layers.Conv2D(1, 3, use_bias=False, kernel_initializer="zeros")
model = keras.Sequential([layer])
model.compile(keras.optimizers.SGD(0.3), "mse")
target = as_batch(convolve(noise, edge))
model.fit(as_batch(noise), target, epochs=40, verbose=0)
print(np.allclose(layer.kernel[:, :, 0, 0], filters[-1], atol=1e-3))

photo = grey[100:, :128] / 128 - 1  # between -1 and 1, as the noise
from_photo, _ = learn(photo, convolve(photo, edge), rate=0.3)
print("a thousand times as large:", from_photo[-1] > 1000 * losses[-1])
visualize.losses({"noise": losses, "photo": from_photo})

# %% [markdown]
# **Figure.** The loss, step by step, when a filter learns from noise and from a
# photo.
#
# Larger by far. In a photo neighbouring pixels are nearly equal, so many
# filters make nearly the same map, and the loss hardly tells them apart.
#
# AlexNet's training is this loop, with 60,965,224 weights, a million photos,
# and a loss that compares the answer with what is in the photo (chapters 8 to
# 10).
#
# ## AlexNet so far

# %%
print(shapes.summary(ALEXNET[:1]))

# %% [markdown]
# "Parameters" are weights and biases together; loosely, all are called weights.
# A [**multiply-add**](../docs/glossary.md#multiply-add) is one product, added:
# 363 for each of 290,400 numbers. conv2 to conv5 work in the same way, on maps
# in place of a photo (chapter 7).
#
# ## Three takeaways
#
# 1. A filter multiplies and adds. It gives one number a place; a layer is this
#    small calculation, repeated.
# 2. A filter is as deep as its input, looks only near by, and is the same
#    everywhere: 34,944 numbers instead of 44.9 thousand million.
# 3. A loss says how wrong, its gradient says which way, a rate says how far. So
#    weights are learned.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: a whole layer
#
# `image` is `(height, width, channels)`, `kernel` is `(side, side, channels,
# filters)`, `biases` has a number for each filter. Return what `Conv2D` would:
# all maps, `(rows, columns, filters)`, at a stride of 1. Loops are welcome.


# %%
def conv_layer(image, kernel, biases): ...


ex.q1.check(conv_layer)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: design a filter for a line
#
# Give nine weights, three lists of three. On a bright vertical line, one pixel
# wide (1, and 0 beside it), that lies under the filter's middle, it gives 1,
# and less when the line lies beside the middle. On a surface of one brightness
# it gives 0, and on a horizontal line, too.

# %%
line = ...
ex.q2.check(line)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: one step by hand
#
# A weight is 1. It should turn 1 and 3 into 2 and 6. What is the loss (the mean
# of the squared differences), what the gradient, and what is the weight after
# one step at rate 0.05?

# %%
step = {"loss": ..., "gradient": ..., "weight": ...}
ex.q3.check(step)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %% [markdown]
# ### Exercise 4: count
#
# A layer has 256 filters of 5 x 5 and reads the 96 maps of conv1. How many
# weights has one filter, without its bias? How many weights and biases has the
# layer? And how many would it have if each of its 27 x 27 places had weights
# and biases of its own?

# %%
counts = {"filter": ..., "layer": ..., "unshared": ...}
ex.q4.check(counts)

# %%
# ex.q4.hint()
# ex.q4.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# Conv1 has 55 places in each direction, and its filters move by 4 pixels.
# Chapter 3 says where 55 comes from, and why the paper writes 224 where others
# write 227.
