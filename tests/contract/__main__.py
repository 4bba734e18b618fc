"""The API held against its own description: `python -m tests.contract [--examples N] [schemathesis's arguments]`.

Starts a site of its own with a real key, and a stranger's server that has pictures and takes webhooks; schemathesis
reads the description from the site and calls every operation with what fits it and what does not. All checks.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests import environment  # noqa: F401  files of its own, and no stranger's key
from tests.contract.world import run, told, world

EXAMPLES = 200


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.contract", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="how many, for each operation and phase")
    given, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as folder, world(Path(folder) / "var") as there:
        report = Path(folder) / "report.json"
        done = run(there, report, given.examples, *more)
        if report.exists():
            print(told(report))
        print(there.site.manage("audit_ledger", check=False).stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
