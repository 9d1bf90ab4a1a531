# %% [markdown]
# # 15. Which AlexNet is this?
#
# > **You will be able to** tell whose AlexNet a file holds, bring weights from
# > Caffe or PyTorch to Keras without scrambling them, find the fault of a
# > network that compiles, learns and is wrong, and say which claims about
# > AlexNet you have seen proved.
# >
# > **Takes** half a minute to run on two cores; plan two hours to work through
# > it.
# >
# > **Needs** no GPU and no data, 3 GB of free memory, and 250 MB of disk for a
# > moment. **Stands on** chapters 3 (sizes), 5 (norms), 8 (head) and 10
# > (training).

# %% tags=["setup"] lit="all"

# %% [markdown]
# "We used AlexNet", says a paper, a course, a file. Which one? This chapter
# sets them side by side, and then turns to networks that are broken.
#
# ## Before you begin
#
# Four worker processes share a global batch of 256. How many pictures does each
# get in a step? And what is new when a job moves from one machine to four: its
# `"program"`, `"batch"`, `"addresses"` or `"seed"`?

# %%
import pathlib
import tempfile

import keras
import numpy as np
from matplotlib import cbook
from PIL import Image

from alexnet_keras import exchange, networks, shapes, visualize
from alexnet_keras.exercises import whose_alexnet as ex

ex.recall.check((..., ...))  # pictures, part

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. How many AlexNets are there?
#
# Here are the tables of six. *One tower* is the paper's network without groups.
# Caffe, torchvision (PyTorch's collection of networks) and TF-slim (on top of
# TensorFlow) are libraries; d2l.ai is a book. Before you run the cell: which
# layers will differ, and which will be the same in all?

# %%
from alexnet_keras.exchange.identity import KNOWN

keys = "two-tower caffe one-tower one-weird-trick slim d2l".split()
names = ["the paper", "Caffe", "one tower", "torchvision", "TF-slim", "d2l.ai"]
known = {name: KNOWN[key] for name, key in zip(names, keys, strict=True)}
tables = {name: table for name, (_, table, _) in known.items()}

for name, table in tables.items():
    same = [row.name for row in table if row in networks.ALEXNET]
    print(f"{name}: {len(same)} of {len(table)} rows as in the paper")
visualize.relatives(tables, [size for _, _, size in known.values()])

# %% [markdown]
# **Figure.** Six networks, a column each. Grey: as in the paper; yellow: not.
# "96 of 11" are 96 filters, 11 wide; k and alpha are a norm's constants.
# Resample5 averages larger maps to 6 x 6. (Not drawn: in torchvision dropout
# stands *before* fc6 and fc7.)
#
# No two columns are alike. Conv3 and the end, from flatten on, look the same
# everywhere. (Fc6's weights are not: section 2.) torchvision's is named after
# Krizhevsky's "one weird trick" paper of 2014, but has the widths of his
# one-GPU program.
#
# ## 2. Which number gives one away?
#
# A file often tells one thing only: how many weights and biases it has. Predict
# from the columns: which two networks have the same count? And which two have
# ten million fewer, though not for lack of filters?

# %%
counted = {
    name: shapes.table(table, size) for name, (_, table, size) in known.items()
}
for name, lines in counted.items():
    flat = next(line for line in lines if line.name == "flatten")
    total = sum(line.parameters for line in lines)
    print(f"{name}: {total:,}, of {flat.output_shape[0]} flattened")
visualize.fingerprints(counted)

# %% [markdown]
# **Figure.** Weights and biases of the six: the convolutions, fc6, and fc7 with
# fc8. The number at the end of a bar is its
# [**fingerprint**](../docs/glossary.md#fingerprint).
#
# Fc6 decides. From 224 pixels TF-slim and d2l.ai round down, and flatten 6400
# numbers (chapter 3): 2816 fewer, each with 4096 weights. Someone once counted
# 50,844,008 parameters and 6400, and asked what was wrong (apache/mxnet, issue
# 3348). Nothing: it is another AlexNet.
#
# The paper's and Caffe's have the same count. A fingerprint sees only what has
# weights.
#
# ## 3. What is the difference of two tables?
#
# Write it: the sorted names of the layers in which two tables differ, or which
# only one of them has. (`{row.name: row for row in table}` makes a dictionary,
# and `set(a) | set(b)` has the keys of both.)


# %%
def difference(table, other):
    return ...


mine = difference(networks.ALEXNET, networks.ONE_TOWER)
right = ["conv2", "conv4", "conv5", "norm1", "norm2"]
print("right" if mine == right else f"not {right} yet: {mine}")

# %% [markdown]
# Here is one way. `get` gives None for a name that is not there.


# %%
def difference(table, other):
    ours = {row.name: row for row in table}
    theirs = {row.name: row for row in other}
    names = sorted(set(ours) | set(theirs))
    return [name for name in names if ours.get(name) != theirs.get(name)]


print(difference(networks.ALEXNET, networks.ONE_TOWER))
print(difference(networks.ALEXNET, networks.CAFFE))

# %% [markdown]
# A stranger's network has no such table, and no such names. The package reads
# one from its layers, brings both into line, and compares. Here is a network as
# it stands in many tutorials: one tower, 224 pixels, no norms. (`_replace`
# gives a changed copy of a row.) What will `identify` say?

# %%
from alexnet_keras import building, rows

tutorial = [
    row._replace(rounding="down") if row.name == "conv1" else row
    for row in networks.ONE_TOWER
    if not isinstance(row, rows.Norm)
]
image = keras.Input((224, 224, 3))
stranger = keras.Model(image, building.build(tutorial, image))
print(exchange.identify(stranger))

# %% [markdown]
# Title, departures from the paper, counts. In a terminal it is `alexnet-keras
# identify FILE`, for files of Keras, ONNX (a format that many libraries write),
# PyTorch and Caffe. It makes no layer and runs no code of the file.
#
# Now spoil it: `pool1` shall have windows of 2 instead of 3. Will the count
# rise, fall or stay?

# %%
spoiled = [
    row._replace(filter_size=2) if row.name == "pool1" else row
    for row in tutorial
]
image = keras.Input((224, 224, 3))
stranger = keras.Model(image, building.build(spoiled, image))
print(exchange.identify(stranger))
stranger = None  # frees memory

# %% [markdown]
# It rises to 62,378,344, the one-tower network's, with its 9216. Two departures
# cancel: from 54 places a window of 2 makes 27, as one of 3 does from 55. **A
# fingerprint can lie.** The table does not: `pool1` and `conv1` are named, and
# the missing norms.
#
# ## 4. Can weights move house?
#
# Trained weights lie in other libraries' files. Caffe and PyTorch write a map
# [**channels first**](../docs/glossary.md#channels-first): all of channel 0,
# then all of channel 1. Keras writes all channels of a place, then the next
# place. Take 2 x 3 places with two channels. Which number of Keras' line is the
# second in theirs?

# %%
visualize.two_orders(rows=2, columns=3, channels=2)

# %% [markdown]
# **Figure.** The same twelve numbers in two lines, a colour for each channel.
# The numbers below say where each stands above.
#
# Number 2. Fc6 reads such a line, and its weights stand in the same order.
# Their kernel is (4096, 9216), ours (9216, 4096), so a transpose, `.T`, gives
# the right *shape*. How many of the 9216 rows then stand at their own place?

# %%
theirs = np.arange(9216)  # their line of pool5's 256 x 6 x 6
in_our_order = theirs.reshape(256, 6, 6).transpose(1, 2, 0).ravel()
print((in_our_order == theirs).sum(), "of", len(theirs))

# %% [markdown]
# Six. `transpose(1, 2, 0)` names the axes in their new order: what was axis 1
# comes first, then 2, then 0.
#
# Let us write a file as Caffe's users do, with random weights, in a folder that
# is removed later, and treat it as a stranger's. Convolutions are (filters,
# channels, rows, columns) there.

# %%
rng = np.random.default_rng(15)
arrays = {}
for line in shapes.table(networks.CAFFE):
    if line.kernel:
        *inputs, outputs = line.kernel
        kernel = rng.standard_normal((outputs, *inputs[::-1]), "float32")
        arrays[f"{line.name}_w"] = kernel * np.float32(np.prod(inputs) ** -0.5)
        arrays[f"{line.name}_b"] = np.zeros(outputs, "float32")

folder = tempfile.TemporaryDirectory()
path = pathlib.Path(folder.name) / "stranger.npz"
np.savez(path, **arrays)
print(arrays["conv2_w"].shape, arrays["fc6_w"].shape)

# %% [markdown]
# Whose is it? Weights have no strides and no norms. What can `identify` still
# say?

# %%
print(exchange.identify(path))

# %% [markdown]
# The paper's, or one of Caffe's two (CaffeNet pools before it normalizes): it
# does not guess. You know that it is Caffe's, whose pictures are BGR: blue
# comes first. In place of `...`, bring conv1's kernel (filters, channels, rows,
# columns) to Keras' (rows, columns, channels, filters), and turn its channels
# to RGB.


# %%
def to_keras(kernel):
    return ...


small = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
mine = np.array(to_keras(small))
fine = mine.shape == (4, 5, 3, 2) and mine[3, 1, 0, 1] == small[1, 2, 3, 1]
print("right" if fine else f"not yet: shape {mine.shape}")


# %% [markdown]
# Here is one way, held against the package's `load`, which gives a whole
# network. Fc6 has four axes, too, before it is flattened.


# %%
def to_keras(kernel):
    return kernel.transpose(2, 3, 1, 0)[:, :, ::-1]


def fc6_to_keras(kernel):
    maps = kernel.reshape(4096, 256, 6, 6)  # unit, channel, row, column
    return maps.transpose(2, 3, 1, 0).reshape(9216, 4096)


caffe = exchange.load(path)
folder.cleanup()
kernels = {name: caffe.get_layer(name).kernel for name in ("conv1", "fc6")}
print(np.array_equal(kernels["conv1"], to_keras(arrays["conv1_w"])))
print(np.array_equal(kernels["fc6"], fc6_to_keras(arrays["fc6_w"])))

# %% [markdown]
# Shapes prove nothing, so test with a photo. Caffe's own answer is its kernel
# times pool5, channels first. How far from it is ours, and how far is a plain
# transpose, as a share of the right answer?

# %%
photo = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
photo = np.array(photo.crop((100, 0, 500, 400)).resize((227, 227)))[None]
to_pool5 = keras.Model(caffe.input, caffe.get_layer("pool5").output)
pool5 = to_pool5(photo).numpy()[0]

truth = np.maximum(arrays["fc6_w"] @ pool5.transpose(2, 0, 1).ravel(), 0)
for name, kernel in (
    ("ours", fc6_to_keras(arrays["fc6_w"])),
    ("plain", arrays["fc6_w"].T),
):
    found = np.maximum(pool5.ravel() @ kernel, 0)
    error = np.sqrt(((found - truth) ** 2).sum() / (truth**2).sum())
    print(f"{name}: {error:.0%} apart")

# %% [markdown]
# The plain transpose runs, complains of nothing, and is wrong.
#
# The paper's network and Caffe's have kernels of the same shapes. Give the
# paper's these weights: same answers?

# %%
from alexnet_keras.models import AlexNet

paper = AlexNet(rescaling=networks.NETWORKS["caffe"].rescaling)
paper.set_weights(caffe.get_weights())
answers = [np.array(one(photo))[0] for one in (paper, caffe)]

print("the same answer:", np.allclose(*answers, rtol=0.01))
norms = [one.get_layer("norm1") for one in (paper, caffe)]
print([(norm.bias, norm.alpha, norm.groups) for norm in norms])
paper = caffe = arrays = None  # frees memory

# %% [markdown]
# No: the norms differ, and have no weights. So weights belong to a *table*,
# constants, order and colours included. **Every "AlexNet" you meet is a
# different one.**
#
# ## 5. How do you examine a network?
#
# A wrong network seldom stops. It compiles, its loss falls, and it is worse
# than it should be. What you need is a [**probe**](../docs/glossary.md#probe) :
# a measurement that comes out differently with the fault than without it.
# `clinic` has a healthy `AlexNetMini` with random weights, and broken ones that
# got the same weights, all compiled Keras networks. `examine` sends ten
# pictures through a network and takes all probes. First the healthy one. Which
# loss do you expect, and how much of a weight of 1 should 10,000 steps of the
# paper's weight decay leave, at a rate of 0.01 (chapter 10)?

# %%
from alexnet_keras import clinic

healthy = clinic.examine(clinic.healthy())
print(healthy)

# %% [markdown]
# How to read it:
#
# - `parameters` and `shape`: against the table (chapters 3 and 8).
# - `above 0`: a ReLU's usual half; more behind a pool; nearly 0% would be dead
#   (chapter 4).
# - `spread`: of all values (chapter 10's was of what differs between pictures).
#   It should neither die out nor explode. Fc8 gives probabilities, all near
#   10%.
# - `apart`: how far a layer's numbers are from the healthy network's, as in
#   section 4.
# - Then the first loss, near ln 10; the loss of answers that could not be
#   better, 0; what decay leaves, 0.607; and whether a test repeats (chapter 8).
#
# Now a patient, with its chart beside the healthy one. Which probe shows
# something, and what do you suspect?

# %%
ill = clinic.examine(clinic.example())
print(ill)
visualize.charts({"healthy": healthy, "patient": ill})

# %% [markdown]
# **Figure.** Values above 0, spread, and distance from the healthy network,
# layer by layer, of the healthy network (grey) and of the patient (red).
#
# Only `apart`, and from conv1 on. Shapes and counts are right, so nothing is
# missing; `spread` and `above 0` are nearly unchanged, so the weights have the
# right size. Right numbers at wrong places, in the first layer. What does conv1
# read, which could be in another order? Colours. A second probe must confirm
# it. If the patient's conv1 expects BGR, what will you see when you give it
# BGR?

# %%
turned = clinic.examine(clinic.example(), clinic.pictures()[..., ::-1])
print({f"{line.apart:.0%}" for line in turned.lines})

# %% [markdown]
# Not apart at all, in any layer. That is the way of the clinic: **the first
# line that differs says where, the column says what, and a probe of your own
# confirms it.** Six more patients wait in the exercises.
#
# ## 6. What holds of what is said?
#
# Sixteen chapters have tested many claims: the paper's, the article's with
# which this course began, the program's (`source`), that of the museum which
# published it, and others'. They stand in one
# [**ledger**](../docs/glossary.md#ledger), each with a status. *Exact*: shown
# by computing. *Shown small*: measured on small networks, a hint. *Needs
# ImageNet*: not shown here. *Contradicted*: arithmetic or the program says
# otherwise, at least in part. Guess: how many of the paper's are contradicted?

# %%
from alexnet_keras import ledger

claims = ledger.read()
every = [claim.status for claim in claims]
print({status: every.count(status) for status in ledger.STATUSES})
for source in ledger.SOURCES:
    own = [claim.status for claim in claims if claim.source == source]
    print(source, [own.count(status) for status in ledger.STATUSES])
visualize.ledger(claims)

# %% [markdown]
# **Figure.** The claims by who makes them: shown exactly (blue), shown in small
# (light blue), in need of ImageNet (grey), contradicted (red).
#
# Few. (What stands *elsewhere* was mostly collected because it went wrong.)
# What the paper says of sizes and counts mostly holds; what it says of errors
# needs a million photos, and we do not pretend otherwise. Here is one of its
# claims of each kind.

# %%
theirs = [claim for claim in claims if claim.source == "paper"]
for status in ledger.STATUSES:
    claim = next(claim for claim in theirs if claim.status == status)
    print(f"{status} (paper, {claim.section}): {claim.says}")
    print(f"   {claim.found}")
    print(f"   {claim.chapter} | {claim.cell}")
    print(f"   {claim.test}")

# %% [markdown]
# Each row names a chapter, code of the cell that shows it, and a test that
# fails if the finding should change: follow one. All rows are in
# [docs/ledger.md](../docs/ledger.md).
#
# Some claims can be repeated in small: take one part away, train anew, compare.
# Here with `AlexNetMini` on `solids`, 12 epochs, three seeds each. Guess which
# are worse, by every seed: without LRN, overlapping windows, dropout,
# augmentation, conv4, or with tanh?

# %%
from alexnet_keras.datasets import ablations

groups = ablations.by_variant(ablations.read())
for name, runs in groups.items():
    if name != ablations.WHOLE:
        print(f"{name}: {ablations.verdict(runs, groups[ablations.WHOLE])}")
visualize.ablations(groups)

# %% [markdown]
# **Figure.** Right answers on 1,000 pictures that were kept back, a dot for
# each seed. The band is the range of the whole network's three. The paper's
# start has 2012's weights, on raw pixels.
#
# One part of the paper shows in so short a run: windows that overlap. Dropout
# slows it down, and from today's start tanh is ahead (chapter 4). For the rest,
# seeds differ by more than parts do. That refutes nothing: it takes ImageNet.
# [docs/ablations.md](../docs/ablations.md) has the table.
#
# ## AlexNet so far
#
# All of it yours:

# %%
print(shapes.summary(networks.ALEXNET))

# %% [markdown]
# ## Three takeaways
#
# 1. "AlexNet" names a family. A count is a fingerprint; only the table says
#    which network it is.
# 2. Weights belong to a table, with its order of axes and colours. The right
#    shape proves nothing: compare outputs.
# 3. A fault is found by a probe that comes out differently with it. The first
#    line that differs says where.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: fingerprints
#
# Networks with other numbers of classes. `a` has 57,044,810 weights and biases
# and ten classes, `b` has 47,566,408 and 200, `c` has 58,289,538 and two. Each
# is one of `"paper"`, `"one tower"`, `"torchvision"`, `"TF-slim"` and `"d2l"`.
# `d` is the paper's, with 57,286,118: how many classes has it?

# %%
found = {"a": ..., "b": ..., "c": ..., "d": ...}
ex.q1.check(found)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: the way back
#
# Turn an fc6 kernel of Keras, `(side * side * channels, units)`, into that of a
# library with channels first: `(units, channels * side * side)`. It is checked
# on small maps of `side` x `side`.


# %%
def to_channels_first(kernel, side): ...


ex.q2.check(to_channels_first)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: errors of others
#
# A well-known university course turns AlexNet's fc6 into a convolution with
# filters of 7 x 7 over 512 channels. Which side and how many channels are
# right, and how many times too many weights does its fc6 have? A well-known
# book says that two fully connected layers of AlexNet take nearly 1 GB. How
# many megabytes (a million bytes) are fc6 and fc7, weights and biases in
# float32? And in training, when each also has a gradient and a momentum?

# %%
mended = {
    "side": ...,
    "channels": ...,
    "times_too_many": ...,
    "megabytes": ...,
    "in_training": ...,
}
ex.q3.check(mended)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %% [markdown]
# ### The clinic: six patients
#
# Each has one fault. `clinic.patient_1()` gives the first; examine it as in
# section 5. (`clinic.py` holds the answers. Peek after you have found them.)
# Name the layer where the fault begins, or `"loss"`, or `"optimizer"`, and the
# diagnosis, from this list. A wrong suspicion is told which probe rules it out.

# %%
for name, words in ex.DIAGNOSES.items():
    print(f"{name}: {words}")

# %%
# print(clinic.examine(clinic.patient_1()))
answers = {  # (layer, diagnosis)
    1: (..., ...),
    2: (..., ...),
    3: (..., ...),
    4: (..., ...),
    5: (..., ...),
    6: (..., ...),
}
ex.check_patients(answers)

# %%
# ex.patient_1.hint()  # or patient_2 to patient_6
# ex.patient_1.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# The course ends here, and you can do what few who say "AlexNet" can: compute
# each of its sizes, write it row by row, train it on one device, two, or many
# machines, look inside, and say what of all this is proved.
#
# Three ways on. **Your own photographs**: a folder with a subfolder for each
# class is enough, `alexnet-keras train --data FOLDER`; begin with a few hundred
# of each, and watch the validation set. **Several GPUs**: the same command with
# `--strategy mirrored`; [many machines](../docs/many-machines.md) has the rest.
# **The paper itself**, nine pages. Read it now, with the ledger beside it. You
# will know every sentence, and where to doubt.
