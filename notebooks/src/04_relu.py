# %% [markdown]
# # 4. Why does such a small bend matter so much?
#
# > **You will be able to** say why filters need a bend between them, compute
# > what ReLU, tanh and sigmoid do to a value and to a gradient, hold the
# > paper's "six times" against a measurement, and bring a dead filter back.
# >
# > **Takes** half a minute to run on two cores; plan an hour to work through
# > it.
# >
# > **Needs** no GPU, and a few pictures that are rendered here. **Stands on**
# > chapters 2 (filters, and how one is learned) and 3 (sizes).

# %% tags=["setup"] lit="conv1 conv2 conv3 conv4 conv5 fc6 fc7"

# %% [markdown]
# After each of the layers lit above stands the same small thing: a number below
# 0 becomes 0, every other stays. It has no weights. Yet of all that was new or
# unusual in AlexNet the paper names it first (section 3.1). Why?
#
# ## Before you begin
#
# A pool 3 wide with a stride of 2 reads a map of 55. A filter 5 wide with a
# stride of 1 and `padding="same"` reads the pool. How wide is the filter's map,
# and how many of the 55 values in a row does one of its values see?

# %%
from alexnet_keras.exercises import relu as ex

ex.recall.check((..., ...))  # width, values seen

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. Are two filters more than one?
#
# `look` is chapter 2's loop, along a row. Send a filter 3 wide over a row, and
# a second one over what the first gave. Together they see 5 pixels. Could a
# single filter, 5 wide, give the same? Predict before you run the next two
# cells.

# %%
import keras
import numpy as np
import tensorflow as tf
from matplotlib import cbook
from PIL import Image

from alexnet_keras import building, data, networks, shapes, visualize
from alexnet_keras.datasets import relu_and_tanh


def look(row, weights):
    width = len(weights)
    starts = range(len(row) - width + 1)
    return np.array([sum(row[s : s + width] * weights) for s in starts])


# %%
row = np.array([0, 0, 3, 5, 4, 4, 1, 0, 0, 2, 0, 0])
first, second = np.array([-1, 2, -1]), np.array([1, 2, 1])

one = np.zeros(5, int)
for place in range(3):  # the first filter at each place that the second reads
    one[place : place + 3] += second[place] * first
print("two:", look(look(row, first), second))
print("one:", look(row, one), "with the weights", one)

# %% [markdown]
# The same. A pixel reaches the end by several ways. Along a way the weights
# multiply, and the ways add up: each of the five new weights is one such sum.
# The middle one is 1 * (-1) + 2 * 2 + 1 * (-1) = 2.
#
# So it is with any two filters, and with Keras' layers: 3 x 3 after 3 x 3, with
# eight maps in between, are one of 5 x 5. (You may skip the code. `@`
# multiplies and adds over the eight maps; the biases are 0.)

# %%
keras.utils.set_random_seed(2012)
images = np.random.default_rng(4).normal(size=(2, 16, 16, 3))
a, b = keras.layers.Conv2D(8, 3), keras.layers.Conv2D(4, 3)
two_layers = b(a(images))

weights = np.zeros((5, 5, 3, 4))
for y in range(3):
    for x in range(3):
        between = a.get_weights()[0] @ b.get_weights()[0][y, x]
        weights[y : y + 3, x : x + 3] += between
one_layer = keras.layers.Conv2D(4, 5)
one_layer.build(images.shape)
one_layer.set_weights([weights, np.zeros(4)])
print("equal:", np.abs(two_layers - one_layer(images)).max() < 1e-5)

# %% [markdown]
# However many such layers in a row, they would be one. Now put a bend between
# the two: what is below 0 becomes 0. Is there *any* filter 5 wide that gives
# the same, perhaps with other weights? Turn the row's signs around and see.


# %%
def bent(row):
    return look(np.maximum(look(row, first), 0), second)


print("one filter:", look(row, one), look(-row, one))
print("with bend: ", bent(row), bent(-row))
pairs = {
    "nothing between": (look(look(row, first), second), look(row, one)),
    "a bend between": (bent(row), look(row, one)),
}
visualize.agreement(pairs, ("two filters, 3 wide", "one filter, 5 wide"))

# %% [markdown]
# **Figure.** What two filters in a row give (bars), and what one filter with
# their joint weights gives (points). With nothing between them, all points lie
# on the bars. With a bend between, they part.
#
# There is none. Whatever its weights, a filter answers the row of opposite
# signs with the opposite numbers. (With a bias, its two answers would add up to
# the same number everywhere. The bent pair's add up to 8, 8, 8, 9, ...) **The
# bend is what makes the second layer worth having.**
#
# ## 2. Which bends are there?
#
# What a layer does to its sums before it hands them on is its [**activation
# function**](../docs/glossary.md#activation-function). The one above is
# [**ReLU**](../docs/glossary.md#relu). Write it in place of `...`, for every
# number of an array.


# %%
def my_relu(x):
    return ...


mine = my_relu(np.array([-2.0, -0.5, 0.0, 0.5, 2.0]))
right = np.array_equal(mine, [0, 0, 0, 0.5, 2])
print("right" if right else f"not [0, 0, 0, 0.5, 2] yet: {mine}")

# %% [markdown]
# Before ReLU one used two curves shaped like an S:
# [**sigmoid**](../docs/glossary.md#sigmoid) and
# [**tanh**](../docs/glossary.md#tanh). Here are all three, tanh from NumPy.
# `True` says that Keras' own agrees.


# %%
def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


bends = {"relu": relu, "tanh": np.tanh, "sigmoid": sigmoid}
x = np.array([-2.0, -0.5, 0.0, 0.5, 2.0])
for name, bend in bends.items():
    in_keras = keras.activations.get(name)(x)
    print(name, bend(x).round(2), np.allclose(bend(x), in_keras, atol=1e-6))
up, down = np.exp(x), np.exp(-x)
print("tanh by hand:", np.allclose((up - down) / (up + down), np.tanh(x)))

# %% [markdown]
# How fast does the output grow with the input? That is the
# [**slope**](../docs/glossary.md#slope). Which of the three is ever steeper
# than 1? And what is left at 2?


# %%
def slope(bend, x, step=1e-4):
    return (bend(x + step) - bend(x - step)) / (2 * step)


x = np.linspace(-4, 4, 800)
for name, bend in bends.items():
    steepest, at_2 = slope(bend, x).max(), slope(bend, 2.0)
    print(f"{name}: {steepest:.2f} at most, {at_2:.2f} at 2")
visualize.bends(bends)

# %% [markdown]
# **Figure.** ReLU, tanh and sigmoid, and below them their slopes. ReLU is
# either flat or rises one for one. Tanh is steep in the middle only, sigmoid
# nowhere.
#
# None. But where the two S have become flat, they
# [**saturate**](../docs/glossary.md#saturate): they hardly notice a change.
# ReLU does so on one side only. (At 0 it has a corner and no single slope;
# TensorFlow takes 0.)
#
# ## 3. What does ReLU decide?
#
# Chapter 2's edge filter again: positive where a picture gets brighter from
# left to right, negative where it gets darker. What share of the values will
# ReLU make 0: next to none, about half, nearly all?

# %%
photo = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((100, 0, 500, 400)).resize((227, 227))
grey = np.array(photo.convert("L"), "float32")
edge = np.zeros((3, 3, 1, 1))
edge[:, 0], edge[:, 2] = -1, 1

maps = []
for activation in (None, "relu"):
    layer = keras.layers.Conv2D(1, 3, activation=activation)
    layer.build((None, 227, 227, 1))
    layer.set_weights([edge, np.zeros(1)])
    maps.append(layer(grey[None, :, :, None]).numpy()[0, :, :, 0])

# %%
before, after = maps
print(
    f"below 0: {(before < 0).mean():.1f} of all, then {(after < 0).mean():.1f}"
)
print("the layer's ReLU is ours:", np.array_equal(after, relu(before)))
visualize.decided(grey, before, after)

# %% [markdown]
# **Figure.** A photo, the map of the edge filter, and the same after ReLU. Red
# edges get brighter from left to right, blue ones darker. After ReLU only the
# red ones are left. (Grace Hopper; US Navy, public domain; from matplotlib.)
#
# About half. **A filter looks, ReLU decides**: edge of my kind, yes or no, and
# how much. Edges of the other kind need a filter of their own. The article that
# this course grew out of says that ReLU "replaces negative pixel values". It
# never meets a pixel; it replaces negative values of a *map*.
#
# ## 4. Why does the slope matter?
#
# Training asks of each weight: if it grows a little, how does the loss change?
# A change in conv1 must pass every bend on its way. Each bend multiplies it by
# its slope. What is left after eight sigmoids, at best?

# %%
one_bend = {
    "ReLU above 0": ("relu", 1.0),
    "tanh at 0.5": ("tanh", slope(np.tanh, 0.5)),
    "sigmoid at best": ("sigmoid", 0.25),
    "tanh at 2": ("tanh", slope(np.tanh, 2.0)),
}
for label, (_, steep) in one_bend.items():
    print(label, [f"{steep**n:.2g}" for n in (1, 2, 4, 8)])
visualize.multiplied(one_bend)

# %% [markdown]
# **Figure.** What one to eight equal bends in a row leave of a change, on an
# axis where each mark is a hundred times the one below.
#
# 0.000015. Eight sigmoids weaken the gradient of a weight before them at least
# 65,536 times. ReLU passes on all, or nothing. (The weights of each layer
# multiply along too. They can make up for some of it: chapter 10.)
#
# Is TensorFlow's gradient really such a product? Send a 2 through eight bends.

# %%
for name, bend in bends.items():
    start, product = tf.Variable(2.0), 1.0
    with tf.GradientTape() as tape:
        value = start
        for _ in range(8):
            product *= slope(bend, float(value))
            value = keras.activations.get(name)(value)
    gradient = float(tape.gradient(value, start))
    same = abs(gradient - product) < 0.01 * product
    print(f"{name}: {gradient:.1g}, the product of the slopes: {same}")

# %% [markdown]
# Yes. (Tanh's first bend keeps 0.07 of the change. Its value is 0.96, where the
# next is steeper: so 0.005 is left, not the 6e-10 of eight bends at 2.)
#
# ## 5. What reaches the bend?
#
# So it matters where on the curve one is. In 2012 the pixels went in as they
# are, minus their mean: about -120 to 150. Conv1's weights were random numbers,
# most of them within 0.02 of 0. That sounds small; but a sum has 363 terms.
# **Today's start** divides the pixels by their spread (`std`), here 71. (It
# also makes the weights fit the number of terms, by the rules of Xavier Glorot
# for tanh and of Kaiming He for ReLU: chapter 10. In conv1, Glorot's rule gives
# about the weights of 2012.) Under which start will tanh saturate?

# %%
pixels = np.array(photo, "float32")
pixels = (pixels - pixels.mean(axis=(0, 1)))[None]
small = keras.initializers.RandomNormal(stddev=0.01, seed=2012)
glorot = keras.initializers.GlorotNormal(seed=2012)

conv1 = keras.layers.Conv2D(96, 11, strides=4, kernel_initializer=small)
today = keras.layers.Conv2D(96, 11, strides=4, kernel_initializer=glorot)
sums = {
    "the start of 2012": conv1(pixels).numpy(),
    "today's start": today(pixels / pixels.std()).numpy(),
}

# %%
for title, values in sums.items():
    print(f"{title}: {(np.abs(values) > 2).mean():.1f} of all beyond 2")
    for name in ("tanh", "relu"):
        mean = slope(bends[name], values).mean()
        print(f"  mean slope of {name}: {mean:.2f}")
visualize.saturated(sums)

# %% [markdown]
# **Figure.** Above, the sums of conv1's 96 filters on the photo; where tanh is
# flat is shaded. Below, what tanh makes of them (on another scale). From the
# start of 2012 most come out close to -1 or 1.
#
# Under that of 2012: nine in ten lie beyond 2, and tanh's mean slope is 0.07.
# ReLU's is a half either way: it does not care how large a number is, only
# which side of 0 it lies on.
#
# ## 6. Figure 1 of the paper, in small
#
# The paper's first figure trains a network of four layers on small photos,
# CIFAR-10. With ReLU it comes to 25% training error, one wrong answer in four,
# **six times** sooner than with tanh (section 3.1). Does that depend on the
# start? Say who needs fewer steps, `"relu"` or `"tanh"`.

# %%
ex.winners.check({"2012": ..., "today": ...})
# ex.winners.hint()

# %% [markdown]
# The curves were computed beforehand, since they take half an hour on two
# cores: `benchmarks/relu_and_tanh.py` trains AlexNet's eight layers, made
# narrow, on 4,000 rendered pictures of ten kinds. For each bend and start it
# tries a row of rates, keeps the one that comes to 25% first, and repeats it
# three times with other random numbers. From the start of 2012, ReLU has biases
# of 1 where the paper has them (section 8 tells why), and tanh 0. (Errors are
# averaged over 30 steps, and read at every fifth.)

# %%
runs, steps = relu_and_tanh.read(), {}
for start in ("2012", "today"):
    for name in ("relu", "tanh"):
        three = relu_and_tanh.measured(runs, start, name)
        counts = [relu_and_tanh.steps_to(0.25, run.errors) for run in three]
        steps[start, name] = least, middle, most = sorted(counts)
        print(f"{start}, {name}, rate {three[0].rate}: ", end="")
        print(f"{middle} steps ({least} to {most})")
    times = steps[start, "tanh"][1] / steps[start, "relu"][1]
    print(f"  tanh's steps, divided by ReLU's: {times:.2g}")
visualize.race(runs)

# %% [markdown]
# **Figure.** Training error over steps for ReLU (solid) and tanh (dashed), each
# at its best rate; line: the middle of three runs, band: from the least to the
# greatest. From the start of 2012 ReLU comes to 25% (dotted) well before tanh.
# From today's start tanh is ahead.
#
# Three runs are few. Is it chance? Then some run of the loser should probably
# be faster than some run of the winner. And which bend gains more from today's
# start?

# %%
for start, fast, slow in (("2012", "relu", "tanh"), ("today", "tanh", "relu")):
    apart = max(steps[start, fast]) < min(steps[start, slow])
    print(f"{start}: every run of {fast} before every run of {slow}: {apart}")
for name in ("relu", "tanh"):
    then, now = steps["2012", name][1], steps["today", name][1]
    print(f"{name}: {then} steps from the start of 2012, {now} from today's")

# %% [markdown]
# That is hardly chance: no run of a loser is faster, from either start. **The
# winner depends on the start**: ReLU wins from that of 2012, if not by six
# times; tanh wins from today's. And ReLU, with its biases lifted in the start
# of 2012, hardly minds where it starts (145 steps, 160), while tanh pays dearly
# (280, 135).
#
# Our pictures and layers are not the paper's, so this does not disprove the
# six. It suggests what the six was about: a bend *and* a start.
#
# ## 7. A network that lives, and one that dies
#
# ReLU has a danger of its own: where nothing is above 0, nothing is passed on.
# A filter that is 0 at every place of every picture is a [**dead
# filter**](../docs/glossary.md#dead-filter). Watch what reaches the ReLU of
# conv5 while a small AlexNet learns 60 pictures by heart. Take the list of
# layers, Kaiming He's start and the loss on trust (chapters 7 to 10).
# `train_on_batch` is one of `fit`'s steps. `clipnorm` scales large gradients
# down, so that no layer moves further in a step than the rate.

# %%
# %%capture
few = data.load("solids/tiny", size=64)  # the first time they are rendered
images, labels = next(iter(few.evaluation(60, "train")))
pictures = (np.array(images) - few.colors.mean) / few.colors.scale

later = ("norm1", "norm2", "drop6", "drop7")  # chapters 5 and 8
rows = [row for row in networks.MINI if row.name not in later]
rows = [row._replace(groups=1) if "conv" in row.name else row for row in rows]


# %%
def watch(rate, steps=60):
    keras.utils.set_random_seed(2012)
    image = keras.Input((64, 64, 3))
    network = keras.Model(image, building.build(rows, image, "he"))
    sgd = keras.optimizers.SGD(rate, clipnorm=1.0)
    network.compile(sgd, "sparse_categorical_crossentropy", jit_compile=False)
    conv5, seen = network.get_layer("conv5"), []
    before = keras.Model(image, conv5.input)
    for _ in range(steps):
        maps = before.predict_on_batch(pictures)
        sums = keras.ops.conv(maps, conv5.kernel, padding="same") + conv5.bias
        seen.append(np.array(sums))
        network.train_on_batch(pictures, labels)
    return np.array(seen), network.evaluate(pictures, labels, verbose=0)


# %% [markdown]
# One network learns at a rate of 0.1, the other at twenty times that. Guessing
# among ten kinds costs a loss of 2.3 (chapter 8). Which network learns? And in
# which will most of conv5's 64 filters be dead at the last step?

# %%
histories = {}
for rate in (0.1, 2.0):
    sums, loss = watch(rate)
    histories[f"rate {rate}"] = sums.reshape(60, -1)
    dead = np.count_nonzero(sums[-1].max(axis=(0, 1, 2)) <= 0)
    print(f"rate {rate}: loss below 1 {loss < 1}, ", end="")
    print(f"above 2.2 {loss > 2.2}, most filters dead {dead > 32}")
visualize.over_time(histories)

# %% [markdown]
# **Figure.** Above: how the values that reach conv5's ReLU are spread, before
# each of 60 steps; the darker, the more of them, and the line marks 0. Below:
# what share of them is above 0. At the low rate about half is; at the high one
# the values jump, then shrink to a thin band, nearly all below 0. (The
# outermost rows hold all beyond 20. Your processor may draw other jumps.)
#
# The first network learns, the second only guesses. Where this was written,
# none of the first one's filters was dead at the last step, and 62 of the
# second one's 64: the long steps threw them below 0, where a filter gets no
# gradient. Only the layers before it can lift it again, as in the jumps.
#
# ## 8. A dead filter, found and revived
#
# Make one: a layer of eight filters, of which number 3 gets a bias of -20. How
# would you find it, and what is its gradient? The loss below wishes all values
# to be 1.


# %%
layer = keras.layers.Conv2D(8, 5, strides=2, activation="relu")
layer.build(pictures.shape)
kernel, biases = layer.get_weights()
biases[3] = -20
layer.set_weights([kernel, biases])


def gradients(layer):  # one number a filter: its largest, and its bias's
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((layer(pictures) - 1) ** 2)
    kernel, bias = tape.gradient(loss, layer.trainable_variables)
    return np.abs(kernel).max(axis=(0, 1, 2)) + np.abs(bias)


# %%
largest = layer(pictures).numpy().max(axis=(0, 1, 2))
print("never above 0:", np.flatnonzero(largest == 0))
print("no gradient:  ", np.flatnonzero(gradients(layer) == 0))

# %% [markdown]
# Number 3, and its gradient is not small, it is **exactly 0**. A step is the
# rate times 0: as long as its input stays the same, no rate and no number of
# steps will move it. Someone has to lift it.

# %%
biases[3] = 0
layer.set_weights([kernel, biases])
print("no gradient:", np.flatnonzero(gradients(layer) == 0))

# %% [markdown]
# It can learn again. Biases of 1 (paper, section 5) see to it beforehand: they
# lift the values of a fresh network to where something is passed on.
#
# ## AlexNet so far
#
# The table is chapter 3's, but now you know what stands behind each
# convolution: a ReLU, which changes no size.

# %%
print("ReLU behind", [row.name for row in networks.ALEXNET if "relu" in row])
chain = [row for row in networks.ALEXNET if row.name[:4] in ("conv", "pool")]
print(shapes.summary(chain, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. Without a bend between them, two filters are one.
# 2. Gradients are products of slopes (and weights). The two S are flat far out;
#    ReLU's slope is 1 or 0.
# 3. The paper's "six times" may say as much about its start as about its
#    bend. ReLU, with its biases lifted, is **the bend that forgives a bad
#    start**.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: a bend that leaks
#
# A filter would not die if a little came through below 0. Write a bend that is
# ReLU above 0, and a tenth of its input below. Return its values and its
# slopes, two arrays of the shape of `x`, which may have several axes. (At 0,
# any slope between will do.)


# %%
def leaky(x):
    values, slopes = ..., ...
    return values, slopes


ex.q1.check(leaky)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: the clinic
#
# One of this layer's six filters is dead on all 16 pictures. Which one? Give it
# a bias with which it lives *and* still has something to decide.

# %%
layer, sixteen = ex.clinic()

ex.q2.check({"dead": ..., "bias": ...})

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: slopes in a row
#
# A number goes through layers. Each multiplies it by its weight, then bends it.
# How fast does the last number grow with the first?
#
# - `sigmoid`: five layers, weights of 1; suppose each sigmoid is where it is
#   steepest.
# - `sigmoid_weights`: the same with weights of 4.
# - `relu`: the number is 1, the weights are 2, 0.5 and 3.
# - `relu_negative`: the same, but the second weight is -0.5.

# %%
predicted = {
    "sigmoid": ...,
    "sigmoid_weights": ...,
    "relu": ...,
    "relu_negative": ...,
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
# Tanh ends at 1. ReLU has no upper end: one value can grow so large that it
# drowns its neighbours. In chapter 5 neighbours compete: local response
# normalization.
