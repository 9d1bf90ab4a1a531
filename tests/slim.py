"""Networks of others, narrow, so that files of them are small."""

import contextlib

import pytest


@contextlib.contextmanager
def slim_tables():
    """Makes the tables of Caffe's and torchvision's networks narrow.

    An eighth of the filters, and few units: what is done with their weights
    is then shown in a hundredth of the time.
    """
    from alexnet_keras import networks
    from alexnet_keras.exchange import identity

    with pytest.MonkeyPatch.context() as patch:
        for name in ("caffe", "one-weird-trick"):
            rows = []
            for row in networks.NETWORKS[name].layers:
                if hasattr(row, "filters"):
                    row = row._replace(filters=row.filters // 8)
                elif hasattr(row, "units") and row.name != "fc8":
                    row = row._replace(units=40)
                rows.append(row)
            network = networks.NETWORKS[name]._replace(layers=tuple(rows))
            title, _, size = identity.KNOWN[name]
            patch.setitem(networks.NETWORKS, name, network)
            patch.setitem(identity.KNOWN, name, (title, tuple(rows), size))
        yield
