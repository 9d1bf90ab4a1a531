"""How pictures reach the network: in which order, and how fast."""

from matplotlib import colormaps
from matplotlib.patches import Rectangle

from alexnet_keras.visualize.style import BLACK, GREY, ORANGE, SKY, axes_of


def order(batches):
    """Draws in which order pictures of some classes reach the network.

    Args:
        batches: Dict of lists by their names: batches, each a list of ints,
            the classes of its pictures, in the order in which they come.

    Returns:
        `Figure`: a row for each, a square for each picture with the number of
        its class, the darker the higher; a gap after each batch.
    """
    figure, axes = axes_of(10, 0.6 + 0.42 * len(batches))
    kinds = [
        kind for one in batches.values() for batch in one for kind in batch
    ]
    most, longest = max(max(kinds), 1), 0
    for row, one in enumerate(batches.values()):
        left = 0
        for batch in one:
            for kind in batch:
                share = kind / most
                face = {"facecolor": colormaps["Blues"](0.8 * share)}
                square = Rectangle(
                    (left, row - 0.35), 1, 0.7, edgecolor=GREY, lw=0.5, **face
                )
                axes.add_patch(square)
                ink = "white" if share > 0.7 else BLACK
                style = {"ha": "center", "va": "center", "color": ink}
                axes.text(left + 0.5, row, kind, fontsize=8, **style)
                left += 1
            left += 1
        longest = max(longest, left - 1)
    axes.set(
        xlim=(-0.1, longest + 0.1), ylim=(len(batches) - 0.5, -0.5), xticks=[]
    )
    axes.set_yticks(range(len(batches)), list(batches))
    axes.set_xlabel(
        "pictures in the order in which they come, with their class"
    )
    axes.tick_params(axis="y", length=0)
    axes.spines[["left", "bottom"]].set_visible(False)
    return figure


def waiting(prepare, step, num_batches=4):
    """Draws who works when, with batches made on demand and made ahead.

    Args:
        prepare: Float, milliseconds in which the pipeline makes a batch.
        step: Float, milliseconds of a step of the network.
        num_batches: Int.

    Returns:
        `Figure`: on demand, the one waits while the other works; ahead, the
        next batch is made while the network works on this one.
    """
    figure, axes = axes_of(10, 2.8)
    longest = num_batches * (prepare + step)
    for row, ahead in enumerate((False, True)):
        made = done = 0.0  # when the last batch was made, and worked on
        for batch in range(1, num_batches + 1):
            start = made if ahead else done
            made = start + prepare
            begin = max(made, done)
            _work(axes, start, row - 0.37, prepare, SKY, batch)
            _work(axes, begin, row + 0.03, step, ORANGE, batch)
            done = begin + step
        axes.text(done + 0.01 * longest, row, f"{done:g} ms", va="center")
    for color, label in ((SKY, "pipeline makes a batch"), (ORANGE, "network")):
        axes.add_patch(Rectangle((0, 0), 0, 0, facecolor=color, label=label))
    axes.set(xlim=(0, 1.08 * longest), ylim=(1.5, -0.5))
    axes.set_xlabel("time (ms); the numbers are those of the batches")
    axes.set_yticks((0, 1), ("on demand", "made ahead"))
    axes.tick_params(axis="y", length=0)
    axes.legend(
        frameon=False, ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1)
    )
    return figure


def _work(axes, left, low, width, color, text):
    """Draws a bar for the time in which one batch is worked on."""
    look = {"facecolor": color, "edgecolor": "white", "lw": 2}
    axes.add_patch(Rectangle((left, low), width, 0.34, **look))
    middle = left + width / 2, low + 0.17
    axes.text(*middle, text, ha="center", va="center", fontsize=9)
