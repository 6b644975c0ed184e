"""Addresses of service accounts, which name the project that they are in."""

from __future__ import annotations

_ACCOUNT_DOMAIN = ".iam.gserviceaccount.com"


def account_email(account: str, project: str) -> str:
    """Return the address of a service account of a project."""
    return f"{account}@{project}{_ACCOUNT_DOMAIN}"


def account_project(email: str) -> str | None:
    """Return the project that an account's address names, None if it names none."""
    account, _, domain = email.partition("@")
    project = domain.removesuffix(_ACCOUNT_DOMAIN)
    return project if account and project and project != domain else None
