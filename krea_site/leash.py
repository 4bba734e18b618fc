"""Run a Python program that cannot outlive whoever started it, nor can what it forks outlive it.

    python -m krea_site.leash PARENT manage.py qcluster
    python -m krea_site.leash PARENT -m standins.fal --port 8001

PARENT is the process id of the one who starts it. Linux kills the program when that process ends, however it ends;
elsewhere the program runs as it would without. Imports nothing of Django's: the program decides what it needs.
"""

import ctypes
import os
import runpy
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tie() -> None:
    """Ask the kernel to kill this process when its parent ends. A fork forgets it: each child has to ask for itself."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def main() -> None:
    parent, *arguments = sys.argv[1:]
    tie()
    if os.getppid() != int(parent):  # it ended while this program was starting
        sys.exit(1)
    os.register_at_fork(after_in_child=tie)
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
