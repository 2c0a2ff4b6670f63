"""How often a wrong password may be tried: counted for one login name from one address, so that nobody locks out another person."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from math import ceil
from threading import Lock

from service.errors import TooMany

MOST_FAILURES = 10
WINDOW = timedelta(minutes=1)
_MOST_KEPT = 10_000


def wait(failures: Sequence[datetime], now: datetime) -> int:
    """Give the whole seconds until the next try is allowed; 0 when it is allowed now."""
    recent = sorted(moment for moment in failures if now - moment < WINDOW)
    if len(recent) < MOST_FAILURES:
        return 0
    return max(1, ceil((recent[-MOST_FAILURES] + WINDOW - now).total_seconds()))


def network(address: str) -> str:
    """Give what counts as one address: an IPv6 subscriber has a whole /64 of them."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(IPv6Address(int(parsed) >> 64 << 64)) if isinstance(parsed, IPv6Address) else str(parsed)


class Throttle:
    """Remembers the failures of the last minute, in this process only."""

    def __init__(self) -> None:
        self._failures: dict[tuple[str, str], list[datetime]] = {}
        self._lock = Lock()

    def check(self, login: str, address: str, now: datetime) -> None:
        """Refuse when there were too many failures of this login name from this address."""
        with self._lock:
            seconds = wait(self._failures.get((login.casefold(), network(address)), ()), now)
        if seconds:
            message = f"Too many failed attempts. Wait {seconds} seconds, then try again. Nobody else is kept out."
            raise TooMany(message, retry_after=seconds)

    def failed(self, login: str, address: str, now: datetime) -> None:
        """Count one failure."""
        key = (login.casefold(), network(address))
        with self._lock:
            if len(self._failures) >= _MOST_KEPT:
                self._failures = {kept: times for kept, times in self._failures.items() if now - times[-1] < WINDOW}
            recent = [moment for moment in self._failures.get(key, ()) if now - moment < WINDOW]
            self._failures[key] = [*recent, now]

    def passed(self, login: str, address: str) -> None:
        """Forget the failures of somebody who got in."""
        with self._lock:
            self._failures.pop((login.casefold(), network(address)), None)
