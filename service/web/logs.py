"""Logs: one JSON line an event, from named facts only; never a path, a query, a body or anything that people wrote."""

import logging
import sys
import traceback
from datetime import UTC, datetime

import msgspec


class Lines(logging.Formatter):
    """Writes one JSON line. Of an error it says the type and where, not the message: messages can hold content."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one event."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "source": record.name,
            "event": str(record.msg) if record.name.startswith("intercoder") else "message",
        }
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])][-8:]
        return msgspec.json.encode(line).decode()


def set_up(level: str) -> None:
    """Send the service's log lines to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    root = logging.getLogger("intercoder")
    root.handlers = [handler]
    root.setLevel(level)
    root.propagate = False
