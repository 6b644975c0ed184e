"""The approval example as its user sees it: a server, the service and a real browser."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, expect

from tests.e2e.browser import browsing
from tests.e2e.process import Server, environment, ringback, serving
from tests.waiting import PATIENCE, until

EXAMPLE = Path(__file__).parents[2] / "examples" / "human-approval"
WORKFLOW = "translation-review"
HOSTILE = '<img src="x" onerror="document.title=1"><b>fett</b>'

expect.set_options(timeout=PATIENCE * 1000)


@dataclass(frozen=True, slots=True)
class Review:
    """An execution that waits for a review, and what identifies it on the page."""

    execution: str
    text: str

    @property
    def id(self) -> str:
        """The id of the execution."""
        return self.execution.rpartition("/")[2]


@dataclass(slots=True)
class Stage:
    """A server with the workflow, the service in front of it, and a page of a browser."""

    server: Server
    home: Path
    service: str
    page: Page
    requests: list[Request] = field(default_factory=list[Request])
    complaints: list[str] = field(default_factory=list[str])

    def ask(self, text: str, translation: str) -> Review:
        """Start an execution that asks for a review."""
        argument = json.dumps({"text": text, "translation": translation})
        name = ringback(
            "-q", "execute", WORKFLOW, "--data", argument, home=self.home, cwd=self.home
        )
        return Review(name.strip(), text)

    def card(self, review: Review) -> Locator:
        """Return what the page shows of a review."""
        return self.page.get_by_role("listitem").filter(has_text=review.text)

    def state(self, review: Review) -> dict[str, str]:
        """Return the execution as it is now."""
        answer = self.server.call("GET", review.execution, self.server.token())
        found: dict[str, str] = answer.json()
        return found

    def result(self, review: Review) -> object:
        """Return what the execution returned, once it has ended."""

        def look() -> str | None:
            found = self.state(review)
            return found["result"] if found["state"] == "SUCCEEDED" else None

        return json.loads(until(look))

    def send(self, review: Review, headers: dict[str, str]) -> int:
        """Send an approval to the service as a program would; returns the status."""
        headers = {"Content-Type": "application/json", **headers}
        url = f"{self.service}/reviews/{review.id}"
        return httpx.post(url, headers=headers, content=b'{"approved":true}').status_code


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stage]:
    """Start a server, the service and a browser, once for this module."""
    home = tmp_path_factory.mktemp("approval")
    with (
        browsing(home / "profile") as page,
        serving(home / "ringback-data", home=home) as server,
    ):
        ringback("deploy", WORKFLOW, "--source", EXAMPLE / f"{WORKFLOW}.yaml", home=home)
        command = (sys.executable, str(EXAMPLE / "service.py"), "--port=0")
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env=environment(home), cwd=home
        ) as process:
            try:
                assert process.stdout
                line = process.stdout.readline()
                found = re.search(r"http://[\d.:]+", line)
                assert found, line
                yield watched(Stage(server, home, found.group(), page))
            finally:
                process.terminate()
                process.wait(PATIENCE)


def watched(stage: Stage) -> Stage:
    """Open the page, and keep what the browser requests and complains about."""

    def note(request: Request) -> None:
        stage.requests.append(request)

    def complain(message: ConsoleMessage) -> None:
        if message.type == "error":
            stage.complaints.append(message.text)

    stage.page.on("request", note)
    stage.page.on("console", complain)
    stage.page.on("pageerror", lambda error: stage.complaints.append(str(error)))
    stage.page.goto(f"{stage.service}/")
    return stage


def test_page_when_a_translation_is_approved(stage: Stage) -> None:
    """What a workflow says is shown as text, and Approve resumes it with the decision."""
    review = stage.ask("Good morning", HOSTILE)
    card = stage.card(review)
    expect(card).to_contain_text(HOSTILE)
    card.get_by_role("button", name="Approve").click()

    expect(stage.page.get_by_role("status")).to_have_text("Approved.")
    expect(card).to_have_count(0)
    expected = {"text": "Good morning", "translation": HOSTILE, "approved": True}
    assert expected == stage.result(review)
    assert [] == stage.complaints
    assert stage.page.title() == "Translations to review"


def test_page_when_a_translation_is_rejected_by_keyboard(stage: Stage) -> None:
    """The page works without a mouse, and Reject reaches the workflow as such."""
    review = stage.ask("Good night", "Gute Nacht")
    card = stage.card(review)
    button = card.get_by_role("button", name="Reject")
    expect(button).to_have_accessible_description("Gute Nacht")
    card.get_by_role("button", name="Approve").focus()
    stage.page.keyboard.press("Tab")
    expect(button).to_be_focused()
    stage.page.keyboard.press("Enter")

    expect(stage.page.get_by_role("status")).to_have_text("Rejected.")
    expect(stage.page.get_by_role("heading")).to_be_focused()
    expected = {"text": "Good night", "translation": "Gute Nacht", "approved": False}
    assert expected == stage.result(review)


def test_page_when_the_decision_comes_too_late(stage: Stage) -> None:
    """A reviewer learns that a review is over, and the first decision counts."""
    review = stage.ask("Good evening", "Guten Abend")
    button = stage.card(review).get_by_role("button", name="Approve")
    button.focus()
    token = stage.server.token()
    callbacks = stage.server.call("GET", f"{review.execution}/callbacks", token).json()
    sent = stage.server.call(
        "POST", callbacks["callbacks"][0]["name"], token, json={"approved": False}
    )
    assert sent.status_code == 200
    expected = {"text": "Good evening", "translation": "Guten Abend", "approved": False}
    assert expected == stage.result(review)
    button.click()

    expect(stage.page.get_by_role("status")).to_contain_text("Too late")


def test_browser_when_it_decides(stage: Stage) -> None:
    """The browser talks to the service alone, and no token ever reaches it."""
    review = stage.ask("Thank you", "Danke")
    with stage.page.expect_response("**/reviews/*") as answered:
        stage.card(review).get_by_role("button", name="Approve").click()

    assert answered.value.status == 200
    assert all(request.url.startswith(f"{stage.service}/") for request in stage.requests)
    assert not [r for r in stage.requests if "authorization" in r.headers]
    shown = stage.page.content() + json.dumps(answered.value.headers)
    assert "eyJ" not in shown
    assert stage.page.context.cookies() == []


def test_service_when_another_page_decides(stage: Stage) -> None:
    """Only the service's own page can decide: a form or script of another origin is refused."""
    review = stage.ask("Welcome", "Willkommen")
    own = stage.service
    foreign = [
        {},
        {"Origin": "null"},
        {"Origin": "https://evil.example"},
        {"Origin": own.replace("http:", "https:")},
        {"Origin": own, "Content-Type": "text/plain"},
        {"Origin": "http://evil.example", "Host": "evil.example"},
    ]

    assert [403, 403, 403, 403, 400, 400] == [stage.send(review, headers) for headers in foreign]
    assert stage.state(review)["state"] == "ACTIVE"
    assert stage.send(review, {"Origin": own}) == 200
