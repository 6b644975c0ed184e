"""A translation that a person approves, with the connectors that Google's tutorial uses."""

from __future__ import annotations

import json
from pathlib import Path

from tests.connectors.fakes import Google
from tests.e2e.process import serving
from tests.e2e.test_durability import ended
from tests.e2e.test_requests import deployed, started
from tests.engine.outbound.upstream import upstream
from tests.waiting import until

#: what the page of the tutorial would show is in a document named after the execution
SOURCE = """
main:
  params: [order]
  steps:
    - names:
        assign:
          - project: ${sys.get_env("GOOGLE_CLOUD_PROJECT_ID")}
          - id: ${sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")}
          - document: ${"projects/" + project + "/databases/(default)/documents/jobs/" + id}
    - keep_text:
        call: googleapis.firestore.v1.projects.databases.documents.patch
        args:
          name: ${document}
          updateMask: {fieldPaths: [text]}
          body: {fields: {text: {stringValue: "${order.text}"}}}
    - translate:
        call: googleapis.translate.v2.translations.translate
        args:
          query: {q: "${order.text}", target: FR, format: text, source: EN}
        result: translated
    - read:
        assign:
          - translation: ${translated.data.translations[0].translatedText}
    - open:
        call: events.create_callback_endpoint
        args: {http_callback_method: POST}
        result: callback
    - show:
        call: googleapis.firestore.v1.projects.databases.documents.patch
        args:
          name: ${document}
          updateMask: {fieldPaths: [translation, callback]}
          body:
            fields:
              translation: {stringValue: "${translation}"}
              callback: {stringValue: "${callback.url}"}
    - wait:
        call: events.await_callback
        args: {callback: "${callback}", timeout: 3600}
        result: decision
    - note:
        assign: [{approved: "${decision.http_request.body.approved}"}]
    - keep_decision:
        call: googleapis.firestore.v1.projects.databases.documents.patch
        args:
          name: ${document}
          updateMask: {fieldPaths: [approved]}
          body: {fields: {approved: {booleanValue: "${approved}"}}}
    - finish:
        return: {text: "${order.text}", translation: "${translation}", approved: "${approved}"}
"""


def test_translation_when_it_is_approved(tmp_path: Path) -> None:
    """The page finds the callback in the document, and the server is killed in between."""
    google, data = Google(), tmp_path / "data"
    with upstream(google.talk) as there:
        options = [
            f"--connector=googleapis.{service}={there.url('')}"
            for service in ("firestore.v1", "translate")
        ]
        with serving(data, *options, home=tmp_path) as first:
            token = first.token()
            deployed(first, token, "translation", SOURCE)
            execution = started(first, token, "translation", {"text": "hello"})
            [document] = until(lambda: [d for d in google.documents.values() if "callback" in d])
            first.kill()
        with serving(data, *options, home=tmp_path) as second:
            url = document["callback"]["stringValue"]
            answer = second.call("POST", url, token, json={"approved": True})
            found = ended(second, token, execution)

    assert 200 == answer.status_code
    assert {"text": "hello", "translation": "hello, traduit", "approved": True} == json.loads(
        found["result"]
    )
    [(name, fields)] = google.documents.items()
    assert execution.rsplit("/", 1)[-1] == name.rsplit("/", 1)[-1]
    assert {
        "text": {"stringValue": "hello"},
        "translation": {"stringValue": "hello, traduit"},
        "callback": {"stringValue": url},
        "approved": {"booleanValue": True},
    } == fields
