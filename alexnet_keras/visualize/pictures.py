"""Pictures as they are."""

from alexnet_keras.visualize.style import axes_of


def sheet(images, labels, class_names):
    """Draws a sheet of pictures, one row a class.

    Args:
        images: Uint8 array `(number, height, width, 3)`.
        labels: Ints, one a picture.
        class_names: List of str.

    Returns:
        `Figure`.
    """
    rows = [
        [
            picture
            for picture, label in zip(images, labels, strict=True)
            if label == kind
        ]
        for kind in range(len(class_names))
    ]
    columns = max(map(len, rows))
    figure, axes = axes_of(
        1.1 * columns + 1,
        1.1 * len(rows),
        nrows=len(rows),
        ncols=columns,
        squeeze=False,
    )
    for row, name, line in zip(rows, class_names, axes, strict=True):
        for place, panel in enumerate(line):
            panel.set_axis_off()
            if place < len(row):
                panel.imshow(row[place])
        line[0].text(
            -0.08,
            0.5,
            name,
            transform=line[0].transAxes,
            ha="right",
            va="center",
            fontsize=9,
        )
    return figure
