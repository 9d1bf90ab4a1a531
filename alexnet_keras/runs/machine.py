"""What a result was made on; nothing heavy is imported to tell it."""

import contextlib
import os
import pathlib
import platform


def processor():
    """Gives the processor's name, as far as the system tells it."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":")[1].strip()
    return f"{name}, {os.cpu_count()} cores"
