"""`ringback callbacks`."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated

import typer

from ringback.v1.callbacks_pb2 import Callback, SendCallbackResponse
from ringback_client.cli import signatures
from ringback_client.cli.batch_tasks import send_lines
from ringback_client.cli.batches import Batch, ResultsFile, check_options
from ringback_client.cli.durations import parse_duration
from ringback_client.cli.formats import Format
from ringback_client.cli.json_text import parse_json
from ringback_client.cli.options import (
    ExecutionName,
    Filter,
    Limit,
    Location,
    PageSize,
    Project,
    TableFormat,
    Workflow,
    read_text,
)
from ringback_client.cli.output import moment, write_document, write_list, write_table
from ringback_client.cli.session import session_of
from ringback_client.cli.watching import wait_for_callback as wait
from ringback_client.names import DEFAULT_LOCATION, callback_target

_JSON = "application/json"
_HOUR = "1h"

Key = Annotated[
    str,
    typer.Option(metavar="KEY", help="The same key twice is one callback.", show_default=False),
]

app = typer.Typer(help="See what executions wait for, and send it.", no_args_is_help=True)
app.command("wait")(wait)
app.add_typer(signatures.app, name="signatures")


@app.command("list")
def list_(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    limit: Limit = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
    *,
    filter_: Filter = "",
    page_size: PageSize = None,
    with_tokens: Annotated[
        bool,
        typer.Option(
            "--with-tokens",
            help="Make a token for each, which is good for sending to it and for nothing else.",
        ),
    ] = False,
    ttl: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="How long the tokens are to be valid, such as 24h or 30d: at most 90d.",
            show_default="1h",
        ),
    ] = None,
) -> None:
    """List the callback endpoints of an execution."""
    if ttl is not None and not with_tokens:
        raise typer.BadParameter("needs --with-tokens", param_hint="--ttl")
    lifetime = parse_duration(ttl or _HOUR, "--ttl").total_seconds() if with_tokens else None
    with session_of(ctx).client(project, location) as client:
        listed = client.callbacks(
            execution,
            workflow=workflow,
            filter_=filter_,
            page_size=page_size or 0,
            token_lifetime=lifetime,
        )
        found = list(islice(listed, limit))
    rows = [_link(callback) if with_tokens else _row(callback) for callback in found]
    empty = "The filter admits no callback." if filter_ else "The execution takes no callbacks."
    write_list(found, rows, form, empty=empty)


@app.command()
def send(
    ctx: typer.Context,
    target: Annotated[
        str,
        typer.Argument(metavar="URL", help="The callback URL, or its name.", show_default=False),
    ] = "",
    method: Annotated[
        str, typer.Option(metavar="METHOD", help="The HTTP method.", show_default="the endpoint's")
    ] = "",
    data: Annotated[
        str | None,
        typer.Option(
            metavar="BODY", help="JSON unless a header says otherwise; @FILE reads it from a file."
        ),
    ] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="NAME:VALUE", help="A header; may be repeated.")
    ] = None,
    idempotency_key: Key = "",
    form: TableFormat = Format.TABLE,
    *,
    batch: Batch = None,
    results: ResultsFile = None,
) -> None:
    """Send a callback, and print what became of it.

    With --batch, send the one in each line of a file, such as {"url": "https://…", "data": true}
    with "method", "headers" and "idempotency_key" if need be, and print a line of JSON for each.
    """
    session = session_of(ctx)
    single = {"URL": target, "--data": data, "--header": header, "--method": method}
    check_options(batch, results, {**single, "--idempotency-key": idempotency_key})
    if batch is not None:
        with session.client(None, DEFAULT_LOCATION) as client:
            send_lines(client).run(session, batch, results)
        return
    if not target:
        raise typer.BadParameter("a callback URL is needed, or --batch FILE", param_hint="URL")
    callback_target(target)
    headers = _parse_headers(header or ())
    content_type = headers.pop("content-type", _JSON if data is not None else "")
    body = _body(data, content_type)
    with session.client(None, DEFAULT_LOCATION) as client:
        answer = client.send_callback(
            target,
            body=body,
            content_type=content_type,
            method=method,
            headers=headers,
            idempotency_key=idempotency_key,
        )
    if form == Format.TABLE:
        outcome = SendCallbackResponse.Outcome.Name(answer.outcome)
        received = moment(answer.receive_time)
        write_table([{"OUTCOME": outcome, "PAYLOAD": answer.payload_id, "RECEIVED": received}])
    else:
        write_document(answer, form)


def _row(callback: Callback) -> dict[str, str]:
    return {
        "METHOD": callback.method,
        "WAITERS": str(callback.waiters),
        "PAYLOADS": str(len(callback.available_payloads)),
        "NAME": callback.name,
    }


def _link(callback: Callback) -> dict[str, str]:
    """Return what whoever is to answer needs: where, with what, and until when."""
    return {
        "METHOD": callback.method,
        "URL": callback.url,
        "EXPIRES": moment(callback.access_token_expire_time),
        "TOKEN": callback.access_token,
    }


def _parse_headers(texts: Sequence[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for text in texts:
        name, colon, value = text.partition(":")
        if not name.strip() or not colon:
            raise typer.BadParameter(f"{text!r} is not NAME:VALUE", param_hint="--header")
        headers[name.strip().lower()] = value.strip()
    return headers


def _body(data: str | None, content_type: str) -> bytes:
    """Return the body; what is to be sent as JSON must be JSON."""
    if data is None:
        return b""
    text = read_text(data)
    if content_type == _JSON:
        try:
            parse_json(text)
        except ValueError as error:
            message = f"{error}; add --header 'Content-Type: text/plain' to send text"
            raise typer.BadParameter(message, param_hint="--data") from error
    return text.encode()
