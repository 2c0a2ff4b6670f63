"""Where the service is reached: links are built from this setting only, never from a request's headers."""

from dataclasses import dataclass

LOCAL_URL = "http://127.0.0.1:8000"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Builds links under the public URL."""

    public_url: str

    def link(self, secret: str) -> str:
        """Give the address of a one-time link."""
        return f"{self.public_url.rstrip('/')}/links/{secret}"
