# %% [markdown]
# # 5. What was LRN, and why is it gone?
#
# > **You will be able to** compute local response normalization by hand and in
# > three ways by machine, translate its constants from one library to another,
# > and say what the paper gained by it and why later networks left it out.
# >
# > **Takes** half a minute to run on two cores; plan an hour to work through
# > it.
# >
# > **Needs** no GPU, and a few pictures that are rendered here. **Stands on**
# > chapters 2 (filters) and 4 (ReLU).

# %% tags=["setup"] lit="norm1 norm2"

# %% [markdown]
# ReLU lets every value above 0 through, however large. So AlexNet has a layer
# in which a large value costs its neighbours something: [**local response
# normalization**](../docs/glossary.md#local-response-normalization), LRN for
# short (paper, section 3.3). It stands behind conv1 and conv2, and has no
# weights.
#
# ## Before you begin
#
# What is the largest value that tanh can give? What does ReLU make of -250 and
# of 250?

# %%
import keras
import numpy as np
import tensorflow as tf
from matplotlib import cbook
from PIL import Image

from alexnet_keras import building, data, networks, shapes, visualize
from alexnet_keras.exercises import local_response_normalization as ex
from alexnet_keras.layers import LocalResponseNormalization
from alexnet_keras.models import preprocess_input

ex.recall.check({"tanh": ..., "relu_below": ..., "relu_above": ...})

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. Who competes with whom?
#
# A layer of filters gives many maps, one for each channel. Take one place. Its
# numbers, one from each map, say what each filter found there. They compete,
# each with the channels beside it.

# %%
pixel = np.array([3.0, 4, 0, 5, 12])
visualize.through_depth(pixel, channel=3, size=3)

# %% [markdown]
# **Figure.** One place in five maps. The
# [**window**](../docs/glossary.md#window) of channel 3 (orange) does not lie in
# a map; it goes through the maps: the channel itself (red frame) and one on
# either side.
#
# The rule, for now in its simplest form:
#
# new value = value / root of the sum of the squares in its window
#
# At the first and the last channel the window is cut off. Do it in your head:
# the roots you need are whole numbers. Which ends larger, the 4 or the 5?

# %%
windows = [[3, 4], [3, 4, 0], [4, 0, 5], [0, 5, 12], [5, 12]]
for value, window in zip(pixel, windows, strict=True):
    root = sum(each**2 for each in window) ** 0.5
    print(f"{value:g} in {window}: {value:g} / {root:.3g} = {value / root:.2f}")

# %% [markdown]
# The 4, though it was smaller: the 5 stands beside a 12. (The paper likens this
# to nerve cells, which quieten their neighbours.)
#
# ## 2. Do three ways agree?
#
# The paper's formula has four constants, `n`, `k`, `alpha` and `beta`:
#
# new value = value / (k + alpha x sum of the squares in its window) ** beta
#
# where the window has `n` channels, `n // 2` on either side. (Section 1 had
# `n=3`, `k=0`, `alpha=1` and `beta=0.5`, the root.) Write it in place of `...`,
# for a row of any length. Mind the ends: `values[-1:2]` is empty.


# %%
def normalize(values, n, k, alpha, beta):
    return ...


four = np.array([1.0, 2, 0, 3])
mine = [normalize(four, 3, 1, 1, 1), normalize(four, 5, 2, 2, 2)]
wanted = [[1 / 6, 2 / 6, 0, 3 / 10], [1 / 144, 2 / 900, 0, 3 / 784]]
right = np.shape(mine) == (2, 4) and np.allclose(mine, wanted)
print("right" if right else f"not [1/6, 2/6, 0, 3/10] yet: {mine[0]}")

# %% [markdown]
# Here is one way: a loop over the channels.


# %%
def normalize(values, n, k, alpha, beta):
    result = np.zeros(len(values))
    for channel, value in enumerate(values):
        first = max(channel - n // 2, 0)
        window = values[first : channel + n // 2 + 1]
        result[channel] = value / (k + alpha * (window**2).sum()) ** beta
    return result


print(normalize(pixel, 3, 0, 1, 0.5).round(2))

# %% [markdown]
# Our package has a layer, TensorFlow a function. Both want a batch, so
# `as_maps` makes of the row a batch of one image with one place. TensorFlow
# asks how many channels lie on *either side*. (`**constants` passes on whatever
# names are given.) Will the three agree?


# %%
def as_maps(values):
    return values.reshape(1, 1, 1, -1).astype("float32")  # -1: all of them


def in_tf(values, **constants):
    maps = tf.nn.local_response_normalization(as_maps(values), **constants)
    return np.array(maps).ravel()


layer = LocalResponseNormalization(size=3, bias=0.1, alpha=1.0, beta=0.5)
by_tf = in_tf(pixel, depth_radius=1, bias=0.1, alpha=1.0, beta=0.5)
by_loop = normalize(pixel, 3, 0.1, 1, 0.5)
print(np.allclose(by_loop, layer(as_maps(pixel)), atol=1e-5))
print(np.allclose(by_loop, by_tf, atol=1e-5))

# %% [markdown]
# They do. Other names: the window is `size` or `depth_radius`, and `k` is
# `bias` (not a filter's bias).
#
# ## 3. What do the paper's constants do?
#
# They are `n=5`, `k=2`, `alpha=0.0001` and `beta=0.75`, found by trying. Below
# are twelve channels at one place. Channels 0 and 3 both have 60. Predict the
# order after LRN, from large to small: the 60 of channel 0, the 60 of channel
# 3, the 100 of channel 9.

# %%
paper = {"n": 5, "k": 2, "alpha": 1e-4, "beta": 0.75}
pixel = np.array([60.0, 0, 0, 60, 300, 60, 0, 0, 100, 100, 100, 100])
after = normalize(pixel, **paper)

for channel in (0, 3, 4, 9):
    print(f"channel {channel}: {pixel[channel]:g} to {after[channel]:.3g}")
visualize.one_pixel(pixel, after)

# %% [markdown]
# **Figure.** Twelve channels at one place before and after LRN with the paper's
# constants. The same 60 becomes 31.5 where it is alone, 9.47 beside a 300. The
# lone 60 ends above four 100s that stand together.
#
# LRN rewards whoever is alone. It does not save the small one from the large:
# both 60 and 300 are divided by the same, and stay five to one.
#
# Remove the `#` and play with the constants. Which of them can turn competition
# off, and how? (`n` = 1, `beta` = 0, or a tiny `alpha`.)

# %%
# visualize.compete_by_hand(pixel, normalize)

# %% [markdown]
# Live on the website: [norm1](explore:network#layer=norm1) of a small AlexNet.
# Choose a value. Part 3 lists its neighbours' squares: do they change much?
#
# ## 4. How loud can one value get?
#
# One channel alone, its neighbours 0. It is 1, then 100, 200, 400, 800. What
# comes out of the last four: does it double each time, grow more slowly, or
# come to a halt?


# %%
def lone(values, k, alpha, beta):
    return values / (k + alpha * values**2) ** beta


for value in (1, 100, 200, 400, 800):
    print(f"{value} becomes {lone(value, 2, 1e-4, 0.75):.3g}")
visualize.lone(
    {
        "the paper's LRN": lambda v: lone(v, 2, 1e-4, 0.75),
        "0.595 times": lambda v: 0.595 * v,
    }
)

# %% [markdown]
# **Figure.** What becomes of a lone value. Small ones are multiplied by 0.595
# (dashed). The line bends, has its peak at 200, and falls.
#
# A 1 becomes 0.595, which is 1 / 2 ^ 0.75: beside `k` the squares of small
# values count for nothing, and all are multiplied by the same. But the large?
# None of the three: from 200 on they *fall*. Above 200, a value that shouts
# louder is heard less. The divisor grows like value ^ 1.5, faster than the
# value itself. So there is an upper end again, at 52, where ReLU has none.
#
# ## 5. Who is a neighbour?
#
# Give all of twelve channels a 1, and channel 5 a 1000. Which channels notice,
# and fall by more than a tenth, when the window has five? And which, when the
# channels are in two groups, as AlexNet's are? (Each group is a
# [**tower**](../docs/glossary.md#tower) and had a GPU of its own.)

# %%
ones, loud = np.ones(12), np.ones(12)
loud[5] = 1000
for groups in (1, 2):
    layer = LocalResponseNormalization(groups=groups)
    quiet, disturbed = layer(as_maps(ones)), layer(as_maps(loud))
    notice = np.array(disturbed < 0.9 * quiet)[0, 0, 0]  # the one place
    print(f"groups {groups}:", np.flatnonzero(notice))
visualize.neighbours(12, size=5)

# %% [markdown]
# **Figure.** Each row shows the window of one channel: orange, itself red. At
# the ends it is cut off. In two groups (lines) no window reaches into the other
# group.
#
# Channel 5 itself is not in the list: its 1000 became 31, still more than
# before. The paper's formula speaks of all channels of a layer, and Caffe does
# so. In the authors' program each GPU normalizes its own half, 48 or 128
# channels. Our `AlexNet` does the same, with the paper's constants.
#
# What makes channels 5 and 6 neighbours? Their numbers, nothing else. Exchange
# conv1's filters, and its maps are exchanged, no more. Normalize and then
# exchange, or the other way round: is that the same?

# %%
order = [0, 3, 1, 2, 4, 5, 8, 6, 9, 7, 10, 11]  # who stands where
normalized_first = normalize(pixel, **paper)[order]
exchanged_first = normalize(pixel[order], **paper)
np.allclose(normalized_first, exchanged_first)

# %% [markdown]
# No. Who stands beside whom is chance; then the filters learn with the
# neighbours they have.
#
# ## 6. Do the same numbers mean the same?
#
# AlexNet's files say 5, 0.0001 and 0.75, in the authors' program and in Caffe.
# But who reads them?
#
# | who reads | counts, in the window | alpha | k |
# |---|---|---|---|
# | the paper; our layer | `n`; `size`: all | as given | 2 |
# | TensorFlow | `depth_radius`: on *either side* | as given | 1 if not given |
# | the program of 2012 | `size`: all | **divided by `size`** | 2 |
# | Caffe | `local_size`: all | **divided by it** | 1 if not given |
# | PyTorch | `size`: all | **divided by `size`** | 1 if not given |
#
# Give these three to all, and TensorFlow a `k` of 2. (`divided` is the formula
# in PyTorch's documentation.) Who gives channel 4 the largest value?


# %%
def divided(values, size, k, alpha, beta):
    return normalize(values, size, k, alpha / size, beta)


numbers = {"alpha": 1e-4, "beta": 0.75}
readings = {
    "the paper": normalize(pixel, 5, 2, **numbers),
    "TensorFlow, radius 5": in_tf(pixel, depth_radius=5, bias=2, **numbers),
    "the program of 2012": divided(pixel, 5, 2, **numbers),
    "Caffe, PyTorch": divided(pixel, 5, 1, **numbers),
}
for name, values in readings.items():
    print(f"{name}: channel 3 {values[3]:.3g}, channel 4 {values[4]:.3g}")

# %% [markdown]
# Caffe and PyTorch: 133 of the 300, where TensorFlow, with a window of 11,
# leaves 41. One division is a factor of five in alpha. So the network that was
# measured in 2012 ran with an alpha of 0.00002 in the paper's formula, not
# 0.0001.

# %%
lines = {
    "the paper": lambda v: lone(v, 2, 1e-4, 0.75),
    "program of 2012": lambda v: lone(v, 2, 1e-4 / 5, 0.75),
    "Caffe's AlexNet": lambda v: lone(v, 1, 1e-4 / 5, 0.75),
}
for name, line in lines.items():
    print(f"{name}: 400 becomes {line(400):.0f}")
visualize.lone(lines)

# %% [markdown]
# **Figure.** A lone value under three readings of the same 0.0001 and 0.75. The
# peak lies at 200, 447 or 316.
#
# Translated, all agree. Caffe's AlexNet, for instance, needs what `alpha` in
# our layer and in TensorFlow?

# %%
caffe = divided(pixel, 5, 1, 1e-4, 0.75)
layer = LocalResponseNormalization(size=5, bias=1, alpha=2e-5, beta=0.75)
by_layer = np.array(layer(as_maps(pixel))).ravel()
by_tf = in_tf(pixel, depth_radius=2, bias=1, alpha=2e-5, beta=0.75)
print(np.allclose(caffe, by_layer), np.allclose(caffe, by_tf))

# %% [markdown]
# ## 7. And if one gives no numbers at all?
#
# Then TensorFlow takes a radius of 5, a bias of 1, alpha 1 and beta 0.5. Try it
# on a photo behind conv1, with random filters, the start of 2012 (chapter 4).
# (What LRN does depends on how large values are, not on what the filters look
# for.) The largest value is about 80. What is the largest after LRN? And if all
# values were twice as large?

# %%
photo = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
photo = photo.crop((100, 0, 500, 400)).resize((227, 227))
batch = preprocess_input(np.array(photo)[np.newaxis])
random = keras.initializers.RandomNormal(stddev=0.01, seed=2012)
conv1 = keras.layers.Conv2D(96, 11, strides=4, kernel_initializer=random)
sums = conv1(batch).numpy()
maps = np.maximum(sums, 0)  # ReLU

# %%
ways = {
    "the paper's constants": LocalResponseNormalization(),
    "TensorFlow's defaults": tf.nn.local_response_normalization,
}
for name, way in ways.items():
    largest, doubled = np.max(way(maps)), np.max(way(2 * maps))
    print(f"{name}: largest after LRN {largest:.2g};", end="")
    print(f" twice as large gives {doubled / largest:.2f} times as much")
visualize.in_and_out(
    maps, {name: np.array(way(maps)) for name, way in ways.items()}
)

# %% [markdown]
# **Figure.** Values of conv1 on a photo, before (to the right) and after LRN
# (upwards), a point each. Left, a line that begins to bend. Right, all lie
# between 0 and 1. (Grace Hopper; US Navy, public domain; from matplotlib.)
#
# With the defaults nothing gets above 1, and twice as much changes nothing:
# beside such sums of squares the bias is nothing, and each value becomes its
# *share* of the window. How strong the edge was is forgotten. **TensorFlow's
# default alpha is four orders too strong**: 1 is ten thousand times 0.0001.
#
# ## 8. Before the pool or behind it?
#
# A pool keeps the largest of neighbouring places (chapter 6). The paper goes
# ReLU, norm, pool. CaffeNet, one of two AlexNets that come with Caffe, goes
# ReLU, pool, norm. Does it matter? In small, with section 1's rule: two
# channels, three places, and one pool over all three. Compute both ways.


# %%
def norm(maps):  # two channels, so both lie in each window
    return maps / np.sqrt((maps**2).sum(axis=0))


def pool(maps):
    return maps.max(axis=1, keepdims=True)  # still a column


two = np.array([[3.0, 4, 0], [4, 0, 3]])  # (channels, places)
first = {"maps": two, "norm": norm(two), "pool": pool(norm(two))}
last = {"maps": two, "pool": pool(two), "norm": norm(pool(two))}
print(first["pool"].ravel().round(2), last["norm"].ravel().round(2))
visualize.orders({"the paper": first, "CaffeNet": last})

# %% [markdown]
# **Figure.** Two channels (rows) at three places (columns). Above, the values
# compete at each place and the best are kept. Below, the best are kept and then
# compete.
#
# In the paper's order each channel ends at 1, from a place where it was alone;
# in the lower channel a lone 3 beats the 4. In CaffeNet's order the two 4s
# compete: **winners that never met**.
#
# The program of 2012 has a third order in its first layer: norm, pool, ReLU.
# Which two of the three steps could change places without any effect?

# %%
bend = keras.activations.relu
norm1 = LocalResponseNormalization(groups=2)
pool1 = keras.layers.MaxPooling2D(3, 2)  # 3 wide, a stride of 2
print("ReLU and pool:", np.allclose(pool1(bend(sums)), bend(pool1(sums))))
print("ReLU and norm:", np.allclose(norm1(bend(sums)), bend(norm1(sums))))
by_paper, caffenet = pool1(norm1(maps)), norm1(pool1(maps))
print("norm and pool:", np.allclose(by_paper, caffenet))

by_2012 = bend(pool1(norm1(sums)))
for name, other in (("2012", by_2012), ("CaffeNet", caffenet)):
    apart = np.abs(other - by_paper).mean() / np.mean(by_paper)
    print(f"{name}: {apart:.1%} off")

# %% [markdown]
# Only ReLU and pool. Before ReLU, values below 0 have squares, too, and make
# the divisors larger. On the photo the outputs differ by 1 to 3% of their mean.
# Is that much? Ask a network. As in chapter 4, a small AlexNet learns 60
# pictures by heart (here with pixels of 0 to 255, minus the mean; section 9
# says why). Then its weights go into a network with another order, and into one
# with TensorFlow's defaults.

# %%
# %%capture
few = data.load("solids/tiny", size=64)  # the first time they are rendered
images, labels = next(iter(few.evaluation(60, "train")))
pictures = np.array(images) - few.colors.mean


# %%
def network_of(rows):
    image = keras.Input((64, 64, 3))
    return keras.Model(image, building.build(rows, image, "he"))


rows = [row for row in networks.MINI if row.name not in ("drop6", "drop7")]
keras.utils.set_random_seed(2012)
network = network_of(rows)
sgd = keras.optimizers.SGD(0.05, clipnorm=1.0)
network.compile(sgd, "sparse_categorical_crossentropy", jit_compile=False)
for _ in range(80):
    network.train_on_batch(pictures, labels)

# %% [markdown]
# Predict for each: how sure is it of its answers to the learned pictures? (Its
# largest probability, the mean of 60; 1 is certain, at 0.1 all ten are alike.)
# Is it still right? And will mirrored pictures get the same answers from both
# orders?

# %%
order = [0, 2, 1, 3, 5, 4, *range(6, len(rows))]  # of conv, norm and pool
pool_first = [rows[place] for place in order]
defaults = {"size": 11, "bias": 1.0, "alpha": 1.0, "beta": 0.5}
strong = [r._replace(**defaults) if "norm" in r.name else r for r in rows]

others = {"pool first": pool_first, "TensorFlow's defaults": strong}
print(f"as trained: {np.max(network(pictures), axis=1).mean():.1f}")
for name, table in others.items():
    others[name] = network_of(table)
    others[name].set_weights(network.get_weights())
    answers = others[name](pictures)
    right = np.argmax(answers, axis=1) == labels.numpy()
    print(f"{name}: {np.max(answers, axis=1).mean():.1f},", end="")
    print(" most of them right:", right.mean() > 0.5)

# %%
mirrored = pictures[:, :, ::-1]  # which it has not learned
answers = np.argmax(network(mirrored), axis=1)
swapped = np.argmax(others["pool first"](mirrored), axis=1)
changed = (answers != swapped).sum()
print(f"some answers change: {changed > 0}, most: {changed > 30}")

# %% [markdown]
# With TensorFlow's defaults all ten answers are nearly alike; the favourite is
# mostly still the right one, but by a hair. With the other order the learned
# pictures stay certain, and some mirrored ones get another answer; where this
# was written 4 of 60. Weights belong to the order in which they were trained.
# (Each trained in its own order, CaffeNet names 57.4% of ImageNet's photos at
# the first guess, Caffe's other AlexNet 57.1%.)
#
# ## 9. Why is it gone?
#
# What did LRN bring? The logs of 2012 have the network with and without its
# normalization layers.

# %%
errors = {"without": 19.36, "with normalization": 18.21}
print(f"{errors['without'] - errors['with normalization']:.2f} points")
visualize.top5_errors(errors)

# %% [markdown]
# **Figure.** Top-5 errors of one network, from the logs of 2012: 19.36% without
# normalization layers, 18.21% with them (orange).
#
# About the paper's 1.2 points; and on small photos, CIFAR-10, 13% error became
# 11%. (The logs have one layer more, a normalization within each map, which the
# paper never mentions.) What does it cost? Weights none, but values, which
# training keeps until it goes backward. Guess LRN's share of all values in
# AlexNet.

# %%
lines = shapes.table(networks.ALEXNET)
sizes = {line.name: np.prod(line.output_shape) for line in lines}
for name in ("flatten", "drop6", "drop7"):  # no new values
    del sizes[name]
share = (sizes["norm1"] + sizes["norm2"]) / sum(sizes.values())
print(f"LRN's share of all values: {share:.0%}")
for name, plan in networks.NETWORKS.items():
    print(name, any(row.name == "norm1" for row in plan.layers))

# %% [markdown]
# A third. (Of our networks, torchvision's `one-weird-trick` has none.) A last
# prediction: today pixels are divided by their spread and weights follow He's
# rule (chapter 4). What is left of LRN then?

# %%
he = keras.initializers.HeNormal(seed=2012)
today = keras.layers.Conv2D(96, 11, strides=4, kernel_initializer=he)
inputs = {"2012": maps, "today": np.maximum(today(batch / batch.std()), 0)}
for name, values in inputs.items():
    left = np.array(norm1(values))[values > 0] / values[values > 0]
    print(f"{name}: times {left.min():.2f} to {left.max():.2f}")

# %% [markdown]
# Under today's start the paper's LRN is a multiplication by 0.59: nobody
# competes. Whoever keeps the constants but scales the pixels has switched it
# off.
#
# Of 5,000 photos of dogs and cats, one AlexNet named 93.65% rightly; the same
# run once more, 94.00%; without LRN, 93.76%
# ([NVIDIA/DIGITS#1089](https://github.com/NVIDIA/DIGITS/issues/1089)). Two
# equal runs differ by more than LRN changed. That proves nothing about
# ImageNet: to see a small difference, one needs many runs of either kind. In
# 2015 came [**batch normalization**](../docs/glossary.md#batch-normalization),
# which keeps values in bounds in another way, and took LRN's place.
#
# ## AlexNet so far
#
# With the norm layers the table is complete down to pool5.

# %%
print(shapes.summary(networks.body(networks.ALEXNET), counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. LRN divides a value by what stands beside it in depth. With small values it
#    does nothing but multiply by 0.595.
# 2. Four constants are no definition. Ask: all channels or either side? Alpha
#    divided or not? Which k? TensorFlow's default alpha is four orders too
#    strong.
# 3. Normalization gained about a point in 2012, and costs a third of the
#    values. Where pixels are scaled, LRN does nothing, so later networks did
#    without.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: translate
#
# What must each library be given, so that it computes the paper's formula with
# the paper's constants?

# %%
constants = {
    "tensorflow": {"depth_radius": ..., "bias": ..., "alpha": ..., "beta": ...},
    "caffe": {"local_size": ..., "k": ..., "alpha": ..., "beta": ...},
    "pytorch": {"size": ..., "k": ..., "alpha": ..., "beta": ...},
}
ex.q1.check(constants)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: who is who?
#
# `ex.programs` holds five functions of a row of channels. They are `"paper"`,
# `"2012"` and `"caffe"` as in section 6's figure, `"radius"` (the paper's
# constants, but `depth_radius=5`) and `"defaults"` (TensorFlow's). Change the
# probe until you know which is which.

# %%
probe = np.array([0.0, 0, 0, 10, 0, 0])
for letter, program in ex.programs.items():
    print(letter, program(probe).round(2))

names = {"A": ..., "B": ..., "C": ..., "D": ..., "E": ...}
ex.q2.check(names)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: predict
#
# With the paper's constants, to three digits: what becomes of a lone 1000, and
# what of a 1000 whose four neighbours are 1000, too (`crowd`)? Then norm1's
# channel 48 of 96, counted from 0: how many channels does its window have in
# the program of 2012 (`tower`), and how many in Caffe?

# %%
predicted = {"lone": ..., "crowd": ..., "tower": ..., "caffe": ...}
ex.q3.check(predicted)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# LRN compares channels at one place. A pool compares places in one channel, and
# keeps the largest. Chapter 6 asks what that throws away.
