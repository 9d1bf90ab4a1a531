# %% [markdown]
# # 1. What does the network see?
#
# > **You will be able to** read the shape of a batch of images axis by axis,
# > bring any photo to AlexNet's size, and find four mistakes that spoil an
# > image without an error message.
# >
# > **Takes** half a minute to run on two cores; plan an hour to work through
# > it.
# >
# > **Needs** no GPU and no data. **Stands on** chapter 0 (start here).

# %% tags=["setup"] lit="input"

# %% [markdown]
# You see a flower. The network sees numbers, and nothing else. Which numbers,
# how many, and in which order?
#
# ## Before you begin
#
# In chapter 0 the untrained AlexNet answered a photo with a list of numbers.
# How many were they, and what was their sum?

# %%
from alexnet_keras.exercises import images_as_tensors as ex

ex.recall.check((..., ...))  # how many numbers, and their sum

# %%
# ex.recall.hint()
# ex.recall.solution()

# %% [markdown]
# ## 1. What is a photo made of?
#
# Of points with one colour each, its [**pixels**](../docs/glossary.md#pixel),
# in rows and columns. The next cell loads a photo in colour that is 640 pixels
# wide and 427 high. As an array it has three numbers in its shape. Which three,
# and in which order?

# %%
import keras
import numpy as np
from matplotlib import cbook
from PIL import Image
from sklearn.datasets import load_sample_image

from alexnet_keras import augment, networks, shapes, visualize
from alexnet_keras.models import AlexNet, preprocess_input

photo = load_sample_image("flower.jpg")
print(photo.shape, photo.dtype)
print("from", photo.min(), "to", photo.max())

# %% [markdown]
# `(427, 640, 3)`: the height comes **first**, because an array is a stack of
# rows. The 3 are the amounts of red, green and blue light (RGB) in each pixel.
# `uint8` is a whole number from 0 (none of this light) to 255 (all of it).
#
# `photo[row, column]` is one pixel. The one below lies in an orange petal.
# Which of its three numbers is the largest, which the smallest?

# %%
print(photo[200, 400])

# %% [markdown]
# Much red, less green, little blue: that is orange.
#
# From here on we take a square part of the photo, 227 x 227 pixels. The amounts
# of one colour alone are a [**channel**](../docs/glossary.md#channel). The
# flower is orange, the leaves are blue-green. In which channel is the flower
# brightest? In which are the leaves nearly black?

# %%
part = Image.fromarray(photo).crop((180, 60, 520, 400))  # left, top, right, ...
flower = np.array(part.resize((227, 227)))
petals, leaf = flower[40:60, 40:60], flower[60:80, 195:215]

for name, part in (("petals", petals), ("leaf", leaf)):
    print(name, part.mean(axis=(0, 1)).round(-1))  # red, green, blue, in tens
visualize.planes(flower, top=112, left=100)

# %% [markdown]
# **Figure.** Above: the photo and its red, green and blue channel, each drawn
# in grey: white is 255, black 0. Below: the 5 x 5 pixels at the blue mark,
# enlarged, and the numbers that stand there. (Photo: vultilion, CC BY 2.0,
# cropped; from scikit-learn.)
#
# The flower is brightest in red, and in red the leaves are nearly black. The
# lower row is all that the network ever gets: three tables of numbers, one
# behind the other.
#
# ## 2. How many numbers is that?
#
# Multiply before you run the cell: 227 pixels in each direction. The paper
# speaks of 224 x 224. (Both sizes are right; chapter 3 says why.) And a photo
# of 1920 x 1080 pixels?

# %%
print(f"AlexNet: {227 * 227 * 3:,}, the paper: {224 * 224 * 3:,}")
print(f"1920 x 1080: {1920 * 1080 * 3:,}")
print(f"{1920 * 1080 * 3 / (227 * 227 * 3):.1f} times as many")

# %% [markdown]
# A photo is **154,587 numbers**, or 150,528 in the paper. The large one has 40
# times as many. This course grew out of a blog article about AlexNet and mends
# it on the way: there, convolutions bring a large photo down to this size. They
# do not: it is made smaller *before* it reaches the network.
#
# The authors do it in two steps (paper, section 2). They scale the photo until
# its short side has 256 pixels, and cut out the square in the middle, 256 x 256
# pixels. For training they cut smaller squares out of this one; such a square
# is a [**crop**](../docs/glossary.md#crop). Here is a wide photo. What share of
# it will the network see?

# %%
wide = load_sample_image("china.jpg")
height, width, _ = wide.shape
left = (width - height) // 2  # so that both borders are equal
small = round(height * 227 / 256)  # the crop, in pixels of this photo
border = (height - small) // 2

print(f"square: {height / width:.0%}, crop: {small**2 / (height * width):.0%}")
boxes = {
    "middle square, becomes 256 x 256": (0, left, height, height),
    "central crop, 227 x 227": (border, left + border, small, small),
}
visualize.cuts(wide, boxes)

# %% [markdown]
# **Figure.** A photo of 640 x 427 pixels, the square in its middle, and the
# central crop of 227 x 227 pixels. What lies outside is lost. (Photo:
# danielbuechele, CC BY 2.0; from scikit-learn.)
#
# About half: 53%. The tower loses its left side. One could also squeeze the
# whole photo into a square, as the instructions of Caffe do, a program of 2014;
# then nothing is lost, but towers become slim.
#
# Now you. `square` is the middle square at 256 x 256 pixels. Cut out the
# central 227 x 227, in place of `...`. (29 rows are too many: 14 above and 15
# below.)

# %%
middle = Image.fromarray(wide).crop((left, 0, left + height, height))
square = np.array(middle.resize((256, 256)))

mine = ...  # square[top : bottom, left : right]
right = np.array_equal(mine, augment.center_crop(square, 227))
print("right" if right else "not yet")

# %% [markdown]
# Here is one way. Keras has a layer for it, and our package has a function. Do
# the three agree?

# %%
border = (256 - 227) // 2  # 14
tower = square[border : border + 227, border : border + 227]
by_keras = np.array(keras.layers.CenterCrop(227, 227)(square))
by_package = np.array(augment.center_crop(square, 227))

print(tower.shape)
print(np.array_equal(tower, by_keras), np.array_equal(tower, by_package))

# %% [markdown]
# ## 3. What is the fourth axis?
#
# The flower has the right size. Let us give it to the network, by itself. That
# is an error on purpose; a run of all cells may stop there. Read only the
# *last* line: which shape does the network want, and which did it get?

# %% tags=["raises-exception"]
network = AlexNet()
network(flower)

# %% [markdown]
# It wants `(None, 227, 227, 3)`, one number more. A network takes several
# images at once, a [**batch**](../docs/glossary.md#batch), because a computer
# is faster when it does the same work for many. `None` says: any number of
# them. One photo is a batch of one, and `np.newaxis` adds the axis. Which shape
# do you expect from each line?

# %%
hopper = Image.open(cbook.get_sample_data("grace_hopper.jpg"))
hopper = np.array(hopper.crop((100, 0, 500, 400)).resize((227, 227)))

one = flower[np.newaxis]
three = np.stack([flower, tower, hopper])
print(one.shape, three.shape)
print(network(one).shape, network(three).shape)
visualize.batch(three)

# %% [markdown]
# **Figure.** Left: a batch of three images. Right: the three channels of its
# first image. The four axes of a batch are batch, height, width and channels.
# (Third photo: Grace Hopper; US Navy, public domain; from matplotlib.)
#
# **(batch, height, width, channels)**: this order holds for everything in this
# course. Some libraries, PyTorch among them, put the channels second. (What the
# network answered is of no use yet: section 6.)
#
# The paper trains with batches of 128. How much memory does one take: as
# `uint8`, one byte a number, and as `float32`, the numbers with a decimal point
# that a network computes with, four bytes each?

# %%
batch = np.zeros((128, 227, 227, 3), "uint8")
print(f"{batch.nbytes / 1e6:.1f} MB, {4 * batch.nbytes / 1e6:.1f} MB")

# %% [markdown]
# 79 MB as `float32`. An array with any number of axes, like this one with four,
# is called a [**tensor**](../docs/glossary.md#tensor).
#
# ## 4. Does the order matter?
#
# Here is the flower once more, and three arrays that hold exactly the same
# numbers in another order. All have the same shape, so the network takes them
# without a word. What will you see?

# %%
swapped = flower[..., ::-1]  # the last axis backwards
turned = np.transpose(flower, (1, 0, 2))  # axis 1 first, then 0, then 2
planes = np.moveaxis(flower, -1, 0)  # (3, 227, 227): channels first
torn = planes.reshape(227, 227, 3)

versions, names = [swapped, turned, torn], ["swapped", "turned", "torn"]
for name, version in zip(names, versions, strict=True):
    same = np.array_equal(np.sort(version.ravel()), np.sort(flower.ravel()))
    print(name, version.shape, "the same numbers:", same)
visualize.side_by_side([flower] + versions, ["flower"] + names)

# %% [markdown]
# **Figure.** The flower, and the same 154,587 numbers with red and blue
# exchanged, with rows and columns exchanged, and with the channels torn apart.
#
# - **swapped** is blue, green, red: BGR. OpenCV, a library for images, reads
#   photos so, and Caffe's AlexNet wants them so. Most networks want RGB.
#   Nothing breaks; the network only sees blue oranges, and is wrong more often.
# - **turned** has columns for rows: the flower is mirrored at its diagonal.
# - **torn** used `reshape` where `moveaxis` was needed. `reshape` moves no
#   number; it reads the same line of numbers into other rows. Here it took
#   three neighbours of one channel for the red, green and blue of one pixel. To
#   change the *order* of axes, use `moveaxis` or `transpose`.
#
# In small: six numbers, two rows of three. Which of the two results has a
# column that reads 0, 1, 2?

# %%
table = np.arange(6).reshape(2, 3)  # rows 0 1 2 and 3 4 5
print(table.T)  # short for transpose
print(table.reshape(3, 2))

# %% [markdown]
# The transposed one: 0, 1, 2 was a row and is now a column. So **look at a
# picture** right before it goes into the network. Where pictures are square, no
# test of shapes finds these three.
#
# ## 5. What is 200 + 100?
#
# A petal is too dark, so you add 100 to every number. Predict the result for
# 100, 150 and 200.

# %%
bright = flower + np.uint8(100)
floats = np.minimum(flower.astype("float32") + 100, 255)

print(np.array([100, 150, 200], "uint8") + np.uint8(100))
visualize.side_by_side(
    [flower, bright, floats.astype("uint8")],
    ["flower", "+ 100 in uint8", "+ 100 in float32, at most 255"],
)

# %% [markdown]
# **Figure.** The flower; 100 added in `uint8`, where bright petals turn green
# and violet; and 100 added in `float32`, with all above 255 set to 255.
#
# 200 + 100 is 44. A `uint8` has no 300, so it starts again at 0 after 255, and
# 300 - 256 is 44. There is no error. **Turn pixels into floats before you
# compute with them.**
#
# ## 6. Why is the mean subtracted?
#
# The authors subtract from every pixel its mean over all training images
# (paper, section 2). Our networks subtract one mean colour. For ImageNet, the
# images AlexNet was trained on, it is 127.30, 119.72 and 104.91 in red, green
# and blue (measured by the paper's first author for a later program,
# cuda-convnet2). By hand and by the package: what is the smallest number that
# can come out?

# %%
mean, _ = networks.NETWORKS["two-tower"].rescaling
print(mean)

by_hand = three.astype("float32") - np.array(mean, "float32")
print(np.array_equal(by_hand, preprocess_input(three)))
print(f"{by_hand.min():.1f}")

# %%
visualize.histogram(
    {"as they are": three, "minus the mean": by_hand}, xlabel="value"
)

# %% [markdown]
# **Figure.** How often each value occurs in our three photos, by channel.
# Before, none lies below 0; after, they lie on both sides.
#
# Each value is now *more* or *less* than usual. Why is that better? A network
# compares by multiplying two lists of numbers place by place and adding up, as
# you will see in chapter 2. Let us compare our three photos in this way,
# divided so that 1 means "the same", 0 "nothing in common" and -1 "the
# opposite". A flower, a tower and an admiral: how alike are they, before and
# after?


# %%
def alike(a, b):
    a, b = a.ravel().astype("float64"), b.ravel().astype("float64")
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())


for name, (a, b, c) in (("before", three), ("after", by_hand)):
    print(f"{name}: flower and tower {alike(a, b):.1f}, ", end="")
    print(
        f"flower and admiral {alike(a, c):.1f}, both others {alike(b, c):.1f}"
    )

# %% [markdown]
# Before, any two of ours are alike to six tenths or more, though they show
# nothing alike: no number is below 0, so every product makes the sum larger.
# Subtract what photos have in common, and what remains is what tells them
# apart.
#
# Today one also divides by the usual size of what remains, so that most values
# lie between -2 and 2. AlexNet did not. That this makes a great difference to
# the start of training is a story for chapters 4 and 10.
#
# ## AlexNet so far
#
# One line, the input. Every chapter adds to it.

# %%
print(shapes.summary([], size=227, counts=False))

# %% [markdown]
# ## Three takeaways
#
# 1. A photo is 154,587 numbers: 227 rows, 227 columns, 3 channels. A batch is
#    (batch, height, width, channels).
# 2. Order matters, and a wrong one makes no error. Look at the picture.
# 3. Scale, crop, turn into floats, subtract the mean: in this order.
#
# ## Exercises
#
# Replace each `...` and run the cell. It answers *correct*, *not yet* and why,
# or *not attempted*. Stuck? Remove the `#` before `ex.q1.hint()`; run it again
# for the next hint.
#
# ### Exercise 1: build a batch
#
# `photos` is a list of `uint8` arrays, RGB, of different heights and widths,
# all at least 227 pixels. Return what AlexNet takes: a `float32` array with the
# central 227 x 227 pixels of each photo, minus the mean colour `mean` (three
# numbers). Nothing is scaled here.


# %%
def make_batch(photos, mean): ...


ex.q1.check(make_batch)

# %%
# ex.q1.hint()
# ex.q1.solution()

# %% [markdown]
# ### Exercise 2: undo a wrong order
#
# `ex.riddle()` gives a photo of 213 rows and 180 columns that somebody has
# handled badly. Write a function that brings it back to (height, width,
# channels) in RGB, upright. Its shape is the first clue; sections 3 and 4 know
# the faults. The last line, without its `#`, draws what you have.


# %%
def repair(image):
    return ...


riddle = ex.riddle()
print(riddle.shape)
# visualize.side_by_side([repair(riddle)], ["repaired"])

# %%
ex.q2.check(repair)

# %%
# ex.q2.hint()
# ex.q2.solution()

# %% [markdown]
# ### Exercise 3: a photo from a telephone
#
# A telephone takes photos 4000 pixels wide and 3000 high. How many numbers is
# that? To which `(height, width)` does the paper's first step scale it, rounded
# to whole pixels? And what share of the photo is left in the central crop of
# 227 x 227? Give two digits or more, as a number between 0 and 1.

# %%
answers = {
    "numbers": ...,
    "scaled": ...,  # (height, width)
    "share": ...,
}
ex.q3.check(answers)

# %%
# ex.q3.hint()
# ex.q3.solution()

# %%
ex.progress()

# %% [markdown]
# ## What comes next
#
# 154,587 numbers go in. The first layer looks at them through small windows,
# multiplies and adds. Chapter 2 builds it, and lets it learn.
