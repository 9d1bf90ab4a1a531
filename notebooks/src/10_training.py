# %% [markdown]
# # 10. Why does it not learn, and then does?
#
# > **You will be able to** find out why a network does not learn, write the
# > paper's step by hand, stop a run and go on bit for bit, and look up what
# > ails a run by its symptom.
# >
# > **Takes** a minute and a half to run on two cores; plan an hour and a half
# > to work through it.
# >
# > **Needs** no GPU, and pictures that are rendered here. **Stands on**
# > chapters 4 (bends), 8 (loss) and 9 (data).

# %% tags=["setup"] lit="all"

# %% [markdown]
# You have the network and the pictures. Many brought the two together, and
# nothing happened: no error, and no learning. Why?
#
# ## Before you begin
#
# A batch takes 6 ms to make and a step 4 ms; batches are made ahead. How many
# milliseconds pass from one step to the next, in the long run? And how many
# views of 64 x 64 pixels, with the mirror, are there in 73 x 73?

# %%
from alexnet_keras.exercises import training as ex

ex.recall.check((..., ...))  # milliseconds, views

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. Which K?
#
# Three people reported a loss that stays: 6.91 after 61,065 steps
# (uoguelph-mlrg/theano_alexnet, issue 33), 2.31 (pytorch/examples, 152) and
# 0.6945 (chenyuntc/pytorch-book, 58). How many classes had each? Knowing
# nothing costs ln K, and e to the power of a loss undoes ln.

# %%
import dataclasses
import pathlib
import tempfile

import keras
import numpy as np
from PIL import Image

from alexnet_keras import data, networks, recipes, shapes, training, visualize
from alexnet_keras.datasets import solids
from alexnet_keras.models import match_fan_ins

for loss in (6.91, 2.31, 0.6945):
    print(f"{loss}: {np.exp(loss):.0f} classes")

# %% [markdown]
# 1000, 10 and 2, as far as such digits tell. All three gave every class the
# same chance, whatever they saw. Call it **the wall at ln K**, and run into it.
#
# ## 2. Which of four starts learns?
#
# How the first weights are drawn is the
# [**initialization**](../docs/glossary.md#initialization):
#
# - **2012**: a spread (standard deviation) of 0.01 (0.03 in conv3 to conv5,
#   says the authors' code), and biases of 1 in conv2, conv4, conv5, fc6 and fc7
#   (paper, section 5).
# - **He** (2015): a spread of sqrt(2 / n), where n counts the terms of a sum,
#   and biases of 0.
#
# The pictures come minus their mean: **raw**, or divided by their spread to
# **unit** spread. Here are 640 to learn from and 100 kept back, as a folder of
# folders, which `data.load` reads.

# %%
# %%capture
folder = pathlib.Path(tempfile.mkdtemp())
rendered = solids.render([*range(10)] * 74, seed=10)
for number, picture in enumerate(rendered):
    part = "train" if number < 640 else "val"
    place = folder / part / solids.CLASS_NAMES[number % 10]
    place.mkdir(parents=True, exist_ok=True)
    small = Image.fromarray(picture).resize((73, 73))
    small.save(place / f"{number}.png")
pictures = data.load(folder, size=64)

# %% [markdown]
# A `Recipe` holds all settings of a run; `replace` copies one with some of them
# changed. A batch has 64 pictures, so 14 epochs are 140 steps.


# %%
replace = dataclasses.replace
base = replace(recipes.COURSE, epochs=14, learning_rate=0.01)
base = replace(base, dropout=0, color_noise=False)
starts = {
    "2012, raw": replace(base, initialization="2012", unit_variance=False),
    "2012, unit": replace(base, initialization="2012", unit_variance=True),
    "He, raw": replace(base, initialization="he", unit_variance=False),
    "He, unit": replace(base, initialization="he", unit_variance=True),
}
print("spread of the pixels:", round(pictures.colors.scale))

# %% [markdown]
# `AlexNetMini` stands in for AlexNet. But its sums have fewer terms (conv1 adds
# 75 numbers, not 363), so for it 2012's weights are too small. `match_fan_ins`
# enlarges them until sums are as large as in the whole network. (`heard`, what
# fc7 gives for 64 pictures, is for section 4.)

# %%
some = next(iter(pictures.evaluation(64)))[0].numpy()


def build(recipe, seed=2012):
    network = training.build("mini", recipe, pictures, seed=seed)
    if recipe.initialization == "2012":
        match_fan_ins(network)
    return network


# %%
def train(network, recipe, pictures=pictures):
    to_fc7 = keras.Model(network.input, network.get_layer("fc7").output)
    heard = [to_fc7.predict_on_batch(some)]

    def listen(epoch, logs):
        heard.append(to_fc7.predict_on_batch(some))

    listening = keras.callbacks.LambdaCallback(on_epoch_end=listen)
    options = {"callbacks": [listening], "verbose": 0}
    return training.fit(network, recipe, pictures, **options), heard


# %% [markdown]
# Which of the four leave the wall? Which starts far above it?

# %%
trained, losses, heard = {}, {}, {}
for title, recipe in starts.items():
    trained[title] = build(recipe)
    history, heard[title] = train(trained[title], recipe)
    losses[title] = history["cross_entropy"]

# %%
for title, values in losses.items():
    last = values[-1]
    at_wall = abs(last - np.log(10)) < 0.05
    print(f"{title}: at the wall {at_wall}, below 1.9 {last < 1.9}")
print("He, raw: first epoch above 3:", losses["He, raw"][0] > 3)
visualize.starts(losses)

# %% [markdown]
# **Figure.** The loss in each of 14 epochs from four starts, against the line
# ln 10. One comes to the line and stays there.
#
# **2012's weights on unit inputs never leave the wall.** On raw inputs they do,
# and He's do on both. (He, raw starts far too high.) Nothing else differs: same
# pictures, rate, seed. (With 0.01 in *all* layers, as the paper has it, even
# raw inputs were only at 2.25 in the end.)
#
# AlexNet itself does the same, on photos of ten classes: after three epochs
# 45.0% right from raw inputs (30.6% with 0.01 in all layers), 9.9% and a loss
# of 2.303 from unit ones. A re-run of the paper met this, too
# (xevolesi/alexnet_pytorch).
#
# ## 3. Where do the pictures get lost?
#
# The loss can only fall if the network answers different pictures differently.
# So send 64 pictures through each *fresh* network, and subtract the mean over
# the pictures: what is left is what differs. How large is its spread at fc7,
# about 1, 0.1 or 0.01? And where does it fade?


# %%
def spreads(network):
    layers = [layer for layer in network.layers if layer.weights][:-1]
    look = keras.Model(network.input, [layer.output for layer in layers])
    found = {}
    for layer, values in zip(layers, look.predict_on_batch(some), strict=True):
        found[layer.name] = (values - values.mean(axis=0)).std()
    return found


fresh = {title: spreads(build(recipe)) for title, recipe in starts.items()}
for title, found in fresh.items():
    print(f"{title}: {found['conv1']:.2g} at conv1, {found['fc7']:.2g} at fc7")
visualize.spreads(fresh)

# %% [markdown]
# **Figure.** How much differs from picture to picture in what each layer hands
# on, before any training. On this axis each number is ten times the one below.
#
# Behind conv3, He's weights lose next to nothing; before it, the two norms
# divide. 2012's take much, in conv1 already. Raw pictures are 45 times as loud,
# so something arrives. Of unit ones 0.0084 is left, on top of values near 1,
# which the biases make, the same for every picture. (In AlexNet itself: 0.170
# and 0.0059.) Fc8 hardly hears such a whisper, and on its way back the gradient
# fades through the same weights.
#
# ## 4. Does the whisper grow?
#
# 140 steps have passed. Is the stuck network's fc7 louder now?

# %%
parted = {}
for title in ("2012, raw", "2012, unit"):
    values = np.array(heard[title])  # (epochs + 1, pictures, units)
    away = values - values.mean(axis=1, keepdims=True)
    parted[title] = away.reshape(len(values), -1)
    first, last = parted[title][0].std(), parted[title][-1].std()
    print(f"{title}: {first:.2g} at first; above 0.5 at last: {last > 0.5}")
visualize.signals(parted)

# %% [markdown]
# **Figure.** Upwards what differs between pictures in fc7, to the right the
# epochs; the darker, the more values. What is beyond 1 is counted at the edge;
# at 0 are units that are 0 for all pictures. One network's values part, the
# other's stay a thin line.
#
# The whisper even fades. So look at the spread, not only at the loss: it tells
# you before the first step.
#
# ## 5. Which weights keep a picture as loud?
#
# Take eight layers of 256 units, with ReLU and without biases. Which spread of
# the weights hands on what it got, 0.01, sqrt(1 / 256) or sqrt(2 / 256)?

# %%
rng = np.random.default_rng(10)
for deviation in (0.01, np.sqrt(1 / 256), np.sqrt(2 / 256)):
    values = rng.normal(size=(64, 256))
    for _ in range(8):
        weights = rng.normal(0, deviation, (256, 256))
        values = np.maximum(values @ weights, 0)
    size = np.sqrt((values**2).mean())
    print(f"{deviation:.2g}: {size:.1g} after eight layers")

# %% [markdown]
# He's. A sum of n products has n times the mean square of one, and ReLU takes
# half, so the weights need a variance of 2 / n. **The scale of the start
# decides.** There are three ways through the wall:
#
# 1. **Shout**: raw inputs, with 2012's weights.
# 2. **Pass on what you get**: He's weights, with unit inputs. Today's way.
# 3. **Turn it up on the way**: measure what each layer gives, and rescale, once
#    (exercise 1) or in every step (batch normalization, chapter 5).
#
# ## 6. What is a step?
#
# Chapter 2's step went against the gradient. The paper's has a velocity v, and
# decay in it (paper, section 5):
#
# new v = 0.9 x v - rate x (gradient + 0.0005 x weight)
#
# new weight = weight + v
#
# The 0.9 is the [**momentum**](../docs/glossary.md#momentum): so much of v is
# kept, and the weight rolls on. If the gradient is 1 in every step and the rate
# 0.01, how long is a step in the end: 0.01, 0.09, 0.1?


# %%
def step(weight, v, gradient, rate=0.01, decay=0.0005):
    v = 0.9 * v - rate * (gradient + decay * weight)
    return weight + v, v


weight, v, lengths = 0.0, 0.0, []
for _ in range(100):
    weight, v = step(weight, v, gradient=1, decay=0)
    lengths.append(abs(v))
print([f"{length:.3f}" for length in lengths[:3]], f"... {lengths[-1]:.3f}")

# %% [markdown]
# 0.1, ten times the first: 1 + 0.9 + 0.81 + ... is 1 / (1 - 0.9) = 10. Where
# gradients agree, steps grow tenfold; where they change sign, they cancel.
#
# Now Keras. The package puts the decay into the loss, as 0.00025 x weight ** 2
# (`L2(0.00025)`), whose gradient is 2 x 0.00025 x weight. `SGD` also has an
# argument `weight_decay`, and 0.0005 looks right. Which agree with our loop
# over 1000 random gradients: the package's `MomentumSGD` with L2, `SGD` with
# L2, `SGD` with `weight_decay`?


# %%
def by_keras(optimizer, gradients, l2=0.0):
    weight = keras.Variable([1.0])
    optimizer.build([weight])
    for gradient in gradients:
        pulled = gradient + 2 * l2 * weight.numpy()
        optimizer.apply([keras.ops.convert_to_tensor(pulled)], [weight])
    return weight.numpy()[0]


SGD = keras.optimizers.SGD
gradients = rng.normal(size=(1000, 1)).astype("float32")
weight, v = 1.0, 0.0
for gradient in gradients:
    weight, v = step(weight, v, gradient[0])

# %%
results = {
    "MomentumSGD, L2": by_keras(
        recipes.MomentumSGD(0.01, 0.9), gradients, 0.00025
    ),
    "SGD, L2": by_keras(SGD(0.01, 0.9), gradients, 0.00025),
    "SGD, weight_decay": by_keras(
        SGD(0.01, 0.9, weight_decay=0.0005), gradients
    ),
}
for name, result in results.items():
    print(f"{name}: {abs(result - weight) < 1e-4}")

# %% [markdown]
# Not `weight_decay`. Keras takes rate x `weight_decay` x weight off each
# weight, apart from v. Let a weight of 1 decay for 10,000 steps without a
# gradient. What will either rule leave?

# %%
decayed = {"paper": [], "weight_decay": []}
weight, v, other = 1.0, 0.0, 1.0
for _ in range(10_000):
    weight, v = step(weight, v, gradient=0)
    other -= 0.01 * 0.0005 * other
    decayed["paper"].append(weight)
    decayed["weight_decay"].append(other)

still = np.zeros((1000, 1), "float32")
kept = by_keras(SGD(0.01, 0.9, weight_decay=0.0005), still)
same = abs(kept - decayed["weight_decay"][999]) < 1e-4
print(f"paper {weight:.3f}, weight_decay {other:.3f}; Keras does so: {same}")
visualize.decays(decayed)

# %% [markdown]
# **Figure.** A weight that no gradient moves, under the paper's decay (blue)
# and under Keras' argument of the same number (red, dashed).
#
# One word, two rules: 0.607 and 0.951. How much too weak is Keras', and why?
# See exercise 2.
#
# ## 7. How fast, and when?
#
# Long steps to get near, short ones to settle: the rate changes along a
# [**schedule**](../docs/glossary.md#schedule). The authors divided it by 10
# three times, by hand, when the validation error stopped falling (paper,
# section 5); in their files, after 25, 51 and 79 of 91 epochs. Ours rises
# evenly for an epoch, the [**warm-up**](../docs/glossary.md#warm-up), and then
# falls like half a wave of a cosine, (1 + cos) / 2. What is the rate of 2012 in
# epoch 60, and ours after half an epoch?

# %%
curves = {}
for title, recipe in (("2012", recipes.PAPER), ("ours", base)):
    schedule = recipes.learning_rate(recipe, steps_per_epoch=100)
    steps = range(1, 100 * recipe.epochs, recipe.epochs)
    rates = [float(schedule(one)) for one in steps]
    curves[title] = np.array(steps) / 100, rates
    for epoch in (0.5, 10, 60):
        if epoch < recipe.epochs:
            print(f"{title}, epoch {epoch}: {schedule(100 * epoch):.2g}")
visualize.schedules(curves, logarithmic=["2012"])

# %% [markdown]
# **Figure.** The learning rate of 2012, on an axis where each number is ten
# times the one below, and that of this chapter's runs.
#
# 0.0001, after two of three falls, and 0.005. What if one takes a rate a
# thousand times too large?

# %%
bold = replace(starts["He, unit"], epochs=2, learning_rate=10, warm_up=0)
history, _ = train(build(bold), bold)
bounded = np.max(history["cross_entropy"]) < 1e6  # False for nan and inf, too
print("all losses below a million:", bounded)

# %% [markdown]
# They left all bounds. Where this was written, the loss ended as `nan` with
# each of four seeds, and 10% were right. At a rate of 0.3 it was at the wall
# after three epochs.
#
# ## 8. What must be kept?
#
# A [**checkpoint**](../docs/glossary.md#checkpoint) keeps what a run needs to
# go on when it was interrupted: the weights, and what else? Here 60 pictures
# are learned in 12 steps, with dropout and shifted colours. A `Checkpointer`
# writes every second step. In step 7 someone pulls the plug.

# %%
# %%capture
few = data.load("solids/tiny", size=64)

# %%
from alexnet_keras import runs
from alexnet_keras.runs import checkpoints

short = replace(recipes.COURSE, epochs=3, batch_size=15)


class Plug(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 7:
            raise KeyboardInterrupt("the plug is pulled")


# %%
def begin(seed=1):
    return training.build("mini", short, few, seed=seed)


def finish(network, callbacks=()):
    training.fit(network, short, few, callbacks=callbacks, verbose=0)
    return network


# %%
run = runs.Run.create(folder / "run", again=True)  # if this cell runs twice
broken = begin()
keeper = runs.Checkpointer(run, broken, {}, [], steps_per_epoch=4, every=2)
try:
    finish(broken, [keeper, Plug()])
except KeyboardInterrupt as stop:
    print(f"{stop}; kept: {keeper.place}")
run.close()

# %% [markdown]
# Step 7 is lost. `restore` gives a network what was kept. Four networks are
# held against one that was never interrupted: one goes on; one goes on without
# its velocities; one begins anew with the same seed, one with another. Which
# end with equal weights, to the last bit?


# %%
def equal(network):
    pairs = zip(network.get_weights(), whole.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


whole = finish(begin())
kept = checkpoints.read(run.folder)
resumed, forgetful = begin(seed=99), begin(seed=99)
for network in (resumed, forgetful):
    kept.restore(network)
for velocity in forgetful.optimizer.momentums:
    velocity.assign(0 * velocity)

# %%
print("goes on:           ", equal(finish(resumed)))
print("without velocities:", equal(finish(forgetful)))
print("same seed:         ", equal(finish(begin())))
print("another seed:      ", equal(finish(begin(seed=2))))

# %% [markdown]
# Bit for bit, though step 7 was done again: on one processor, equal seeds, data
# and steps give equal numbers. (GPUs may add in another order: chapter 11.) So
# keep the weights, the velocities, the number of the step, and the states of
# the random generators. On the command line: `alexnet-keras train --resume`.
#
# ## 9. How good is it?
#
# Ask "He, unit" about the 100 pictures kept back, with one crop each and with
# ten (chapter 9). And ask the stuck network: does it name more than three of
# the ten classes?

# %%
learned, stuck = trained["He, unit"], trained["2012, unit"]
options = {"data": pictures, "verbose": 0}
one = training.evaluate(learned, **options)
ten = training.evaluate(learned, ten_crops=True, **options)
wall = training.evaluate(stuck, **options)
print(one["confusion"].sum(), "pictures")
print("four in ten right:", one["top1"] > 0.4, ten["top1"] > 0.4)
named = (wall["confusion"].sum(axis=0) > 0).sum()
print("the stuck one names more than three:", named > 3)
visualize.confusion(ten["confusion"], pictures.class_names)

# %% [markdown]
# **Figure.** What the network takes for what, by ten crops: a row for each true
# class, a column for each answer. Right answers lie on the diagonal.
#
# Where this was written they were 61 of 100; guessing gives 10. One percent is
# one picture here, so what ten crops change says little.
#
# ## 10. It does not learn. What now?
#
# One case is left: the labels are mixed up. Here `permutation` deals them out
# anew. Will the loss of the good start stay at the wall? And on the validation
# set, whose labels are right?

# %%
split = pictures.splits["train"]
mixed = split._replace(labels=rng.permutation(split.labels))
mixed = pictures._replace(splits={**pictures.splits, "train": mixed})

recipe = starts["He, unit"]
history, whispers = train(build(recipe), recipe, mixed)
training_loss = history["cross_entropy"][-1]
print("training between 2 and ln 10:", 2 < training_loss < np.log(10))
print("validation above 2.28:", history["val_cross_entropy"][-1] > 2.28)
away = whispers[-1] - whispers[-1].mean(axis=0)
print("spread at fc7 above 0.05:", away.std() > 0.05)

# %% [markdown]
# It slowly learns by heart, and is no better than guessing on the validation
# set. That looks like the wall, but fc7 tells pictures apart.
#
# So when a run does not learn, see whether it can learn 60 pictures by heart
# (chapter 4). Then look here.
#
# | what you see | look at | tried in |
# |---|---|---|
# | loss stays at ln K | spread at fc7: input, weights | 2 to 5 |
# | first loss far above ln K | input too loud for weights | 2 |
# | `nan`, `inf`, huge losses | the rate: divide by 10 | 7 |
# | loss jumps, then stays at ln K | dead filters, long steps | chapter 4 |
# | near ln K, but fc7 differs | labels of twenty pictures | 10 |
# | few classes are ever named | as for ln K | 9 |
# | training falls, validation stays | overfitting | chapter 9 |
# | never below 5.91, K = 1000 | softmax applied twice | chapter 8 |
# | decay does next to nothing | the optimizer's `weight_decay` | 6 |
# | a resumed run goes elsewhere | velocities, random states | 8 |
#
# ## AlexNet so far
#
# As in chapter 8, but now you can let it learn.

# %%
print(shapes.summary(networks.ALEXNET, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. The scale of the start decides: weights and inputs must fit, so that what
#    differs between pictures arrives at the end.
# 2. The paper's step has a velocity. Its decay goes through v, so in Keras it
#    is `L2(0.00025)`.
# 3. Keep weights, velocities, step and random states, and a run goes on bit for
#    bit.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: rescue a stuck run
#
# `ex.stuck()` gives a network of fully connected layers and 128 examples; it
# does not learn. Write a function that returns such a network with weights from
# which it learns four classes. It is tried on three networks with different
# faults, each of which then gets 150 steps at a rate of 0.05.
# (`layer.get_weights()` gives kernel and bias, `layer.set_weights([...])` takes
# them.)


# %%
def rescue(network, examples):
    for layer in network.layers:
        kernel, bias = layer.get_weights()
        ...
    return ...


ex.q1.check(rescue)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: too weak a pull
#
# - `keras_decay`: which `weight_decay` gives Keras' SGD, with a momentum of
#   0.9, the paper's pull?
# - `times_too_weak`: with a momentum of 0.8 in both rules, how many times too
#   weak is `weight_decay=0.0005`?
# - `left`: what is left of a weight of 1 after 30,000 steps of the paper's rule
#   without a gradient, at a rate of 0.001?
# - `l2`: which number makes `L2` the paper's rule with a decay of 0.001?

# %%
pulls = {
    "keras_decay": ...,
    "times_too_weak": ...,
    "left": ...,
    "l2": ...,
}
ex.q2.check(pulls)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: what to expect
#
# - `top5`: which share is right by top-5, if a run with 1000 equally frequent
#   classes is stuck?
# - `unequal`: of two classes one has 90% of the pictures. A network has learned
#   only this. Its loss?
# - `warm_up`: the rate after 5 steps of a warm-up of 20, up to 0.01?
# - `half_way`: the rate in the middle of a cosine that begins at 0.01?
# - `epoch_120`: the rate in epoch 120 of 182, if 2012's falls are spread over
#   182 epochs as over 91?

# %%
expected = {
    "top5": ...,
    "unequal": ...,
    "warm_up": ...,
    "half_way": ...,
    "epoch_120": ...,
}
ex.q3.check(expected)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# It learns, on one device. Chapter 11 trains it on two, and asks what changes.
