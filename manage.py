#!/usr/bin/env python3
"""Django's command line, run by the project's own environment even when that is not activated."""

import os
import sys
from pathlib import Path

VENV_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "krea_site.settings")
    try:
        from django.core.management import execute_from_command_line  # noqa: PLC0415  # may not be installed here
    except ModuleNotFoundError:
        if not VENV_PYTHON.exists() or Path(sys.executable) == VENV_PYTHON:
            sys.exit("Django is not installed. Run `make setup` once; it makes .venv with everything pinned.")
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *sys.argv])
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
