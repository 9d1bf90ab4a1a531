# %% [markdown]
# # 14. What when one machine is too small?
#
# > **You will be able to** tell several machines who they are, start two
# > workers on your own and prove that they end where one does, survive the
# > loss of a worker, count the bytes that machines exchange, and say when more
# > of them stop paying.
# >
# > **Takes** a minute to run on two cores; plan an hour and a half to work
# > through it.
# >
# > **Needs** no GPU, no network, no second machine, and a few pictures that
# > are rendered here. **Stands on** chapters 10 (training) and 11 (two GPUs).

# %% tags=["setup"] lit="all"

# %% [markdown]
# Chapter 11 trained one network on two devices of one machine. A machine holds
# a few GPUs, and then it is full. What changes when devices stand in several
# machines?
#
# ## Before you begin
#
# Chapter 13 looked for a photo's neighbours. Two photos lie close together in
# fc7. What does that say?
#
# - a: their pixels have nearly the same colours
# - b: the network takes them for nearly the same thing
# - c: fc7 has nearly the same weights for both
# - d: the network is sure of its answer for both

# %%
from alexnet_keras.exercises import beyond_one_machine as ex

ex.recall.check(...)  # "a", "b", "c" or "d"

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. Who are the others?
#
# On several machines the *same* program is started once on each. A program that
# runs is a [**process**](../docs/glossary.md#process): it has memory of its
# own, and no other process can read it. A process that trains together with
# others is a [**worker**](../docs/glossary.md#worker). To talk, workers need
# each other's [**address**](../docs/glossary.md#address): the name of a
# machine, and a port, the number of one of its doors.
#
# So each worker must know two things: the addresses of all, and which is its
# own.

# %%
import json
import os
import pathlib
import sys
import tempfile
import time
from unittest import mock

import numpy as np

from alexnet_keras import costs, data, exchange, networks, shapes, visualize
from alexnet_keras.runs import clusters, workers

visualize.cluster(["left:4001", "middle:4001", "right:4001"])

# %% [markdown]
# **Figure.** Three workers on machines called left, middle and right. Each has
# the whole list; its own line is orange.
#
# TensorFlow reads list and number from `TF_CONFIG`, an environment variable: a
# text that a program is given when it starts. Here it is for two workers. Which
# part will differ for worker 1?

# %%
addresses = ["left:4001", "right:4001"]
print(workers.environment(addresses, 0)["TF_CONFIG"])
print(workers.environment(addresses, 1)["TF_CONFIG"])

# %% [markdown]
# Only the last number. The text is JSON: dictionaries, lists, strings and
# numbers, written nearly as in Python. Worker 0 is the
# [**chief**](../docs/glossary.md#chief), who alone writes checkpoints.
#
# You have one machine, but it can hold several processes. They reach each other
# at 127.0.0.1, the [**loopback**](../docs/glossary.md#loopback) address: what
# is sent there comes back to the same machine, without a network. `started`
# picks free ports, starts a command several times, and ends them all when the
# `with` block ends, even by an error. `communicate` waits for a process and
# returns what it printed. An exit code of 0 means that all went well.
#
# The program below only prints what it was told. (`sys.executable` is this
# Python, and `-c` hands it a program as text.) Start it three times: how many
# different lists come back, how many machines, how many ports?

# %%
os.environ["CUDA_VISIBLE_DEVICES"] = "-1"  # the workers leave a GPU alone


def run(count, command):
    with workers.started(count, command) as processes:
        said = [process.communicate()[0] for process in processes]
    print("exit codes:", [process.returncode for process in processes])
    return said


# %%
program = "import os; print(os.environ['TF_CONFIG'])"
told = [json.loads(text) for text in run(3, [sys.executable, "-c", program])]

lists = [config["cluster"]["worker"] for config in told]
print("who am I:", [config["task"]["index"] for config in told])
print("same list:", lists[0] == lists[1] == lists[2])
print("machines:", {address.split(":")[0] for address in lists[0]})
print("ports:", len({address.split(":")[1] for address in lists[0]}))

# %% [markdown]
# One program, one list, three numbers. On three real machines, only the list
# would be another.
#
# ## 2. Who reads which picture?
#
# Nobody hands out the pictures. Each worker has all of them, the same seed, and
# so the same order. It knows its number, and takes its part. The batch that you
# name is the global batch of chapter 11. Ours has 12 pictures; `worker` is the
# number and the count. What will worker 1, the second, read?

# %%
# %%capture
# the first time they are rendered, which takes a moment
pictures = data.load("solids/tiny", size=64)


# %%
def labels_of(worker):
    batches = pictures.train(12, worker=worker).take(2)
    return [labels.numpy().tolist() for _, labels in batches]


read = {
    "one worker": labels_of((0, 1)),
    "worker 0 of 2": labels_of((0, 2)),
    "worker 1 of 2": labels_of((1, 2)),
}
for name, batches in read.items():
    print(name, batches)
visualize.order(read)

# %% [markdown]
# **Figure.** The labels of two batches, the darker the higher, as one worker
# reads them and as two do. A gap ends a batch. Worker 0 reads the first half of
# every batch, worker 1 the second.
#
# If the workers get equal parts, every picture is read once.
#
# ## 3. One program, one worker or two
#
# Now train. The program comes in three pieces. Only the first looks for
# machines: it reads `TF_CONFIG` and makes a strategy, chapter 11's
# `MirroredStrategy` across processes.

# %%
who_am_i = """
from alexnet_keras import distribution
from alexnet_keras.runs import clusters

cluster = clusters.find_cluster()  # reads TF_CONFIG
strategy = clusters.strategy(distribution.start(1), cluster)
"""

# %% [markdown]
# The second piece builds `AlexNetMini`, the third trains it for three passes of
# five steps and saves all weights. Most lines you know. (`float64` and no
# dropout: chapter 11 said why.)

# %%
build = """
import keras
from alexnet_keras import data, models, training

keras.utils.set_random_seed(2012)
pictures = data.load("solids/tiny", size=64, report=lambda line: None)
scale = pictures.colors.mean, pictures.colors.scale
options = {"dropout": 0, "initialization": "he", "rescaling": scale}
with training.Precision("float64"), strategy.scope():
    network = models.AlexNetMini(classes=10, **options)
    sgd = keras.optimizers.SGD(0.01, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy()
    network.compile(sgd, loss, jit_compile=False)
"""

# %%
learn = """
import sys, time
import numpy as np

batches = data.shared_training(pictures, 12, strategy)  # its part of 12
for _ in range(3):
    began = time.perf_counter()
    network.fit(batches, steps_per_epoch=5, shuffle=False, verbose=0)
print((time.perf_counter() - began) / 5)  # seconds a step, of the last pass
weights = [np.ravel(values) for values in network.get_weights()]
np.save(f"{sys.argv[1]}-{cluster.index}.npy", np.concatenate(weights))
"""

# %% [markdown]
# Run it with a list of one address, then with two. Will the two workers end
# with equal weights, to the last bit? And will these equal those of the one?

# %%
temporary = tempfile.TemporaryDirectory()  # goes when the notebook closes
folder = pathlib.Path(temporary.name)
seconds = {}
for count in (1, 2):
    program = who_am_i + build + learn
    out = str(folder / f"{count}")
    said = run(count, [sys.executable, "-c", program, out])
    seconds[count] = float(said[0])

# %%
alone = np.load(folder / "1-0.npy")
first, second = np.load(folder / "2-0.npy"), np.load(folder / "2-1.npy")

print(f"{alone.size:,} weights")
print("the two are equal:", np.array_equal(first, second))
print("as one worker, below 1e-10:", np.abs(first - alone).max() < 1e-10)
print("biases of fc8 have moved:", np.abs(alone[-10:]).max() > 1e-5)

# %% [markdown]
# Two processes, which never saw each other's memory, hold the same 368,842
# weights. They are those of one process but for rounding: 1e-16 where this was
# written. The last line is chapter 11's question, whether the proof would have
# noticed: these biases began at 0.
#
# **Only the address list changes.**
#
# ## 4. How do they agree?
#
# By an all-reduce, as in chapter 11. But now the gradients go through cables.
# Chapter 11 drew the ring; here it is in code. Cut each gradient into as many
# pieces as there are workers. In every move each worker sends *one* piece to
# its right neighbour. In the first half of the moves the neighbour adds it to
# its own; later it replaces its own.


# %%
def ring(held):  # (workers, pieces)
    n, moments = len(held), [held]
    for move in range(2 * (n - 1)):
        sent, held = held, held.copy()
        for worker in range(n):
            right = (worker + 1) % n  # after the last comes the first
            piece = (worker - move) % n
            own = held[right, piece] if move < n - 1 else 0
            held[right, piece] = own + sent[worker, piece]
        moments.append(held)
    return moments


# %% [markdown]
# Give each of four workers a 1 in every piece. Then each number says how many
# gradients are in it. After how many moves is a piece complete, and after how
# many has every worker everything? (`some` tries numbers other than 1.)

# %%
moments = ring(np.ones((4, 4), int))
for move, held in enumerate(moments):
    print(f"after move {move}: {(held == 4).sum()} of 16 complete")
some = np.random.default_rng(14).integers(-9, 10, size=(4, 4))
print("right sums:", (ring(some)[-1] == some.sum(axis=0)).all())
visualize.ring(moments)

# %% [markdown]
# **Figure.** What four workers hold of four pieces: how many gradients are
# added up in each: the darker the blue, the more. Orange pieces are complete.
# After three moves every worker has one, after six all.
#
# 3 moves add up, 3 hand on, and in each a worker sends a quarter. With n
# workers it is 2 (n - 1) moves of an n-th.
#
# `costs.traffic` counts what crosses in a step because of each layer, over all
# workers together. An n-th of that is what one worker sends. AlexNet's gradient
# has 244 MB. With 16 workers instead of 2, does one send more, less or as much?


# %%
def sent(n):  # bytes, by each of n workers
    lines = costs.traffic(networks.ALEXNET, devices=n)
    return sum(line.bytes().data_parallel for line in lines) / n


print({n: f"{sent(n) / 1e6:.0f} MB" for n in (1, 2, 4, 8, 16)})

# %% [markdown]
# More, but never as much as two gradients, 488 MB.
#
# ## 5. What does a step cost?
#
# The paper's machine took five to six days for 90 passes over 1.2 million
# photos, 128 a step. Let that machine, with its two GPUs, be *one* worker, and
# buy more of them. Cables come with 1, 10 or 100 Gbit/s: thousands of millions
# of bits a second, eight to a byte. Take 10. On 16 machines, which will take
# longer, to compute or to talk?

# %%
compute = 5.5 * 24 * 60 * 60 / (90 * 1_200_000 / 128)  # seconds a step


def parts(n, gbits):
    talk = sent(n) / (gbits * 1e9 / 8)
    return {"compute": compute / n, "all-reduce": talk}


steps = {f"n = {n}": parts(n, gbits=10) for n in (1, 2, 4, 8, 16)}
for name, cost in steps.items():
    print(name, [round(duration, 3) for duration in cost.values()])
visualize.step_costs(steps)

# %% [markdown]
# **Figure.** A step of 128 photos on 1 to 16 of the paper's machines, computed
# for cables of 10 Gbit/s. Computing (blue) is shared; the all-reduce (orange)
# is not, and soon takes nearly all of the time.
#
# Sixteen times the machines, 1.4 times the speed. (Real systems hide part of
# the talk behind the backward pass.) And what did *your* two workers gain in
# section 3, against one?

# %% tags=["nbval-ignore-output"] reason="A time: it differs from run to run."
measured = {
    "one worker": {"measured": seconds[1]},
    "two workers": {"measured": seconds[2]},
}
visualize.step_costs(measured)

# %% [markdown]
# **Figure.** The time of a step of 12 pictures of `AlexNetMini`, measured on
# your machine with one worker and with two.
#
# Two workers on one machine share its cores, and one alone could use them all.
# So yours probably gained nothing. They show that the method is *right*, not
# how fast two machines are.
#
# ## 6. When do more workers stop paying?
#
# A step on n workers takes
#
# **computing / n + 2 (n - 1) / n x the gradient's bytes / bytes a second.**
#
# With many workers the first part goes to 0, the second to the time for two
# gradients. So there is a speed that no number of workers exceeds. For which
# cables will two machines be slower than one?

# %%
counts = [1, 2, 4, 8, 16, 32, 64]
speeds = {"without talk": [n / compute for n in counts]}
limits = {}
for gbits in (100, 10, 1):
    name = f"{gbits} Gbit/s"
    speeds[name] = [1 / sum(parts(n, gbits).values()) for n in counts]
    limits[name] = gbits * 1e9 / 8 / (2 * 4 * 60_965_224)
    print(name, [round(speed, 1) for speed in speeds[name][:3]], end=" ... ")
    print(f"at most {limits[name]:.1f} steps a second")
visualize.scaling(counts, speeds, limits)

# %% [markdown]
# **Figure.** Steps a second of 128 photos against the number of workers.
# Dashed: the limit of each cable. Dotted: one worker. Both axes are
# logarithmic: each number on the lower one is twice the one before, on the left
# one ten times.
#
# For 1 Gbit/s: there even 64 machines are seven times *slower* than one.
#
# Which layers are to blame? Chapter 8 found 96% of the weights in fc6 to fc8.
# Take 16 machines at 10 Gbit/s. How much faster than one would they be if only
# the convolutions' gradients had to travel? And if each kept 128 photos, in a
# batch of 2048, with one exchange instead of 16?

# %%
lines = costs.traffic(networks.ALEXNET, devices=16)
total = sum(line.data_parallel for line in lines)
convs = sum(line.data_parallel for line in lines if "conv" in line.name)
share, talk = convs / total, parts(16, gbits=10)["all-reduce"]

print(f"convolutions: {share:.1%} of the bytes")
print(f"as it is: {compute / (compute / 16 + talk):.1f} times as fast")
print(f"convolutions only: {compute / (compute / 16 + share * talk):.1f} times")
print(f"batch of 2048: {16 * compute / (compute + talk):.1f} times")

# %% [markdown]
# Three fully connected layers turn 11 into 1.4. A larger batch helps too,
# nearly ten times. Its price is chapter 11's: fewer steps an epoch, and another
# rate.
#
# Live on the website: [two machines on a cable of 1
# Gbit/s](explore:devices#speed=1&link=0.125), as replicas. Which link makes
# them faster than one?
#
# ## 7. What if a worker is lost?
#
# With more machines, it is likelier that one fails. The others cannot go on: an
# all-reduce needs everybody. So the chief writes checkpoints (chapter 10). Say
# worker 1 is lost after step 8, with a checkpoint after every third step. From
# which step do all go on?

# %%
print("last checkpoint: step", 8 // 3 * 3)
visualize.lost(num_steps=12, every=3, killed=8)

# %% [markdown]
# **Figure.** A job of 12 steps. Black lines are checkpoints. Worker 1 is killed
# after step 8; worker 0 notices and ends. Started again (orange), both go on
# after step 6. Steps 7 and 8, lost the first time (grey), are done again.
#
# Try it with the package's own command, which in a terminal is `alexnet-keras
# train --workers 2 ...`. (That starts two with `--strategy multiworker`, as we
# do here.) One job runs undisturbed, twenty steps with dropout, crops and
# colours. Of the other we kill worker 1 when there is a checkpoint.


# %%
def train(name, *more):
    options = "--data solids/tiny --model mini --batch-size 6 --epochs 2"
    options += " --checkpoint-steps 5 --strategy multiworker"
    options = options.split() + ["--run-dir", str(folder / name), *more]
    return [sys.executable, "-m", "alexnet_keras", "train", *options]


said = run(2, train("whole"))

# %%
with workers.started(2, train("broken")) as (chief, victim):
    while not (folder / "broken" / "checkpoint.npz").exists():
        if chief.poll() is not None:  # it has ended already
            break
        time.sleep(0.01)
    victim.kill()
    victim.communicate()
    said = chief.communicate()[0]
print("the chief's exit code:", chief.returncode)
print("says something:", len(said) > 0)
print("finished:", (folder / "broken" / "model.keras").exists())

# %% [markdown]
# What did the chief say at the end: nothing that helps, a page of errors, or
# who is lost and what to do?

# %% tags=["nbval-ignore-output"] reason="The port and the step differ."
print(said.splitlines()[-1].replace(str(folder), "."))

# %% [markdown]
# Do as it says, and start both again. Dropout, crops and the order of the
# pictures are random. Can the resumed job still end where the other did?


# %%
def trained(name):
    layers = exchange.read(folder / name).arrays.values()  # kernels, biases
    return np.concatenate([np.ravel(part) for pair in layers for part in pair])


said = run(2, train("broken", "--resume"))
print("resumed:", "Resuming from epoch" in said[0])
print("equal:", np.array_equal(trained("whole"), trained("broken")))

# %% [markdown]
# To the last bit, on machines of one kind. The checkpoint holds the step, the
# weights, the momentum and the random states (chapter 10).
#
# ## 8. The same job on a cluster
#
# On a cluster a scheduler, the program that shares out machines, starts the
# workers. It too only hands out the list. **Slurm** is usual at universities;
# its variables give a number to each process and name the machines. Say two
# workers are on node07, one on node08, and you are number 2. On which machine
# are you? (`mock.patch.dict` sets the variables for a moment.)

# %%
variables = {
    "SLURM_PROCID": "2",
    "SLURM_STEP_NUM_TASKS": "3",
    "SLURM_STEP_NODELIST": "node[07-08]",
    "SLURM_STEP_TASKS_PER_NODE": "2,1",
}
with mock.patch.dict(os.environ, variables):
    cluster = clusters.find_cluster()
print(cluster.addresses)
print(cluster)

# %% [markdown]
# The job is one line in Slurm's script, `--resume` in it from the start:
#
# ```
# srun alexnet-keras train --strategy multiworker --data ... --resume
# ```
#
# **Kubernetes**, usual at companies, has an operator, Kubeflow's, which writes
# `TF_CONFIG` for a `TFJob`. Both files are in
# [docs/many-machines.md](../docs/many-machines.md); we had no cluster to run
# them on. Above all a cluster needs a disk that all share, and a private
# network, since whoever reaches a worker's port can change its weights.
#
# ## AlexNet so far
#
# The layers are as they were. What grew is the step:
#
# | part | what it is | chapter |
# |---|---|---|
# | a step | gradient, momentum, weight decay, rate | 10 |
# | a step on n devices | n replicas, batch / n, all-reduce | 11 |
# | **a step on n machines** | **the same, and a list of addresses** | **14** |

# %%
print(shapes.summary(networks.ALEXNET))

# %% [markdown]
# ## Three takeaways
#
# 1. Every machine starts the same program. It needs the addresses of all and
#    its own number. The weights come out the same.
# 2. In a ring each worker sends 2 (n - 1) / n gradients a step. With many
#    workers that is what a step costs, and AlexNet's 244 MB make it dear.
# 3. A lost worker ends the job. A checkpoint and the same command bring it to
#    the very same end.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: tell a worker who it is
#
# Return the text of `TF_CONFIG` for worker `index`. `hosts` are the names of
# the machines, and each has one worker at `port`. The first case tried is
# worker 2 of 3. (`json.dumps` makes JSON of Python's dictionaries and lists.)


# %%
def tf_config(hosts, port, index): ...


ex.q1.check(tf_config)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: with a ring or through the chief
#
# Without a ring, all could send their whole gradient to the chief, who returns
# the mean to each. Return how many bytes the *busiest* worker sends in one
# all-reduce of float32 numbers, for a network of so many `weights` on `n`
# workers. `way` is `"ring"` or `"chief"`. What is received does not count.


# %%
def busiest(weights, n, way): ...


ex.q2.check(busiest)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: how many are enough?
#
# Return the smallest number of workers at which one more would make the step
# less than 5% shorter (or longer). `compute` are the seconds that one worker
# computes for the whole batch, `gradient` its *bytes*, `link` the *bits* a
# second of a cable. They use a ring.


# %%
def enough(compute, gradient, link): ...


ex.q3.check(enough)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# You have built AlexNet, trained it, opened it and spread it over machines. But
# which AlexNet? Chapter 15 tells six apart that bear the name.
