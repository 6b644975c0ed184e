"""A program that a user wrote for Google: it finds its credentials by itself.

Prints its project and account, and what the callback URL that is its argument answered.
"""

from __future__ import annotations

import json
import sys

import google.auth
from google.auth.transport.requests import AuthorizedSession


def main(url: str) -> None:
    """Send the callback."""
    credentials, project = google.auth.default(
        scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    answer = AuthorizedSession(credentials).post(url, json={"from": "python"}, timeout=10)
    seen = [project, credentials.service_account_email, answer.status_code]
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main(sys.argv[1])
