"""What a deployment would change, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import unified_diff

from ringback.v1.workflows_pb2 import ExecutionHistoryLevel, Workflow
from ringback_client.names import last_segment
from ringback_client.settings import WorkflowSettings


def differences(
    before: Workflow | None, name: str, source: str, settings: WorkflowSettings
) -> list[str]:
    """Return the lines of a unified diff, and a line for each other change; none if nothing is."""
    old = before or Workflow(name=name)
    was = f"{last_segment(old.name)} {old.revision_id}" if before else "/dev/null"
    lines = unified_diff(
        old.source_contents.splitlines(),
        source.splitlines(),
        was,
        f"{last_segment(name)} (new)",
        lineterm="",
    )
    return [*lines, *_settings(old, settings)]


def revision_differences(old: Workflow, new: Workflow) -> list[str]:
    """Return the lines of a unified diff of two revisions, and a line for each other change."""
    lines = unified_diff(
        old.source_contents.splitlines(),
        new.source_contents.splitlines(),
        f"{last_segment(old.name)} {old.revision_id}",
        f"{last_segment(new.name)} {new.revision_id}",
        lineterm="",
    )
    settings = WorkflowSettings(
        service_account=last_segment(new.service_account), env_vars=new.user_env_vars
    )
    return [*lines, *_settings(old, settings)]


def _settings(old: Workflow, new: WorkflowSettings) -> Iterator[str]:
    if "description" in new and new["description"] != old.description:
        yield f"description: {old.description!r} -> {new['description']!r}"
    account = new.get("service_account", "")
    if account and last_segment(account) != last_segment(old.service_account):
        yield f"service account: {last_segment(old.service_account)!r} -> {account!r}"
    if "labels" in new:
        yield from _pairs("label", old.labels, new["labels"])
    if "env_vars" in new:
        yield from _pairs("env var", old.user_env_vars, new["env_vars"])
    if "call_log_level" in new and new["call_log_level"] != old.call_log_level:
        name = Workflow.CallLogLevel.Name
        yield f"call log level: {name(old.call_log_level)} -> {name(new['call_log_level'])}"
    if "execution_history_level" in new:
        was, becomes = old.execution_history_level, new["execution_history_level"]
        if was != becomes:
            level = ExecutionHistoryLevel.Name
            yield f"execution history level: {level(was)} -> {level(becomes)}"


def _pairs(word: str, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            was = repr(old[key]) if key in old else "none"
            becomes = repr(new[key]) if key in new else "none"
            yield f"{word} {key}: {was} -> {becomes}"
