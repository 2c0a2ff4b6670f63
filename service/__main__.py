"""What a server is pointed at: ``granian --interface asgi --factory service.__main__:app``."""

import os

from service.app import App, create_app
from service.settings import Settings


def app() -> App:
    """Read the environment once and build the service."""
    return create_app(Settings.from_environ(os.environ))
