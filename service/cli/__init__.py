"""``intercoder …``: what an operator does on the machine itself. Litestar is imported by ``serve`` and ``demo`` only."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

import os

import rich_click as click

from service.cli import agreement, data, keeping, leaks, models, proving, running, suggesting, tokens
from service.cli.terminal import Refusing
from service.settings import Settings

click.rich_click.TEXT_MARKUP = "markdown"
click.rich_click.COMMAND_GROUPS = {
    "intercoder": [
        {"name": "Run it", "commands": ["demo", "init", "serve"]},
        {"name": "A study's data", "commands": ["import", "import-codings", "export", "agree", "verify"]},
        {"name": "Models", "commands": ["models", "embed", "suggest-eval"]},
        {"name": "Look after it", "commands": ["token", "check-store", "leak-test", "backup", "restore"]},
    ]
}


@click.group(cls=Refusing, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="intercoder")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Give a qualitative study a second, third, n-th coder.

    Coders code blind; out comes agreement with everything needed to check it. Start with `intercoder demo`.
    """
    ctx.obj = lambda: Settings.from_environ(os.environ)


for _group in (running, data, agreement, proving, models, suggesting, tokens, keeping, leaks):
    for _command in _group.COMMANDS:
        main.add_command(_command)
