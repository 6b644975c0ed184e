"""`ringback run`, `ringback execute` and `ringback executions`."""

import json
from itertools import islice
from typing import Annotated

import typer

from ringback.v1.executions_pb2 import Execution
from ringback_client.cli.batch_tasks import execute_lines
from ringback_client.cli.batches import Batch, ResultsFile, check_options
from ringback_client.cli.endings import INTERRUPTED, fail_unless_succeeded
from ringback_client.cli.formats import Format, parse_document_format
from ringback_client.cli.last_execution import recall, remember
from ringback_client.cli.levels import CallLogLevel, HistoryLevel, Unbuffered, for_execution
from ringback_client.cli.local import (
    Local,
    LocalOptions,
    LocalVariables,
    Now,
    Stubs,
    Subworkflow,
    meant_as_workflow,
)
from ringback_client.cli.options import (
    Data,
    ExecutionName,
    Filter,
    Labels,
    Limit,
    Location,
    PageSize,
    Project,
    ResultFormat,
    SortBy,
    TableFormat,
    Timeout,
    Workflow,
    order_by,
    parse_pairs,
    read_json,
)
from ringback_client.cli.output import (
    moment,
    say,
    write_document,
    write_list,
    write_value,
)
from ringback_client.cli.session import session_of
from ringback_client.cli.steps import export, steps
from ringback_client.cli.watching import watch
from ringback_client.client import Client
from ringback_client.names import DEFAULT_LOCATION, last_segment

WorkflowName = Annotated[str, typer.Argument(metavar="WORKFLOW", help="The workflow.")]

RunFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        parser=parse_document_format,
        help="How to print the result: json or yaml, or with fields, such as value(result), "
        "those of the execution; with --local, all about the run.",
        show_default="json",
    ),
]

app = typer.Typer(help="Look at executions, wait for them, cancel them.", no_args_is_help=True)
app.command("steps")(steps)
app.command("watch")(watch)
app.command("export")(export)


def run(
    ctx: typer.Context,
    workflow: Annotated[
        str, typer.Argument(metavar="WORKFLOW", help="The workflow; with --local, a definition.")
    ],
    data: Data = None,
    labels: Labels = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: RunFormat = None,
    *,
    call_log_level: CallLogLevel = None,
    execution_history_level: HistoryLevel = None,
    disable_concurrency_quota_overflow_buffering: Unbuffered = False,
    local: Local = False,
    stubs: Stubs = None,
    env: LocalVariables = None,
    now: Now = None,
    subworkflow: Subworkflow = None,
) -> None:
    """Execute a workflow, wait until it has ended and print its result.

    With --local, run the definition in a file here, without a server.
    """
    argument = "" if data is None else read_json(data)
    here = LocalOptions(
        stubs=stubs,
        env=env or [],
        now=now,
        subworkflow=subworkflow,
        form=form,
        labels=labels,
        location=location,
        project=project,
    )
    settings = for_execution(
        call_log_level,
        execution_history_level,
        unbuffered=disable_concurrency_quota_overflow_buffering,
    )
    if local:
        for name in settings:
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter("does not go with --local", param_hint=option)
        raise typer.Exit(here.run(workflow, argument))
    here.refuse()
    settings["labels"] = parse_pairs(labels, "--labels")
    session = session_of(ctx)
    with meant_as_workflow(workflow), session.client(project, location) as client:
        started = client.execute(workflow, argument_json=argument, **settings)
        remember(session.environ, started.name)
        session.say(f"Waiting for {started.name}")
        execution = _wait(client, started.name)
    if form is not None and form.columns:
        write_document(execution, form)
    elif execution.state == Execution.SUCCEEDED:
        write_value(json.loads(execution.result or "null"), form or Format.JSON)
    fail_unless_succeeded(execution, printed=False)


def execute(
    ctx: typer.Context,
    workflow: WorkflowName,
    data: Data = None,
    labels: Labels = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            parser=parse_document_format,
            help="How to print it.",
            show_default="its name alone",
        ),
    ] = None,
    *,
    call_log_level: CallLogLevel = None,
    execution_history_level: HistoryLevel = None,
    disable_concurrency_quota_overflow_buffering: Unbuffered = False,
    batch: Batch = None,
    results: ResultsFile = None,
) -> None:
    """Execute a workflow without waiting, and print the execution's name.

    With --batch, execute it with the argument in each line of a file, as JSON, and print a line
    of JSON for each.
    """
    session = session_of(ctx)
    check_options(batch, results, {"--data": data, "--format": form})
    argument = "" if data is None else read_json(data)
    settings = for_execution(
        call_log_level,
        execution_history_level,
        unbuffered=disable_concurrency_quota_overflow_buffering,
    )
    settings["labels"] = parse_pairs(labels, "--labels")
    with meant_as_workflow(workflow), session.client(project, location) as client:
        if batch is not None:
            execute_lines(client, workflow, settings).run(session, batch, results)
            return
        execution = client.execute(workflow, argument_json=argument, **settings)
    remember(session.environ, execution.name)
    if form is None:
        typer.echo(execution.name)
    else:
        write_document(execution, form)


@app.command()
def describe(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Print all about an execution."""
    with session_of(ctx).client(project, location) as client:
        write_document(client.get(execution, workflow=workflow), form)


@app.command()
def wait(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    timeout: Timeout = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Wait until an execution has ended, and print all about it."""
    with session_of(ctx).client(project, location) as client:
        found = _wait(client, client.place.execution(execution, workflow), timeout)
    write_document(found, form)
    fail_unless_succeeded(found)


@app.command()
def describe_last(ctx: typer.Context, form: ResultFormat = Format.YAML) -> None:
    """Print all about the execution that was started last here."""
    session = session_of(ctx)
    name = recall(session.environ)
    with session.client(None, DEFAULT_LOCATION) as client:
        write_document(client.get(name), form)


@app.command()
def wait_last(
    ctx: typer.Context, timeout: Timeout = None, form: ResultFormat = Format.YAML
) -> None:
    """Wait until the execution that was started last here has ended, and print all about it."""
    session = session_of(ctx)
    name = recall(session.environ)
    with session.client(None, DEFAULT_LOCATION) as client:
        session.say(f"Waiting for {name}")
        found = _wait(client, name, timeout)
    write_document(found, form)
    fail_unless_succeeded(found)


@app.command("list")
def list_(
    ctx: typer.Context,
    workflow: WorkflowName,
    limit: Limit = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: TableFormat = Format.TABLE,
    *,
    filter_: Filter = "",
    sort_by: SortBy = "",
    page_size: PageSize = None,
) -> None:
    """List the executions of a workflow, newest first unless --sort-by says otherwise."""
    with session_of(ctx).client(project, location) as client:
        listed = client.list(
            workflow, filter_=filter_, order_by=order_by(sort_by), page_size=page_size or 0
        )
        found = list(islice(listed, limit))
    rows = [
        {
            "EXECUTION": last_segment(execution.name),
            "STATE": Execution.State.Name(execution.state),
            "STARTED": moment(execution.start_time),
            "ENDED": moment(execution.end_time),
            "REVISION": execution.workflow_revision_id,
        }
        for execution in found
    ]
    empty = f"{workflow} has no executions that the filter admits." if filter_ else ""
    write_list(found, rows, form, empty=empty or f"{workflow} has no executions.")


@app.command()
def cancel(
    ctx: typer.Context,
    execution: ExecutionName,
    workflow: Workflow = None,
    location: Location = DEFAULT_LOCATION,
    project: Project = None,
    form: ResultFormat = Format.YAML,
) -> None:
    """Stop an execution."""
    with session_of(ctx).client(project, location) as client:
        write_document(client.cancel(execution, workflow=workflow), form)


def _wait(client: Client, name: str, timeout: float | None = None) -> Execution:
    try:
        return client.wait(name, timeout=timeout)
    except KeyboardInterrupt:
        say(f"It goes on; wait for it again with: ringback executions wait {name}")
        raise typer.Exit(INTERRUPTED) from None
