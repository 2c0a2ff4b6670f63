"""API tokens."""

# pyright: reportUnknownMemberType=false
# click leaves the types of its decorators open.

from datetime import timedelta
from typing import Any

import rich_click as click

from service.cli.terminal import OUT, Read, Refusing, opened


@click.group(cls=Refusing)
def token() -> None:
    """Make, list and revoke API tokens."""


@token.command(name="create")
@click.option("--login", required=True, help="Whose token: a login name.")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(["manage", "code", "suggest", "results"]))
@click.option("--study", default="", help="Tie the token to this study (name or id); needed for --machine.")
@click.option("--machine", is_flag=True, help="A tool's own token (scopes suggest and results) instead of one that acts for the person.")
@click.option("--name", default="made on the command line", show_default=True, help="What the token is for.")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="How long it works.")
@click.pass_obj
def token_create(read: Read, *, days: int, **asked: Any) -> None:
    """Make a token and print its secret, once."""
    from service.store import operator

    with opened(read()) as store:
        OUT.print(operator.create_token(store, life=timedelta(days=days), **asked), markup=False)


@token.command(name="list")
@click.option("--login", required=True, help="Whose tokens: a login name.")
@click.pass_obj
def token_list(read: Read, login: str) -> None:
    """List a person's tokens."""
    from service.store import operator

    with opened(read()) as store:
        for line in operator.list_tokens(store, login):
            OUT.print(line, markup=False)


@token.command(name="revoke")
@click.option("--login", required=True, help="Whose token: a login name.")
@click.argument("token_id")
@click.pass_obj
def token_revoke(read: Read, login: str, token_id: str) -> None:
    """Revoke a token; it stops working at once."""
    from service.store import operator

    with opened(read()) as store:
        operator.revoke_token(store, login, token_id)
    OUT.print("Revoked.")


COMMANDS = [token]
