"""A pytest plugin that is loaded before the settings are: tests keep their files to themselves and call nobody."""

import atexit
import gc
import os
import shutil
import tempfile

# In memory where the machine has such a folder: SQLite waits for the disk at every commit.
_memory = "/dev/shm"
_folder = tempfile.mkdtemp(prefix="krea-tests-", dir=_memory if os.access(_memory, os.W_OK) else None)
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

os.environ["VAR_DIR"] = _folder
os.environ.setdefault("TEST_SHARED_DIR", _folder)  # workers are children of the run: they know its folder too
for name in (
    "FAL_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "EMAIL_URL", "PUBLIC_URL", "REDIS_URL", "S3_BUCKET",
    "EGRESS_PROXY", "FAL_WEBHOOKS", "REPORTS_TO", "MAIL_REPLY_TO",
):  # fmt: skip
    os.environ[name] = ""  # set and empty: a .env file must not fill it in
os.environ.setdefault("DATABASE_URL", f"sqlite:///{_folder}/db.sqlite3")


def pytest_collection_finish() -> None:
    """Thousands of tests stand there until the end: the collector need not look through them."""
    gc.freeze()
