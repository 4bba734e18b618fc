"""A process beside a live site, with its environment: runs the Python that it is given, so Django starts only once.

Standard input has code as a JSON string a line; standard output answers each by `{"printed": …, "error": … or null}`.
"""

import io
import json
import os
import sys
import traceback
from contextlib import redirect_stdout

import django
from django.db import close_old_connections


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "krea_site.settings")
    django.setup()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)


def run(code: str) -> dict[str, str | None]:
    close_old_connections()
    printed, error = io.StringIO(), None
    with redirect_stdout(printed):
        try:
            exec(code, {})
        except Exception:
            error = traceback.format_exc()
    return {"printed": printed.getvalue(), "error": error}


if __name__ == "__main__":
    main()
