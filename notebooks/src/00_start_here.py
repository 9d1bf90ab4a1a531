# %% [markdown]
# # 0. Why this network, does my machine work, and how does this course work?
#
# > **You will be able to** say what AlexNet did in 2012 and what made it
# > possible, read a drawing of the whole network, tell what your machine can
# > train, and use checks, hints and error messages.
# >
# > **Takes** half a minute to run on two cores, the first time a little more;
# > plan an hour to work through it.
# >
# > **Needs** no GPU, and a few pictures that are rendered here. **Stands on**
# > Python and a little NumPy, nothing else.

# %% tags=["setup"] lit="all"

# %% [markdown]
# AlexNet is a program that looks at a photo and answers with 1000 numbers, one
# for each of 1000 kinds of things, its
# [**classes**](../docs/glossary.md#class): how likely is it that this is a
# mushroom, a leopard, a container ship? Such a program is an [**image
# classifier**](../docs/glossary.md#image-classifier). In sixteen chapters you
# build it layer by layer, train it, and look inside.
#
# ## Before you begin
#
# Click into a code cell and press Shift and Enter: it runs, and what it gives
# appears below. Go from top to bottom. Each section goes like this:
#
# 1. **Predict.** Answer the question *before* you run the cell, in writing.
# 2. **Run.** Then change a number, and run again. You can break nothing: to
#    start afresh, choose *Restart* in the *Kernel* or *Runtime* menu.
# 3. **Explain.** Say in a sentence why it came out so. Then read on.
#
# A prediction that goes wrong shows what there is to learn.

# %%
import time

import keras
import numpy as np
import tensorflow as tf
from matplotlib import cbook
from PIL import Image

from alexnet_keras import data, networks, shapes, visualize
from alexnet_keras.exercises import start_here as ex
from alexnet_keras.models import AlexNet, AlexNetMini, preprocess_input

# %% [markdown]
# ## 1. What happened in 2012?
#
# A contest, ILSVRC: say what a photo shows, one of 1000 classes. A program may
# name five; if the right one is among them, it has passed. The [**top-5
# error**](../docs/glossary.md#top-5-error) is the share of photos on which it
# fails. In 2012 the second-best program failed on 26.2% of the photos. Predict
# the winner's error: 25, 20, 15 or 10%?

# %%
errors = {  # percent; paper, section 6
    "second best": 26.2,
    "one network alone, on other photos": 18.2,
    "the winner: seven networks": 15.3,
}
for name, error in errors.items():
    print(f"{name}: {error}%")
visualize.top5_errors(errors)

# %% [markdown]
# **Figure.** Top-5 errors of 2012. The second-best program failed on 26.2% of
# the photos, the winner (orange) on 15.3%.
#
# The winner was AlexNet. Its 15.3% belong to the averaged answers of seven
# networks: five like the one you will build, and two with one more layer, which
# had first learned from a larger collection. One of the five alone failed on
# 18.2% of the photos that were kept for checking.
#
# How did the others do it?

# %%
visualize.by_hand_or_learned()

# %% [markdown]
# **Figure.** Before, people chose what to measure in a photo (grey), and only
# the last step was learned (orange). In AlexNet all is learned, from the pixels
# to the class.
#
# Before, experts thought about what matters in a photo: edges, say, and which
# way they run. One program measured that, a second learned which measurements
# go with which class. Nobody tells AlexNet to look for edges. Three things
# changed:
#
# - **Data.** There were 1.2 million labelled photos, where earlier collections
#   had tens of thousands.
# - **GPUs.** Graphics processors, made for games, multiply many numbers at
#   once. Two of them, with 3 GB of memory each, trained AlexNet in five to six
#   days.
# - **ReLU.** A function that fits in a line, `max(0, x)`, follows each layer
#   that learns, but for the last. With it a small network learned six times as
#   fast, says the paper. (Chapter 4 tries whether that is so.)
#
# The kind of network was *not* new: "convolutional" networks read handwritten
# digits in the 1990s. ReLU was known, too. New was one so large, trained on so
# much, that won by so far.
#
# ## 2. What is a network?
#
# A network is a chain of [**layers**](../docs/glossary.md#layer). Each takes
# numbers, computes new ones, and hands them to the next. At the start the
# numbers are the photo: 227 rows of 227 pixels, and for each pixel how much
# red, green and blue it has. How many numbers go in? How many come out?

# %%
lines = shapes.table(networks.ALEXNET)  # a line for each layer
rows, columns, colors = lines[0].output_shape

print(f"in: {rows} x {columns} x {colors} = {rows * columns * colors:,}")
print(f"out: {lines[-1].output_shape[0]:,}")
visualize.to_scale(networks.ALEXNET)

# %% [markdown]
# **Figure.** AlexNet to scale. A block's depth is how many numbers it has at
# each place (on a scale of its own). The last three layers have no rows and
# columns: each is a rectangle (orange) of as many numbers, 4096 = 64 x 64 and
# 1000 = 40 x 25. norm1 and norm2, which change no shape, are left out.
#
# 154,587 numbers become 1000. In between the picture gets smaller and deeper.
# The verbs in blue stay with you through the course:
#
# - A filter **looks**: it slides over what it is given and asks, at each place,
#   whether its pattern is there. A layer of filters is a convolution, `conv`
#   for short (chapter 2).
# - ReLU **decides**: what is below 0 becomes 0 (chapter 4).
# - A pool **condenses**: of neighbours it keeps the largest (chapter 6).
# - fc6, fc7 and fc8, "fully connected", **weigh all** that is left (chapter 8).
#
# (`norm` makes neighbours compete: chapter 5.)
#
# Filters and fc layers multiply what they are given by numbers of their own,
# their [**weights**](../docs/glossary.md#weights). Nobody writes those: they
# start as random numbers, and [**training**](../docs/glossary.md#training)
# changes them, bit by bit, until the answers are good. All that AlexNet knows
# is in its weights. How many are there: a thousand, a million, more? Which
# layer has most?

# %%
num_weights = sum(line.parameters for line in lines)
largest = max(lines, key=lambda line: line.parameters)

print(f"{num_weights:,} weights")
print(f"{largest.parameters:,} of them in {largest.name}")

# %% [markdown]
# 61 million, more than half of them in fc6. The drawing does not show that: it
# shows the numbers that a layer gives, and fc6 gives few. Chapter 8 says why it
# has so many weights.
#
# ## 3. Does my machine work?
#
# This cell tells what you have; yours will differ. (Keras is the library in
# which we write networks, TensorFlow the one that computes them.)

# %% tags=["nbval-ignore-output"] reason="a report on one machine"
import os
import platform
import sys

import psutil

from alexnet_keras import __version__, distribution

memory = psutil.virtual_memory()
free = memory.available / 1e9  # thousand million bytes
print("Python", platform.python_version(), "on", platform.system())
print("TensorFlow", tf.__version__, "and Keras", keras.__version__)
print("alexnet_keras", __version__)
print(os.cpu_count(), "cores;", distribution.start(1))
print(f"{free:.1f} GB free; chapter 11's 7 GB:", free > 7)

# %% [markdown]
# Is that enough for this chapter?


# %%
def is_at_least(version, *least):
    parts = version.split(".")[: len(least)]
    return tuple(map(int, parts)) >= least


print("Python is new enough:", sys.version_info >= (3, 11))
print("TensorFlow is new enough:", is_at_least(tf.__version__, 2, 20))
print("Keras is new enough:", is_at_least(keras.__version__, 3, 13))
print("there is enough memory:", free > 1.5)

# %% [markdown]
# Four times `True`? If not, [If something fails](../docs/if-something-fails.md)
# says what to do.
#
# Now the real thing. One line builds the network with all its weights, random
# as they are before training. The line above it fixes which random numbers
# those are, so that yours are ours.

# %%
keras.utils.set_random_seed(2012)
network = AlexNet()

print("weights as counted:", network.count_params() == num_weights)

# %% [markdown]
# Give it two pictures: a photo of 227 x 227 pixels, and one that is all black.
# (`np.array` makes numbers of a photo, `preprocess_input` brings them to the
# range that AlexNet expects: chapter 1.) What does a network say that has
# learned nothing? Predict the sum of its thousand answers, and the largest.
# Will both pictures get the same five guesses?

# %%
photo = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
photo = np.array(photo.crop((100, 0, 500, 400)).resize((227, 227)))
pictures = np.stack([photo, np.zeros_like(photo)])

answers = network.predict(preprocess_input(pictures), verbose=0)
answers.shape

# %%
print("sums of 1:", np.allclose(answers.sum(axis=1), 1, atol=1e-4))
print("all answers below 2%:", answers.max() < 0.02)
five = [np.argsort(-answer)[:5].tolist() for answer in answers]  # largest first
print(five[0], five[1])
visualize.guesses(pictures, answers)

# %% [markdown]
# **Figure.** What the untrained network answers to a photo and to a black
# picture: a thin line for each of the 1000 classes, the five largest in red.
# (Grace Hopper; US Navy, public domain; from matplotlib.)
#
# The answers are probabilities, so their sum is 1. None is above 2%, and the
# five guesses are the same for a person and for nothing at all: the network has
# prejudices, by chance, and hardly looks yet. Guessing 5 of 1000 classes, it
# must fail on about 99.5% of the photos. From 99.5% to 18.2%: that is what
# training does.
#
# ## 4. How long would training take here?
#
# Training takes photos whose class is known. **Forward**, the network computes
# its answers. **Backward**, it finds for each weight how to change it, so that
# the answers would have been a little better; that costs twice as much (chapter
# 10). Then all weights change a little. Once through all photos is an
# [**epoch**](../docs/glossary.md#epoch); AlexNet had 90.
#
# How many operations is that? The table knows how many multiply-adds one photo
# takes forward. Each is two operations, a product and a sum.

# %%
multiply_adds = sum(line.multiply_adds for line in lines)
one_photo = 3 * 2 * multiply_adds  # forward once, backward twice as much
operations = 90 * 1_200_000 * one_photo

print(f"{multiply_adds:,} multiply-adds, forward, one photo")
print(f"{operations:.3g} operations in all")

# %% [markdown]
# 469,000,000,000,000,000. How many days does a machine need that does 100
# thousand million (1e11) operations a second? And how fast were the two GPUs of
# 2012, which took five to six days?

# %%
for guess in (1e10, 1e11, 1e12, 1e13):
    days = operations / guess / 86_400
    print(f"{guess:.0e} operations a second: {days:.3g} days")

# %% [markdown]
# 54 days; and the GPUs of 2012 did about 1e12. Your machine? Networks spend
# nearly all their time on products of matrices (tables of numbers), so this
# cell times one. Predict which line above is yours.


# %% tags=["nbval-ignore-output"] reason="a time measured on one machine"
def seconds():
    start = time.perf_counter()
    (matrix @ matrix).numpy()  # waits until it is computed
    return time.perf_counter() - start


matrix = tf.random.normal((2000, 2000))
rate = 2 * 2000**3 / min(seconds() for _ in range(5))  # products and sums
days = operations / rate / 86_400
print(f"{rate:.1e} operations a second: {days:.2g} days at this rate")

# %% [markdown]
# How near a network comes to that rate depends on the program and on what else
# runs. Ours trained on 60 photos a second on two idle cores ([results in the
# README](../README.md#results)), which makes three weeks, day and night. With a
# large GPU it is less.
#
# So this course learns from smaller pictures, rendered on your machine, once:
# ten kinds of bodies. Which would *you* mistake for another?

# %%
# %%capture
# the first time they are rendered, which takes a moment
solids = data.load("solids/tiny")

# %%
images, labels = next(iter(solids.evaluation(60, "train")))
kinds = list(labels.numpy())
first = [kinds.index(kind) for kind in range(10)]  # one of each
print(*solids.class_names, sep=", ")
visualize.sheet(images.numpy()[first], [0] * 5 + [1] * 5, ["0 to 4", "5 to 9"])

# %% [markdown]
# **Figure.** One of each kind. Above: sphere, cube, cylinder, cone, torus.
# Below: capsule, octahedron, hexagonal prism, cross, bowl.
#
# `AlexNetMini` has AlexNet's layers in the same order, with fewer filters, for
# such pictures at 64 x 64 pixels. Six epochs of 4,000 pictures teach it
# something (chapter 10). How many times fewer operations is that: ten, a
# thousand, a hundred thousand?

# %%
mini = shapes.table(networks.MINI, size=64)
one_picture = 3 * 2 * sum(line.multiply_adds for line in mini)
small = 6 * 4_000 * one_picture

print(f"{small:.3g} operations")
print(f"{operations / small:,.0f} times fewer")

# %%
visualize.durations(
    {
        "full training, two GPUs of 2012": 5.5 * 86_400,
        "full training, your machine": operations / rate,
        "small training, your machine": small / rate,
        "AlexNet on 4,000 pictures, README": 6 * 60 + 28,
    }
)

# %% [markdown]
# **Figure.** How long things take; equal distances along the axis multiply the
# time by the same factor. The full training took two GPUs five to six days
# in 2012. The small one has 200 thousand times fewer operations. Your machine's
# two are computed from its rate. The last was measured: the full network, six
# epochs of 4,000 pictures, two cores.
#
# **Your machine is enough.** The layers are the same, and a training is over in
# minutes.
#
# ## 5. What if something fails?
#
# Here is an error on purpose. A thumbnail has 32 x 32 pixels. What will AlexNet
# say to that?

# %% tags=["raises-exception"]
AlexNet(input_shape=(32, 32, 3))

# %% [markdown]
# When you run it, many lines appear. **Read the last one first:** what is
# wrong, what was received, what to do. The others tell the way there; an arrow
# stands at *your* line. (If you ran all cells at once, your program may stop
# here: run the rest.) Now do as the message says.

# %%
AlexNetMini(input_shape=(32, 32, 3)).output_shape

# %% [markdown]
# It works. (It has 10 classes; `None` stands for any number of pictures.) Where
# a message does not help, [If something fails](../docs/if-something-fails.md)
# has a list of symptoms.
#
# ## 6. How do the exercises work?
#
# Each chapter ends with exercises that check themselves. Here is a check that
# fails, on purpose as well. To count a top-5 error, a program must say whether
# the answer of the right class, `label`, is among the five largest. This
# attempt has a mistake. Find it before you run the cell.


# %%
def is_right(answers, label):
    five = sorted(answers)[:5]
    return answers[label] in five


ex.q1.check(is_right)

# %% [markdown]
# The check called `is_right` with answers that you have not seen, and
# recognized the mistake. It judges what your function *does*, not how you wrote
# it.
#
# A machine checks the outputs, too, whenever the course changes. So your
# numbers should be ours. (Times, versions and last digits may differ.)
#
# ## 7. What will you have built?
#
# - **Chapters 1 to 3:** what the network sees; filters; sizes.
# - **Chapters 4 to 8:** ReLU, normalization, pools, and the whole chain.
# - **Chapters 9 and 10:** data, and a training that works.
# - **Chapters 11 and 12:** two devices, today's way and that of 2012.
# - **Chapters 13 to 15:** a look inside, many machines, and how to tell one
#   "AlexNet" from another.
#
# Each stands on those before it. [The README](../README.md#the-course) has the
# chapters' questions, the [glossary](../docs/glossary.md) all words.
#
# ## AlexNet so far
#
# Here each chapter prints the layers that you know. So far there is the photo.

# %%
print(shapes.summary([], counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. AlexNet won in 2012 because all of it was learned, from the pixels on, with
#    much data, GPUs and ReLU. The kind of network was older.
# 2. A network is a chain of layers, and all it knows is in its weights: 61
#    million numbers, random until they are trained.
# 3. The full training is for GPUs or weeks. The same layers learn small
#    pictures on your machine within minutes.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: mend the failing check
#
# Write `is_right` of section 6 so that the check passes: True if the answer of
# the class `label` is among the five largest, else False, for any number of
# classes.


# %%
def is_right(answers, label): ...


ex.q1.check(is_right)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: how much better was the winner?
#
# Compare the winner's 15.3% with the second's 26.2%. By how many percentage
# points is it lower? And by how many percent *of the second's error*? Give one
# digit after the point.

# %%
better = {"points": ..., "percent": ...}
ex.q2.check(better)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: how many epochs fit in a night?
#
# You have photographs of your own. Write a function that says how many *whole*
# epochs fit into some hours: with so many pictures, so many `multiply_adds`
# forward for one picture, on a machine of `rate` operations a second. It is
# checked on several machines and networks.


# %%
def epochs_in(hours, pictures, multiply_adds, rate): ...


ex.q3.check(epochs_in)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# You gave the network a photo as an array of numbers, and did not look at it.
# Chapter 1 does: what does the network see, if all it sees is 154,587 numbers?
