"""People log in through an OpenID provider that others wrote."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.auth.oauth.desk import CLI, answered, asking, polling, redeeming
from tests.e2e.process import Server, serving
from tests.gateway.browsers import Browser, onward
from tests.interop.issuer.processes import issuing
from tests.interop.issuer.programs import PROGRAMS
from tests.interop.programs import Program
from tests.waiting import PATIENCE

_NODE = next(program for program in PROGRAMS if program.language == "node")
_VIEWER = "viewer@local.iam.gserviceaccount.com"
_ISSUERS = """\
issuers:
- name: staff
  issuer: {issuer}
  audiences: [https://ringback.test]
  login:
    client_id: people
    client_secret_file: secret
    accounts:
    - match: {{sub: ada}}
      account: viewer@local.iam.gserviceaccount.com
"""


@dataclass(frozen=True, slots=True)
class _Place:
    """A server, and the provider through which people log in there."""

    server: Server
    issuer: str
    browser: Browser

    def through(self, page: httpx.Response, person: str, **more: str) -> httpx.Response:
        """Log in through the provider as a person; return what the server then answers."""
        place = onward(self.browser.send_to_provider(page, **more))
        client = self.browser.client
        while place.startswith(self.issuer):
            answer = client.get(place)
            place = str(httpx.URL(place).join(answer.headers["Location"]))
            if urlsplit(place).path.startswith("/interaction/"):
                place = f"{place}?as={person}"
        assert place.startswith(f"{self.server.http}/oauth/callback?"), place
        return client.get(place)

    def lists(self, token: str) -> int:
        """Return the status of listing workflows with a token."""
        parent = "projects/local/locations/us-central1/workflows"
        return self.server.call("GET", parent, token).status_code


@pytest.fixture
def place(ready: Callable[[Program], Program], tmp_path: Path) -> Generator[_Place]:
    """Run both."""
    with _place(ready(_NODE), tmp_path) as found:
        yield found


@contextmanager
def _place(program: Program, home: Path) -> Generator[_Place]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        http = f"127.0.0.1:{free.getsockname()[1]}"
    file, secret = home / "issuers.yaml", home / "secret"
    secret.touch(0o600)
    secret.write_text("no secret: of people/%\n")
    with issuing(program, 0, f"http://{http}/oauth/callback") as issuer:
        file.write_text(_ISSUERS.format(issuer=issuer))
        arguments = (f"--issuers={file}", f"--http-address={http}")
        with serving(home / "data", *arguments, home=home) as server:
            browser = Browser(server.http)
            with browser.client:
                yield _Place(server, issuer, browser)


def test_browser_login_when_the_provider_knows_the_person(place: _Place) -> None:
    """The person is let in as the account that a rule names, without anybody else."""
    place.browser.begin(str(httpx.URL("/authorize", params=asking())))

    back = place.through(place.browser.get("/authorize/wait"), "ada")
    assert (303, "/authorize/wait") == (back.status_code, back.headers["Location"])
    code = answered(place.browser.end())["code"]
    tokens = httpx.post(f"{place.server.http}/token", data=redeeming(code), timeout=PATIENCE).json()
    assert 200 == place.lists(tokens["access_token"])
    entries = place.server.call("GET", "projects/local/auditEntries", place.server.token()).json()
    assert "principal://staff/subject/ada" in str(entries)


def test_device_login_when_the_provider_knows_the_person(place: _Place) -> None:
    """The person says that the code is theirs, logs in, and the device has its tokens."""
    url = place.server.http
    shown = httpx.post(f"{url}/device_authorization", data={"client_id": CLI}).json()
    asked = place.browser.get(f"/device?user_code={shown['user_code']}")
    page = place.browser.send(asked, user_code=shown["user_code"])
    assert 400 == place.browser.send_to_provider(page).status_code

    done = place.through(page, "ada", confirmed="yes")

    assert (200, True) == (done.status_code, _VIEWER in done.text)
    tokens = httpx.post(f"{url}/token", data=polling(shown), timeout=PATIENCE).json()
    assert 200 == place.lists(tokens["access_token"])


@pytest.mark.parametrize(
    ("person", "status", "said"),
    [("eve", 403, "no rule"), ("", 400, "staff did not log you in: access_denied")],
)
def test_login_when_the_person_is_not_let_in(
    place: _Place, person: str, status: int, said: str
) -> None:
    """A page says why, and the login waits on for somebody else."""
    place.browser.begin(str(httpx.URL("/authorize", params=asking())))
    wait = place.browser.get("/authorize/wait")

    refused = place.through(wait, person)

    assert status == refused.status_code
    assert said in re.sub(r"\s+", " ", refused.text)
    assert 200 == place.browser.get("/authorize/wait").status_code
