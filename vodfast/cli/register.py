"""`vodfast register`: media items of objects that already lie in the cloud's storage.

Decides what is printed of each object. Registering an object again is harmless: it keeps its media id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from vodfast.cli.asking import asked, checked, conclude, offered
from vodfast.cli.connect import Connection, connect, connected
from vodfast.cli.listing import items_of, list_option
from vodfast.cli.records import Told, output_option
from vodfast.cli.set_option import set_option
from vodfast.cli.text import TEXT

if TYPE_CHECKING:
    from vodfast.blocking import Client
    from vodfast.providers.contract import RegisterItem


@click.command()
@click.argument("urls", nargs=-1, type=TEXT, metavar="[URL]...")
@list_option
@click.option("--title", type=TEXT, help="Title of the media.")
@click.option("--description", type=TEXT, help="Description of the media.")
@click.option("--tag", "tags", type=TEXT, multiple=True, help="A tag; may be repeated.")
@click.option("--category", type=TEXT, help="Category, as the cloud counts them.")
@click.option("--cover-url", type=TEXT, metavar="URL", help="A picture to go with it.")
@set_option("RegisterOptions")
@output_option
@connected
def register(
    connection: Connection,
    urls: tuple[str, ...],
    lists: tuple[str, ...],
    settings: tuple[tuple[str, str], ...],
    output: str,
    **common: Any,
) -> int:
    """Make media of objects that already lie in the cloud's storage."""
    from vodfast.cli.settings import unique
    from vodfast.providers.contract import RegisterItem

    provider = connection.provider()
    offered(lambda: provider.check_register(RegisterItem(url="https://example.com/a.mp4")))
    items = items_of(
        urls,
        lists,
        RegisterItem,
        cloud=provider.name,
        record="RegisterOptions",
        common=common,
        settings=unique(settings),
    )
    checked(provider.check_register, items, lambda item: item.url)
    told = Told(output, ("media_id", "state", "source"))
    with connect(connection) as client, told:
        for item in items:
            told.add(_ask(client, item))
    return conclude(told.records)


def _ask(client: Client, item: RegisterItem) -> dict[str, Any]:
    from vodfast.errors import ErrorKind, VodfastError

    def register_one() -> dict[str, Any]:
        [done] = client.register([item])
        if done.media_id is None:
            raise VodfastError(
                "the cloud could not register it: is it an object of this account's storage?",
                kind=ErrorKind.NOT_FOUND,
                request_id=done.request_id,
            )
        return {"state": "done", "media_id": done.media_id, "new": done.new, "request_id": done.request_id}

    return asked(item.url, client.cloud, register_one, media_id=None, new=None)
