"""The cells with sliders, in a kernel: chapters leave them to the reader."""

import inspect
import re
from pathlib import Path

import jupyter_client
import pytest
from jupyter_client.kernelspec import KernelSpecManager

from alexnet_keras import visualize

ROOT = Path(__file__).parents[1]
# The calls are those of the chapters, on less.
CALLS = [
    "slide_by_hand(np.eye(5), np.ones((3, 3)))",
    "step_by_hand()",
    "compete_by_hand(np.arange(6.0), lambda a, n, k, alpha, beta: a / n)",
    "pool_by_hand(np.eye(6))",
    "sight_by_hand(np.zeros((227, 227, 3), 'uint8'), networks.ALEXNET[:10])",
    "vary_by_hand(np.zeros((9, 9, 3), 'uint8'), 5, np.ones(3), np.eye(3))",
    "timeline_by_hand(lambda batch, n, link, overlap: {'forward': batch / n})",
    "meter_by_hand(networks.ALEXNET)",
    "cover_by_hand(lambda a: [[0.5, 0.5]], np.zeros((48, 48, 3)), ['a', 'b'])",
]


def test_every_function_with_sliders_is_tried():
    tried = {call.partition("(")[0] for call in CALLS}
    have_sliders = {
        name
        for name in visualize.__all__
        if "ipywidgets.interact" in inspect.getsource(getattr(visualize, name))
    }
    shown = set()
    for path in (ROOT / "notebooks" / "src").glob("*.py"):
        calls = r"^# visualize\.(\w+_by_hand)\("
        shown |= {*re.findall(calls, path.read_text(), re.MULTILINE)}
    assert tried == have_sliders == shown


PREPARE = """\
import functools
import matplotlib.pyplot as plt
import numpy as np
import ipywidgets
from alexnet_keras import networks, visualize
%matplotlib inline

real, made, drawn = ipywidgets.interact, [], []

def interact(draw, **sliders):
    @functools.wraps(draw)
    def counted(**values):
        draw(**values)
        drawn.append(values)
        plt.close("all")
    made.extend(real(counted, **sliders).widget.children)

ipywidgets.interact = interact"""

MOVE = """\
made.clear()
visualize.{call}
sliders = [one for one in made if hasattr(one, "value")]
assert sliders and len(drawn) == 1, drawn
for one in sliders:
    if hasattr(one, "options"):
        ends = [option[-1] if isinstance(option, tuple) else option
                for option in (one.options[0], one.options[-1])]
    else:
        ends = [one.min, one.max] if hasattr(one, "min") else [True, False]
    for end in [*ends, one.value]:
        drawn.clear()
        changes = one.value != end
        one.value = end
        assert len(drawn) == changes, (one, end)
drawn.clear()"""


@pytest.fixture(scope="module")
def run():
    """Runs code in a kernel, and returns the error's traceback or None."""
    # with no folders to look in, the kernel is this environment's own
    specs = KernelSpecManager(kernel_dirs=[])
    manager = jupyter_client.KernelManager(kernel_spec_manager=specs)
    manager.start_kernel()
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)

    def execute(code):
        reply = client.execute_interactive(
            code, output_hook=lambda message: None, timeout=240
        )
        return "\n".join(reply["content"].get("traceback", [])) or None

    assert execute(PREPARE) is None
    yield execute
    client.stop_channels()
    manager.shutdown_kernel()


@pytest.mark.parametrize("call", CALLS)
def test_every_slider_goes_from_end_to_end(run, call):
    assert run(MOVE.format(call=call)) is None


def test_a_slider_that_draws_nothing_would_be_noticed(run):
    broken = "def broken(size): 1 / (size - 3)\n"
    broken += (
        "visualize.broken = lambda: ipywidgets.interact(broken, size=(0, 3))"
    )
    assert run(broken) is None
    assert "AssertionError" in run(MOVE.format(call="broken()"))
