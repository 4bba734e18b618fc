"""Who still runs on the files of a site: for tests that nothing is left behind."""

import time
from pathlib import Path


def survivors(folder: Path, within_s: float = 5) -> list[str]:
    """The command lines of the processes that have `folder` as their VAR_DIR, when they had a moment to go."""
    ends_at = time.monotonic() + within_s
    while (found := _running(folder)) and time.monotonic() < ends_at:
        time.sleep(0.05)
    return found


def _running(folder: Path) -> list[str]:
    mark = f"VAR_DIR={folder}\0".encode()
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and mark in (process / "environ").read_bytes() + b"\0":
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended while we looked; a zombie has no environment
    return [line for line in found if line]
