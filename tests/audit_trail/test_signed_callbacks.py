"""What the audit keeps of callbacks that a vendor signed."""

from __future__ import annotations

import json
from pathlib import Path

from ringback_server.auth.webhooks.secrets import fingerprint_of
from ringback_server.control import callback_signatures
from ringback_server.control.callback_signatures import GivenSecret, SignatureSpec
from ringback_server.model.signatures import Scheme
from tests.audit_trail.trails import audited
from tests.edges import http_edge
from tests.signing import OTHERS, SECRETS, github

BODY = b'{"id": "evt_1"}'


def test_signed_callback_when_it_is_sent(tmp_path: Path) -> None:
    """The sender is the signature and the secret's fingerprint; a wrong one has no name."""
    secret, other = SECRETS["GITHUB"], OTHERS["GITHUB"]
    with audited(tmp_path) as service, http_edge(service) as http:
        endpoint = service.endpoint(service.execution("w").name)
        workflow = endpoint.parent.parent
        spec = SignatureSpec(scheme=Scheme.GITHUB, secrets=[GivenSecret(value=secret)])
        made = callback_signatures.create(service.caller(), workflow, "github", spec)
        for each in (other, secret, secret):
            headers = {"Content-Type": "application/json", **github(each, BODY, 0.0)}
            http.post(f"/v1/{endpoint}", content=BODY, headers=headers)
        ended = json.loads(service.ended(endpoint.parent).result or "")
        kept = {entry.reason: entry for entry in service.all()}

    name = f"signature://{workflow}/github"
    for reason in ("RESUMED", "DUPLICATE"):
        entry = kept[reason]
        assert (name, fingerprint_of(secret)) == (entry.principal, entry.token_id)
        assert (str(endpoint), "workflows.callbacks.send") == (entry.resource, entry.permission)
    assert kept["RESUMED"].payload_id == kept["DUPLICATE"].payload_id
    assert "" == kept["TOKEN_MISSING"].principal
    assert made.secrets[0].fingerprint == kept["RESUMED"].token_id
    assert not any(each in str((kept, ended)) for each in (secret, other, "sha256="))
