"""`ringback iam apply`."""

from pathlib import Path
from typing import Annotated

import typer

from ringback_client.cli.options import Project
from ringback_client.cli.output import write_diff
from ringback_client.cli.policy_file import project_of, read_policy
from ringback_client.cli.policy_plan import Change, Plan
from ringback_client.cli.session import session_of
from ringback_client.errors import ClientError
from ringback_client.names import DEFAULT_LOCATION

_DIFFERENT = 2


def apply(
    ctx: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The policy file.", show_default=False)
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help=(
                "Also remove what the file does not name: accounts, uploaded keys and custom "
                "roles, of the sections that it has, and bindings on the resources that it names."
            ),
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    project: Project = None,
) -> None:
    """Make accounts, keys, custom roles and bindings what a file says, and show the difference.

    It only adds and changes, unless --prune. A person at a terminal is asked first, but for --yes
    or --quiet. With --dry-run the exit status is 0 when there is nothing to change, and 2 when
    there is; a file that is wrong is 1.
    """
    session = session_of(ctx)
    server = session.server()
    chosen = project or project_of(file)
    with session.connect(server, chosen, DEFAULT_LOCATION) as client:
        wanted = read_policy(file, client.place)
        plan = Plan(client, wanted, caller=session.account(server), prune=prune)
        changes = plan.changes()
        if not changes:
            session.say("Nothing to change.")
            return
        write_diff(line for change in changes for line in change.lines)
        if dry_run:
            raise typer.Exit(_DIFFERENT)
        session.confirm("Apply these changes?", "Nothing was changed.", yes=yes)
        _make(changes)
    session.say(f"Applied {len(changes)} changes.")


def _make(changes: list[Change]) -> None:
    for number, change in enumerate(changes):
        try:
            change.make()
        except ClientError as error:
            raise ClientError(
                f"{change.lines[0]}: {error.message}",
                next_step=(
                    f"{number} of {len(changes)} changes were made. Apply the file again once this "
                    "is put right: what is done is not done twice."
                ),
            ) from error
