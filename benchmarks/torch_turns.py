"""What is timed of PyTorch: the same network, in the form that is fastest.

A form is a memory format, eager or compiled, in float32 or bfloat16. A short
trial, in a process of its own, tells which is fastest on this machine.
"""

import contextlib
import itertools
import shutil
from typing import NamedTuple

import peers
from contenders import num_cores, say, timed
from keras_turns import a_batch

LAYOUTS = ("contiguous_format", "channels_last")  # attributes of torch
TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2}  # of the largest probability


class Form(NamedTuple):
    """How the network is run.

    `mode` is "eager", "compiled", "frozen" (compiled with its weights as
    constants, for inference on a processor) or "graphs" (compiled into CUDA
    graphs). `cast` is whether the weights
    themselves are bfloat16, in place of autocast.
    """

    layout: str
    mode: str
    precision: str
    cast: bool = False

    def __str__(self):
        """Names it in a line."""
        words = {
            "eager": "eager",
            "compiled": "torch.compile",
            "frozen": "torch.compile, frozen",
            "graphs": "torch.compile, CUDA graphs",
        }
        how = ""
        if self.precision == "bfloat16":
            how = ", bfloat16 weights" if self.cast else ", bfloat16 autocast"
        layout = self.layout.removesuffix("_format")
        return f"{layout}, {words[self.mode]}{how}"


def forms(training, precision, device="cpu"):
    """Lists the forms that there are.

    Args:
        training: Bool.
        precision: Str, `"float32"` or `"bfloat16"`.
        device: Str, PyTorch's.

    Returns:
        List of `Form`; eager ones alone where nothing can be compiled.
    """
    modes = ["eager"]
    if device != "cpu":
        modes += ["compiled", "graphs"]
    elif has_compiler():
        modes += ["compiled"] if training else ["compiled", "frozen"]
    casts = [False] + [True] * (precision == "bfloat16" and not training)
    return [
        Form(layout, mode, precision, cast)
        for mode, layout, cast in itertools.product(modes, LAYOUTS, casts)
    ]


def worth_trying(form, seconds):
    """Tells whether a form is compiled in the trial, which takes long.

    It is where the same is fastest among the eager ones at some batch size: in
    which memory format a convolution runs, the compiler chooses by itself.

    Args:
        form: A `Form` that is not eager.
        seconds: Dict by batch size of dicts by `Form`: those tried so far.

    Returns:
        Bool.
    """
    eager = [
        {x: taken for x, taken in own.items() if x.mode == "eager"}
        for own in seconds.values()
    ]
    fastest = {min(own, key=own.get) for own in eager}
    return form._replace(mode="eager") in fastest


def has_compiler():
    """Tells whether there is a C++ compiler, which PyTorch's compiler needs."""
    return any(map(shutil.which, ("g++", "clang++", "c++")))


class Trial:
    """Finds out in which form PyTorch is fastest on this machine.

    Args:
        size: Int, side of the images in pixels.
        training: Bool.
        precision: Str.
        cases: List of ints, the batch sizes that are tried.
        device: Str, PyTorch's.
        build: Str, the function of `peers` that gives the network.
        thorough: Bool, whether to compile what is not `worth_trying`, too.
    """

    def __init__(
        self,
        size,
        training,
        precision,
        cases,
        device="cpu",
        build=None,
        thorough=False,
    ):
        _start(device)
        self._network = lambda form: Network(
            size, form, training, device, build
        )
        self._expected = None
        if not training:
            plain = Form(LAYOUTS[0], "eager", "float32")
            one = Network(size, plain, False, device, build)
            self._expected = one.answers(8)
        self._seconds = {case: {} for case in cases}
        self._thorough = thorough
        found = forms(training, precision, device)
        self._eager = [x for x in found if x.mode == "eager"]
        self._others = [x for x in found if x.mode != "eager"]

    def eager(self):
        """Times what is not compiled."""
        self._time(self._eager)

    def compile(self):
        """Compiles what is worth it and times nothing: `choose` finds it done.

        Others may compile at the same time, since it takes one core.
        """
        self._others = [x for x in self._worth() if self._attempt(x, _once)]

    def choose(self):
        """Times what is compiled.

        Returns:
            The fastest `Form` for each batch size, a dict.

        Raises:
            ValueError: If every form fails, or computes something else.
        """
        self._time(self._worth())
        return {
            case: min(own, key=own.get) for case, own in self._seconds.items()
        }

    def _worth(self):
        return [
            form
            for form in self._others
            if self._thorough or worth_trying(form, self._seconds)
        ]

    def _time(self, forms):
        for form in forms:
            if taken := self._attempt(form, _try):
                for case, seconds in taken.items():
                    self._seconds[case][form] = seconds
                say(f"    {form}: " + _told(taken))

    def _attempt(self, form, do):
        """Does something with a form at each batch size, or says why not."""
        try:
            network = self._network(form)
            if self._expected is not None:
                _compare(form, network.answers(8), self._expected)
            return {case: do(network, case) for case in self._seconds}
        except Exception as error:  # whatever a compiler raises
            reason = (str(error) or repr(error)).splitlines()[0]
            say(f"    {form}: left out: {reason}")
            return None


def prepare_trial(precision, training, **options):
    """Prepares a `Trial`, as `contenders.Contender` wants.

    Returns:
        A label and a function `turn(case, steps)`, where the case is the name
        of a method of `Trial`.
    """
    trial = Trial(precision=precision, training=training, **options)
    kind = "training" if training else "inference"
    label = f"PyTorch's {kind}, {precision}"
    return label, lambda case, steps: getattr(trial, case)()


def prepare_torch(size, training, chosen, device="cpu", build=None):
    """Prepares the network in the chosen forms.

    Args:
        size: Int, side of the images in pixels.
        training: Bool.
        chosen: Dict of `Form` by batch size.
        device: Str, PyTorch's.
        build: As for `prepare_trial`.

    Returns:
        A label and a function `turn(batch_size, steps)`.
    """
    _start(device)
    networks = {}

    def turn(batch_size, steps):
        form = chosen[batch_size]
        if form not in networks:
            networks[form] = Network(size, form, training, device, build)
        return networks[form].turn(batch_size, steps)

    return "PyTorch, " + next(iter(chosen.values())).precision, turn


class Network:
    """The network in one form, and its batches.

    Args:
        size: Int, side of the images in pixels.
        form: A `Form`.
        training: Bool.
        device: Str, PyTorch's.
        build: The network; or str, the function of `peers` that gives it,
            by default `"torch_network"`.
        rate: Float, the learning rate.
    """

    def __init__(
        self, size, form, training, device="cpu", build=None, rate=1e-3
    ):
        import torch

        torch.manual_seed(0)
        network = build
        if not isinstance(build, torch.nn.Module):
            network = getattr(peers, build or "torch_network")(size)
        network = network.to(device).train(training)
        if form.cast:
            network.to(torch.bfloat16)
        self._layout = getattr(torch, form.layout)
        network.to(memory_format=self._layout)
        self.network, self.form, self.size = network, form, size
        self._device, self._kept = device, {}
        self._torch, self._run = torch, network
        if form.mode != "eager":
            torch._dynamo.reset()
            graphs = form.mode == "graphs"
            self._run = torch.compile(
                network,
                dynamic=device == "cpu",  # one compilation for all batches
                mode="reduce-overhead" if graphs else None,
            )
        if training:
            self._optimizer = torch.optim.SGD(
                network.parameters(), rate, momentum=0.9, fused=True
            )
        self._do = self.train if training else self.infer

    def turn(self, batch_size, steps):
        """Does so many steps; gives the seconds of one."""
        if batch_size not in self._kept:
            self._kept[batch_size] = self.batch(*a_batch(batch_size, self.size))
        batch = self._kept[batch_size]
        with self._frozen():
            return timed(lambda: self._do(*batch), self._wait)(steps)

    def batch(self, images, labels):
        """Brings arrays `(batch, height, width, 3)` and labels to the device.

        Returns:
            A tensor `(batch, 3, height, width)` in the form's layout, and one
            of labels.
        """
        torch = self._torch
        images = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
        images = images.to(self._device, memory_format=self._layout)
        if self.form.cast:
            images = images.to(torch.bfloat16)
        return images, torch.from_numpy(labels).long().to(self._device)

    def train(self, images, labels):
        """Does a step; gives the loss before it."""
        torch = self._torch
        self._optimizer.zero_grad()
        with self._autocast():
            answers = self._run(images)
            loss = torch.nn.functional.cross_entropy(answers.float(), labels)
        loss.backward()
        self._optimizer.step()
        return loss.detach()

    def infer(self, images, labels=None):
        """Gives the probabilities, float32."""
        with self._torch.inference_mode(), self._autocast():
            return self._run(images).float().softmax(-1)

    def answers(self, batch_size):
        """Gives the probabilities of `a_batch` as an array."""
        images, labels = self.batch(*a_batch(batch_size, self.size))
        with self._frozen():
            return self.infer(images).cpu().numpy()

    def _autocast(self):
        lower = self.form.precision == "bfloat16" and not self.form.cast
        return self._torch.autocast(
            self._device, self._torch.bfloat16, enabled=lower
        )

    def _frozen(self):
        """Lets what is compiled within take the weights as constants."""
        if self.form.mode != "frozen":
            return contextlib.nullcontext()
        import torch._inductor.config as inductor

        return inductor.patch(freezing=True)

    def _wait(self):
        if self._device != "cpu":
            self._torch.cuda.synchronize()


def _start(device):
    """Gives PyTorch this process's cores, or lets a GPU use TF32."""
    import torch

    torch.set_num_threads(num_cores())
    if device != "cpu":
        torch.set_float32_matmul_precision("high")


def _compare(form, answers, expected):
    """Refuses a form that does not compute the same."""
    distance = abs(answers - expected).max() / expected.max()
    if not distance <= TOLERANCE[form.precision]:
        raise ValueError(
            f"its probabilities differ from eager float32's by {distance:.0e} "
            "of the largest"
        )


def _once(network, case):
    """Does a step, in which the network is compiled."""
    return network.turn(case, 1)


def _try(network, case):
    """Gives the seconds of a step, the shortest of some."""
    _once(network, case)
    first = network.turn(case, 1)
    return min(first, network.turn(case, 1 if first > 0.5 else 5))


def _told(seconds):
    """Writes how fast a form was, at each batch size."""
    return ", ".join(
        f"{case / own:.1f} images/s at batch {case}"
        for case, own in seconds.items()
    )
