"""Log lines, in words for people or as JSON for machines that collect them (`LOG_FORMAT=json`).

Every line carries the ids that are known where it is written (`generations.trace`): never prompts, keys or addresses.
"""

import json
import logging
from datetime import UTC, datetime

from generations import trace


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:
        ids = " ".join(f"{name}={id}" for name, id in trace.present().items())
        return f"{super().formatMessage(record)} [{ids}]" if ids else super().formatMessage(record)


class JsonFormatter(logging.Formatter):
    """One object a line: at, level, logger, message; request, generation, image, draw and task where they are known;
    exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **trace.present(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class WithoutAddresses(logging.Filter):
    """Django writes the whole path with an error, and some paths are secrets: links that log in, shared links, the
    addresses that fal calls. Its lines name the pattern of the address instead, or its first part."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        if path and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            shown = f"/{match.route}" if match else f"/{path.lstrip('/').partition('/')[0][:40]}/…"
            record.args = tuple(shown if argument == path else argument for argument in record.args)
        return True
