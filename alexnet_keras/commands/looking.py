"""The commands `summary`, `identify` and `convert`."""

import contextlib

from alexnet_keras.commands.common import BadInput, refused


def summary(options):
    """Prints the table of layers, with totals."""
    from alexnet_keras import distribution

    distribution.start()
    from alexnet_keras import architecture, models, shapes

    size = options.input_size or architecture.default_size(options.model)
    with refused(ValueError):
        model = models.BUILDERS[options.model](
            input_shape=(size, size, 3), classes=options.classes
        )
    rows = shapes.table(models.layer_chain(model), size)
    print(
        f"{'layer':<10} {'output':>14} {'parameters':>12} {'multiply-adds':>14}"
    )
    for row in rows:
        shape = " x ".join(map(str, row.output_shape))
        counts = (row.parameters, row.multiply_adds)
        shown = [f"{count:,}" if count else "" for count in counts]
        print(
            f"{row.name:<10} {shape:>14} {shown[0]:>12} {shown[1]:>14}".rstrip()
        )
    parameters = sum(row.parameters for row in rows)
    multiply_adds = sum(row.multiply_adds for row in rows)
    print(f"{'total':<10} {'':>14} {parameters:>12,} {multiply_adds:>14,}")


def identify(options):
    """Says whose AlexNet a file holds."""
    from alexnet_keras import distribution

    distribution.start()
    from alexnet_keras import fingerprint

    with refused(ImportError, ValueError):
        print(fingerprint.identify(options.file))


def convert(options):
    """Brings weights from elsewhere here, or ours elsewhere."""
    from alexnet_keras import distribution

    distribution.start()
    import alexnet_keras.convert as conversion
    from alexnet_keras import datasets, models, weights

    out = options.output
    endings = (".weights.h5", ".safetensors")
    if not out.name.endswith(endings):
        raise BadInput(
            f"The output must end in {' or '.join(endings)}. Received: {out}."
        )
    if not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent}.")
    if out.exists():
        raise BadInput(f"{out} is there already. Name another one.")
    with refused(ValueError):
        found = conversion.read(options.input, options.source)
        names = found.class_names
        if options.class_names is not None:
            names = _read_names(options.class_names, found.num_classes)
        elif names is None and found.num_classes == 1000:
            names = datasets.imagenet_ids()
        found = weights.checked(found._replace(class_names=names))
        with _written(out):
            if out.suffix == ".safetensors":
                conversion.write_safetensors(out, found)
            else:
                weights.write(out, models.from_weights(found), found)
    count = sum(array.size for pair in found.arrays.values() for array in pair)
    print(f"Read {options.input}: {found}, {count:,} parameters.\nWrote {out}")
    if found.rescaling is None:
        print(
            "It does not tell the scale of its pictures, so `predict` and "
            "`evaluate` will not take it."
        )


@contextlib.contextmanager
def _written(path):
    """Turns what a full or closed disk raises into a clear line."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{path} could not be written: {error}") from error


def _read_names(path, count):
    """Reads the names of classes, one a line."""
    try:
        names = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read: {error}") from error
    names = [name.strip() for name in names if name.strip()]
    if len(names) != count:
        raise BadInput(
            f"{path} has {len(names)} names, one a line; the network has "
            f"{count or 'no'} classes."
        )
    return names
