"""What a server is pointed at: ``granian --interface asgi --factory service.__main__:app``."""

import gc
import os

from service.app import App, create_app
from service.settings import Settings


def app() -> App:
    """Read the environment once and build the service.

    What it consists of stays for good and is set aside: the collector of cycles would else look through it while somebody waits.
    """
    made = create_app(Settings.from_environ(os.environ))
    gc.collect()
    gc.freeze()
    return made
