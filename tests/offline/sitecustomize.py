"""Forbids Python's sockets to reach for another machine.

Python imports a module of this name when it starts. The project's conftest.py
puts this folder on PYTHONPATH, so that the commands, workers and kernels that
a test starts are held as well.
"""

import os
import sys

EXEMPT = "ALEXNET_KERAS_TEST_REACHES_OUT"  # set for tests marked `network`
LOOKUPS = ("getaddrinfo", "gethostbyaddr", "gethostbyname")
USES = ("bind", "connect", "sendmsg", "sendto")


def host_of(event, arguments):
    """Returns the host that a socket is about to deal with, or None."""
    if event in LOOKUPS:
        return arguments[0] or None  # none: no name is looked up
    if event == "getnameinfo":
        return arguments[0][0]
    address = arguments[1] if event in USES else None
    # Other families have a path (Unix) or numbers (Netlink) here.
    named = isinstance(address, tuple) and isinstance(address[0], str | bytes)
    return address[0] if named else None


def is_here(host):
    """Tells whether a name or an address is this machine's loopback."""
    import ipaddress

    name = host.decode() if isinstance(host, bytes) else host
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:  # some name, or "" for all of the machine's addresses
        return False


def refuse_other_machines(event, arguments):
    """Raises an error when a socket is about to leave this machine."""
    group, _, event = event.partition(".")
    if group != "socket" or EXEMPT in os.environ:
        return
    host = host_of(event, arguments)
    if host is not None and not is_here(host):
        raise RuntimeError(
            "Tests, and what they start, reach no other machine. Received: "
            f"{event} with {host!r}. Use 127.0.0.1, or mark the test `network`."
        )


sys.addaudithook(refuse_other_machines)
