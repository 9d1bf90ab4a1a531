# %% [markdown]
# # 8. How does a map become an answer?
#
# > **You will be able to** say where every number of pool5 goes, count the
# > weights of all eight layers, make probabilities and a loss of scores
# > without overflow, predict an untrained network's loss, scale dropout, and
# > let AlexNet answer at 1458 places of a large photo in one pass.
# >
# > **Takes** half a minute to run on two cores; plan an hour and a half to
# > work through it.
# >
# > **Needs** no GPU, no data, and 3 GB of free memory. **Stands on** chapters
# > 2 (filters, gradients), 3 (sizes) and 7 (five convolutions).

# %% tags=["setup"] lit="fc6 fc7 fc8"

# %% [markdown]
# Pool5 hands on 6 x 6 places with 256 numbers each. At the end stand 1000
# numbers, one for each class. Filters look, ReLU decides, pools condense; fc6,
# fc7 and fc8 **weigh all** that is left.
#
# ## Before you begin
#
# How many channels does one filter of conv2 read? And how many pixels of a row
# does one value of conv5 see?

# %%
import math

import keras
import numpy as np
import tensorflow as tf
from PIL import Image
from sklearn.datasets import load_sample_image

from alexnet_keras import networks, shapes, visualize
from alexnet_keras.exercises import fully_connected_head as ex
from alexnet_keras.models import AlexNet, AlexNetMini, preprocess_input

ex.recall.check((..., ...))  # channels, pixels

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. Where does each number go?
#
# Fc6 reads a line, not a map, so the map is
# [**flattened**](../docs/glossary.md#flatten). Here is a small map of 2 rows, 3
# columns and 2 channels. Its numbers stand in memory as 0, 1, 2 and so on.
# Which one stands in row 1, column 0, channel 1?

# %%
small = np.arange(12).reshape(2, 3, 2)
print(small[1, 0, 1])
visualize.flattened(rows=2, columns=3, channels=2)

# %% [markdown]
# **Figure.** A map of 2 x 3 places with two channels (orange and blue). Each
# number is the index that it gets in the line below. The channels of a place
# stay together.
#
# 7: before it come row 0 with 3 x 2 numbers, and channel 0 of this place. Write
# the rule for pool5's 6 x 6 x 256 in place of `...`.


# %%
def index(row, column, channel):
    return ...


places = [(0, 0, 255), (0, 1, 0), (5, 2, 7)]
mine = [index(row, column, channel) for row, column, channel in places]
right = [255, 256, 8199]
print("right" if mine == right else f"not {right} yet: {mine}")

# %% [markdown]
# Here is one way. Put a 1 into a map of zeros. Where in the line do NumPy's
# `ravel` and Keras' `Flatten` put it?


# %%
def index(row, column, channel):
    return (row * 6 + column) * 256 + channel


maps = np.zeros((1, 6, 6, 256))
maps[0, 5, 2, 7] = 1
line = keras.layers.Flatten()(maps).numpy()
print(line.shape, index(5, 2, 7), maps.ravel().argmax(), line[0].argmax())

# %% [markdown]
# 9216 numbers, and all three agree. A library that puts channels first writes
# another line of the same length: a trap for whoever moves fc6's weights
# (chapter 15).
#
# ## 2. What does one unit do?
#
# A [**unit**](../docs/glossary.md#unit) has a weight for every number of the
# line: multiply, add up, add a bias. It is a filter with one place only. A
# layer of units is [**fully connected**](../docs/glossary.md#fully-connected).
# For all units at once that is a product of a line and a matrix, in NumPy `@`,
# in Keras the layer `Dense`. Predict what these two units give, and what ReLU
# makes of it.

# %%
values = np.array([2, 0, 1, 3])
weights = np.array([[1, -1], [5, 2], [0, 3], [-1, 1]])  # (values, units)
biases = np.array([0, -2])

by_hand = [(values * weights[:, n]).sum() + biases[n] for n in range(2)]
dense = keras.layers.Dense(2)
dense.build((None, 4))
dense.set_weights([weights, biases])
by_keras = dense(values[np.newaxis])[0]

print(values @ weights + biases, np.array_equal(by_hand, by_keras))
visualize.weighed(values, weights, biases)

# %% [markdown]
# **Figure.** Two units read the same four numbers, each with weights of its
# own. (Red squares: above 0; blue: below.)
#
# -1 and 2, which become 0 and 2. Fc6 has 4096 units and reads 9216 numbers. How
# many weights and biases has it?

# %%
keras.utils.set_random_seed(2012)
network = AlexNet()

print(f"{9216 * 4096:,} weights + {4096:,} biases = {9216 * 4096 + 4096:,}")
print(network.get_layer("fc6").count_params() == 9216 * 4096 + 4096)

# %% [markdown]
# ## 3. Who has the weights, who does the work?
#
# Fc6 alone has 37.8 of the network's 61 million. A photo takes 724 million
# multiply-adds. What share of each have fc6, fc7 and fc8 together?

# %%
lines = [line for line in shapes.table(networks.ALEXNET) if line.parameters]
parameters = np.array([line.parameters for line in lines])
work = np.array([line.multiply_adds for line in lines])

print(f"weights and biases: {parameters[5:].sum() / parameters.sum():.0%}")
print(f"multiply-adds:      {work[5:].sum() / work.sum():.0%}")
visualize.weights_and_work(lines)

# %% [markdown]
# **Figure.** Each layer's share of the network's weights and biases (blue) and
# of its multiply-adds (orange).
#
# **96% of the weights do 8% of the work.** Why? Predict how often a weight is
# used on one photo, in conv1, conv2, conv3 and fc6.

# %%
for line in lines:
    num_weights = math.prod(line.kernel)  # product of the shape; no biases
    print(line.name, line.multiply_adds // num_weights)

# %% [markdown]
# Once at each place: 55 x 55, 27 x 27, 13 x 13 times. A weight of fc6 is used
# once.
#
# ## 4. What is dropout?
#
# So many weights could learn the photos by heart. Against that the paper has
# [**dropout**](../docs/glossary.md#dropout) in fc6 and fc7 (paper, section
# 4.2): in training a coin says of each unit whether it gives 0. So no unit can
# rely on another. Which units stay, the [**mask**](../docs/glossary.md#mask),
# is drawn anew for each photo. At a test none is dropped. Send eight ones
# through Keras' layer. What will come out?

# %%
drop = keras.layers.Dropout(0.5, seed=2017)
ones = np.ones((1, 8))

for training in (True, True, False):
    print("training" if training else "test    ", end=" ")
    print(drop(ones, training=training).numpy()[0].astype(int))

# %% [markdown]
# Not ones and zeros: **twos** and zeros. The next layer adds up what it reads.
# From ones and zeros it would get half of what a test gives it. There are two
# ways to mend that:
#
# - **2012:** train with ones and zeros; at a test, halve all outputs.
# - **Today:** in training, double what stays; at a test, do nothing.
#
# What does a unit of fc7 get, over 2,000 masks? Is the mean what it gets at the
# test?

# %%
rng = np.random.default_rng(2012)
outputs = np.maximum(rng.normal(size=4096), 0)  # of fc6, after ReLU
weights = rng.normal(0.002, 0.01, size=4096)  # of one unit of fc7
masks = rng.random((2000, 4096)) < 0.5  # True stays

panels = {
    "2012": ((masks * outputs) @ weights, (outputs / 2) @ weights),
    "today": ((masks * outputs * 2) @ weights, outputs @ weights),
}
for name, (sums, at_test) in panels.items():
    print(f"{name}: mean {sums.mean():.1f}, test {at_test:.1f}")
visualize.masked_sums(panels)

# %% [markdown]
# **Figure.** What one unit gets under 2,000 masks, their mean (blue line), and
# what it gets at the test (dashed red line). In both ways the two lines agree.
#
# Both keep the mean. 2 belongs to a rate of 0.5, the share that is dropped. Is
# it 1 / rate, or something else? At 0.5 nobody can tell, and many have had it
# wrong. Exercise 3 takes 0.2.
#
# (AlexNet drops what fc6 and fc7 give; that of torchvision, PyTorch's
# collection of networks, what they *read*.)
#
# ## 5. How does a score become a probability?
#
# Fc8 has no ReLU. It gives 1000 numbers of any size and sign, the
# [**logits**](../docs/glossary.md#logit). Wanted are
# [**probabilities**](../docs/glossary.md#probability): none below 0, together
# one. The [**softmax**](../docs/glossary.md#softmax) takes e = 2.718 to the
# power of each logit (`np.exp`) and divides by the sum of all. If one logit is
# 2 larger than another, how many times as likely is its class?


# %%
def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum()


logits = np.array([3.0, 1.0, 0.0, -2.0])
p = softmax(logits)
print([f"{one:.2g}" for one in p], f"sum {p.sum():.1f}")
print(f"{p[0] / p[1]:.1f} times; Keras agrees:", end=" ")
print(np.allclose(p, keras.ops.softmax(logits)))

# %% [markdown]
# 7.4 times, e to the power of 2. The sum cancels: only differences count. What
# does the softmax make of 1000 and 999? First predict `np.exp(1000)`.
# (`np.errstate` keeps NumPy from warning.)

# %%
large = np.array([1000.0, 999.0])
with np.errstate(all="ignore"):
    print(np.exp(large), softmax(large))
print(softmax(large - large.max()).round(2), softmax(np.array([1, 0])).round(2))

# %% [markdown]
# Too large for a float: `inf`, infinite, and `inf / inf` is `nan`, "not a
# number". But 1000 and 999 differ as 1 and 0 do. **Subtract the largest logit
# first**: no power is then above 1, and the answer is the same.
#
# Live on the website: [fc8](explore:network#layer=fc8) of a small AlexNet. Take
# a doubtful picture, choose a class, and follow its logit through the softmax.
#
# ## 6. What does a wrong answer cost?
#
# Training needs a loss. If the right class got the probability p, it is -ln(p),
# the [**cross-entropy**](../docs/glossary.md#cross-entropy). (ln, in NumPy
# `np.log`, undoes `np.exp`.) It is 0 for p = 1, and the larger the less likely
# the truth seemed. What does it cost to know nothing, to say 1/10 for each of
# ten classes, or 1/1000 for each of a thousand?

# %%
doubts = {"certain": 1.0, "half": 1 / 2, "1 of 10": 1 / 10, "1 of 1000": 1e-3}
for name, chance in doubts.items():
    print(f"{name}: {0 - np.log(chance):.2f}")
visualize.cost_of_doubt(doubts)

# %% [markdown]
# **Figure.** The loss for each probability of the right class, with four of
# them marked (red).
#
# **Knowing nothing costs ln K** for K classes: 2.30 for ten, 6.91 for a
# thousand. Now ask an untrained AlexNet, and a small one with ten classes. Let
# every class be the right one once, and take the mean of the losses. Will it be
# ln K, less, or more?

# %%
china = Image.fromarray(load_sample_image("china.jpg"))
tower = china.crop((0, 0, 427, 427))

for net, size in ((network, 227), (AlexNetMini(), 64)):
    answer = net(preprocess_input(np.array(tower.resize((size, size)))[None]))
    nothing = np.log(answer.shape[1])
    excess = -np.log(answer).mean() - nothing
    print(f"ln K {nothing:.2f}, above it by up to 1: {0 < excess < 1}")

# %% [markdown]
# A little more: 7.28 and 2.31 where this was written. Their prejudices
# (chapter 0) cost more than an honest "I do not know": 90% and 10% for two
# classes cost 1.2 in the mean, not ln 2 = 0.69. So a first loss is a little
# above ln K; where it *stays* there, nothing is learned (chapter 10).
#
# How should the logits move? Let class 1 of our four be right, which got 0.11.
# Predict the sign of each number of the gradient.

# %%
cross_entropy = keras.losses.sparse_categorical_crossentropy
z = tf.Variable(logits[np.newaxis])  # a batch of one
with tf.GradientTape() as tape:
    loss = cross_entropy(np.array([1]), z, from_logits=True)
gradient = tape.gradient(loss, z).numpy()[0]
print("p:       ", p.round(2))
print("gradient:", gradient.round(2))

# %% [markdown]
# The gradient is **p, minus 1 at the right class**. Training goes against it:
# the right logit grows, the others shrink.
#
# `from_logits=True` has the loss apply the softmax. If the network has done so
# already, PyTorch applies two; Keras mostly notices, and warns. What does a
# second one make of 84%? And with 1000 classes, what is then the loss of a
# *perfect* network, with 1 for the right class and 0 for all others?

# %%
twice = softmax(p)
perfect = np.zeros(1000)
perfect[7] = 1  # the right class

print([f"{one:.2g}" for one in twice])
print(f"{-np.log(softmax(perfect)[7]):.2f}")
visualize.answers({"logits": logits, "softmax": p, "softmax twice": twice})

# %% [markdown]
# **Figure.** Four logits, their softmax, and the softmax of the softmax, which
# is much flatter.
#
# Nothing breaks, and the favourite stays. But the loss never falls below 5.91.
#
# ## 7. Right, or nearly right?
#
# The network's guess is its likeliest class. The share of photos on which that
# is wrong is the [**top-1 error**](../docs/glossary.md#top-1-error); for the
# top-5 error the right class may be any of the five likeliest (chapter 0). How
# many of these four photos pass by top-1, how many by top-5? Count by eye.

# %%
answers = np.array(  # four photos, seven classes, in percent
    [
        [40, 20, 10, 10, 10, 6, 4],
        [10, 5, 30, 25, 15, 11, 4],
        [2, 30, 10, 5, 20, 15, 18],
        [5, 15, 20, 1, 35, 14, 10],
    ]
)
labels = np.array([0, 3, 0, 5])
likeliest = np.argsort(-answers, axis=1)  # classes, the likeliest first
top_k = keras.metrics.sparse_top_k_categorical_accuracy
for k in (1, 5):
    by_hand = np.mean([labels[n] in likeliest[n, :k] for n in range(4)])
    by_keras = np.mean(top_k(labels, answers.astype("float32"), k))
    print(f"top-{k}: {by_hand:.0%} right, Keras agrees: {by_hand == by_keras}")

# %% [markdown]
# 25% and 75%, of the same answers. Someone once had 44% where 81% was promised:
# 44 was top-1 (apache/mxnet, issue 269). Say which you mean, and whether right
# or wrong.
#
# ## 8. Is fc6 a convolution?
#
# A unit of fc6 has 6 x 6 x 256 weights, and so has a filter of that size. On a
# map of 6 x 6 it has one place. Give fc6's weights the shape of filters:
# `reshape` moves no number, and they stand in section 1's order. Predict the
# output's shape. Will it be what fc6 gives?

# %%
w6, b6, w7, b7, w8, b8 = network.get_weights()[-6:]
filters = w6.reshape(6, 6, 256, 4096)

maps = np.random.default_rng(8).uniform(0, 9, (1, 6, 6, 256)).astype("float32")
by_filter = keras.ops.conv(maps, filters).numpy()
by_unit = maps.reshape(1, 9216) @ w6
print(by_filter.shape, np.allclose(by_filter[:, 0, 0], by_unit, atol=0.01))

# %% [markdown]
# The same. And fc7 and fc8 are filters of 1 x 1, which read all channels of one
# place. What for? A matrix takes 9216 numbers and no others. A filter takes a
# larger map, too, and has **more places** there. At how many will the network
# answer on a photo of 1920 x 1080, chapter 1's example? (Conv1 rounds up, pools
# down.)

# %%
body = networks.body(networks.ALEXNET)  # up to pool5
rows, columns, _ = shapes.table(body, size=(1080, 1920))[-1].output_shape
print(f"pool5: {rows} x {columns}")
print(f"answers: {rows - 6 + 1} x {columns - 6 + 1}")

# %%
big = np.array(china.crop((0, 34, 640, 394)).resize((1920, 1080)))
wide = AlexNet(include_top=False, input_shape=(1080, 1920, 3))
wide.set_weights(network.get_weights()[:-6])  # all but fc6 to fc8

pool5 = wide(preprocess_input(big[np.newaxis])).numpy()
fc6 = keras.ops.relu(keras.ops.conv(pool5, filters) + b6)
fc7 = keras.ops.relu(keras.ops.conv(fc6, w7.reshape(1, 1, 4096, 4096)) + b7)
fc8 = keras.ops.conv(fc7, w8.reshape(1, 1, 4096, 1000)) + b8
grid = keras.ops.softmax(fc8).numpy()[0]

favourite = grid[0, 0].argmax()  # class that is likeliest at the first place
print(grid.shape, "everywhere:", (grid.argmax(axis=-1) == favourite).all())
visualize.answer_grid(big, grid[:, :, favourite], window=227, step=32)

# %% [markdown]
# **Figure.** Left: a photo, enlarged three times, and the windows of the first
# (blue), the second (red) and the last answer (orange, 3 pixels beyond the
# edge). The first two lie 32 pixels apart. Right: the probability of one class,
# the network's favourite, at each of 27 x 54 places. (Photo: danielbuechele, CC
# BY 2.0; from scikit-learn.)
#
# 1458 answers in one pass. The network is untrained, so nothing was *found*:
# the answer just depends on the place. (The rim stands out: padding is near.) A
# trained network gives a map of where a thing is.
#
# Is it the same as 1458 crops? Two claims. First: pool5's 6 x 6 window at a
# place, sent through fc6 to fc8, gives the grid's answer there. Second: the
# photo's 227 x 227 pixels at that place, sent through the whole network, do so
# too. If one fails: at how many of pool5's 36 places do crop and photo agree?
# (Chapter 3: which see only real pixels?)

# %%
to_pool5 = keras.Model(network.input, network.get_layer("pool5").output)
# from pool5 on: flatten, fc6, fc7, fc8
head = keras.Model(network.get_layer("flatten").input, network.output)
for row, column in ((5, 40), (10, 20)):
    window = pool5[:, row : row + 6, column : column + 6]
    crop = big[32 * row :, 32 * column :][:227, :227]
    alone = to_pool5(preprocess_input(crop[np.newaxis])).numpy()
    found = head(np.concatenate([window, alone])).numpy()
    gaps = np.abs(found - grid[row, column]).max(axis=1) / grid.max()
    print("window:", gaps[0] < 1e-4, " crop:", gaps[1] < 1e-4)  # up to rounding

apart = np.abs(alone - window)[0].mean(axis=-1) / window.mean()
print((apart < 0.0001).astype(int))
visualize.side_by_side([crop, apart], ["the crop", "how far apart"])

# %% [markdown]
# **Figure.** The crop at place (10, 20), and how far its 6 x 6 places of pool5
# lie from the large photo's: white is equal, dark red far.
#
# Only the first claim holds. Of the 36 places four agree, two by two in the
# middle. All others reach over the crop's rim. There the crop has the zeros of
# padding, the photo what is really there. So the second claim, which one often
# reads, is **not** true: the grid answers for a window *and* its surroundings.
#
# How many times less work is one pass than 1458 crops: 2, 9, 1458? And what
# share of it have fc6 to fc8?

# %%
table = shapes.table(body, size=(1080, 1920))
convs = sum(line.multiply_adds for line in table)
fcs = 1458 * int(work[5:].sum())  # all three, at every place

print(f"{1458 * int(work.sum()) / (fcs + convs):.1f} times fewer")
print(f"fc6 to fc8: {fcs / (fcs + convs):.0%} of the work")

# %% [markdown]
# 9.1 times: where crops overlap, nothing is computed twice. And now the 96% of
# the weights do most of the work, since each is used 1458 times.
#
# ## AlexNet so far
#
# All of it; fc8 ends in a softmax. (Exercise 1 is about the counts.)

# %%
print(shapes.summary(networks.ALEXNET, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. Each weight of a convolution works at every place, each weight of fc6 once.
#    So 96% of the weights do 8% of the work.
# 2. Softmax makes probabilities of logits, -ln(p) makes a loss. Knowing nothing
#    costs ln K: compare your first loss with it.
# 3. Dropout must keep the mean. And fc6 is a 6 x 6 convolution with one place.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: where 60,965,224 comes from
#
# How many weights *and biases* has each layer? Write the way there, as for
# conv1. Remember that conv2, conv4 and conv5 have two groups.

# %%
counts = {
    "conv1": 11 * 11 * 3 * 96 + 96,
    "conv2": ...,
    "conv3": ...,
    "conv4": ...,
    "conv5": ...,
    "fc6": ...,
    "fc7": ...,
    "fc8": ...,
}
ex.q1.check(counts)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: a loss that never overflows
#
# `logits` is `(batch, classes)`, `labels` holds each row's right class. Return
# the probabilities, in the shape of `logits`, and the losses, one a row. Logits
# of 1000 and -1000 are tried, too (loops are welcome): there a float may hold 0
# for p, and -ln(0) is infinite: but ln(a / b) is ln(a) - ln(b), and ln(exp(z))
# is z.


# %%
def judge(logits, labels):
    probabilities, losses = ..., ...
    return probabilities, losses


ex.q2.check(judge)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: dropout at 0.2
#
# A layer drops a fifth of its units. By which factor does it multiply the
# output of a unit that stays: in training and at a test, today and in the way
# of 2012? Its mean over many masks must be what the test gives.

# %%
factors = {
    "today_training": ...,
    "today_test": ...,
    "2012_training": ...,
    "2012_test": ...,
}
ex.q3.check(factors)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %% [markdown]
# ### Exercise 4: riddles
#
# A network for 50 classes knows nothing: which loss do you expect? Another
# stays at 5.30: how many classes has it? And an "AlexNet" has 26,218,496
# weights and biases in fc6, which has 4096 units. How many numbers does it
# flatten, and how many places wide is its pool5 of 256 channels?

# %%
riddles = {
    "first_loss": ...,
    "classes": ...,
    "flattened": ...,
    "width": ...,
}
ex.q4.check(riddles)

# %%
# ex.q4.hint()
# ex.q4.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# The network is whole: 61 million numbers, all random. 1.2 million photos are
# few for so many. Chapter 9 makes more of them.
