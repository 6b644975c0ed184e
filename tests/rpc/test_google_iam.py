"""Google's own client for accounts, keys, roles and policies, against a server of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import grpc
import pytest
from google.api_core.exceptions import Aborted, NotFound

from ringback_server.rpc.server import GrpcServer
from tests.edges import LOOPBACK
from tests.services import Service

# Google's client does not say what its methods take and return.
Googles = Any
ADMIN_V1: Any = import_module("google.cloud.iam_admin_v1")
TRANSPORTS: Any = import_module("google.cloud.iam_admin_v1.services.iam.transports")
PROJECT = "projects/local"
EMAIL = "partner@local.iam.gserviceaccount.com"
ACCOUNT = f"{PROJECT}/serviceAccounts/{EMAIL}"
CONDITION = {
    "expression": 'request.time < timestamp("2099-01-01T00:00:00Z")',
    "title": "t",
    "description": "d",
}


@pytest.fixture
def iam(service: Service) -> Iterator[Any]:
    """Return Google's client, with a token of the administrator on each call."""
    server = GrpcServer(LOOPBACK, service.admission)
    server.start()
    # So that tokens go out without TLS: only to the machine itself.
    credentials = grpc.composite_channel_credentials(
        grpc.local_channel_credentials(), grpc.access_token_call_credentials(service.token())
    )
    try:
        with grpc.secure_channel(str(server.address), credentials) as channel:
            yield ADMIN_V1.IAMClient(transport=TRANSPORTS.IAMGrpcTransport(channel=channel))
    finally:
        server.stop(1.0)


def test_accounts_when_google_administers_them(iam: Googles) -> None:
    """They are created, described, listed, disabled and deleted, as Google's messages say it."""
    created = iam.create_service_account(
        request={
            "name": PROJECT,
            "account_id": "partner",
            "service_account": {"display_name": "Partner"},
        }
    )
    iam.patch_service_account(
        request={
            "service_account": {"name": ACCOUNT, "description": "of another company"},
            "update_mask": {"paths": ["description"]},
        }
    )
    iam.disable_service_account(request={"name": ACCOUNT})
    found = iam.get_service_account(name=f"projects/-/serviceAccounts/{EMAIL}")
    listed = [account.email for account in iam.list_service_accounts(name=PROJECT)]
    iam.enable_service_account(request={"name": ACCOUNT})
    iam.delete_service_account(name=ACCOUNT)

    assert ADMIN_V1.ServiceAccount(
        name=ACCOUNT,
        project_id="local",
        unique_id=created.unique_id,
        email=EMAIL,
        display_name="Partner",
        description="of another company",
        oauth2_client_id=created.unique_id,
        disabled=True,
    ) == _known(found)
    assert EMAIL in listed
    assert sorted(listed) == listed
    with pytest.raises(NotFound):
        iam.get_service_account(name=ACCOUNT)


def test_keys_when_google_administers_them(iam: Googles) -> None:
    """A key comes as a key file, once; it is listed, and its public half can be had."""
    iam.create_service_account(request={"name": PROJECT, "account_id": "partner"})
    created = iam.create_service_account_key(name=ACCOUNT)
    file = json.loads(created.private_key_data)
    found = iam.get_service_account_key(
        request={"name": created.name, "public_key_type": "TYPE_X509_PEM_FILE"}
    )
    listed = iam.list_service_account_keys(name=ACCOUNT).keys
    iam.disable_service_account_key(request={"name": created.name})
    disabled = iam.get_service_account_key(name=created.name).disabled
    iam.delete_service_account_key(name=created.name)
    uploaded = iam.upload_service_account_key(
        request={"name": ACCOUNT, "public_key_data": found.public_key_data}
    )

    assert (EMAIL, "service_account") == (file["client_email"], file["type"])
    assert file["token_uri"].endswith("/token")
    assert f"{ACCOUNT}/keys/{file['private_key_id']}" == created.name == uploaded.name
    assert found.public_key_data.startswith(b"-----BEGIN CERTIFICATE-----")
    assert [(created.name, b"")] == [(key.name, key.private_key_data) for key in listed]
    assert disabled
    assert ("GOOGLE_PROVIDED", "USER_PROVIDED") == (
        created.key_origin.name,
        uploaded.key_origin.name,
    )


def test_roles_when_google_administers_them(iam: Googles) -> None:
    """Custom roles are created, changed as they were read, and deleted; predefined ones listed."""
    role = ADMIN_V1.Role(
        title="Sender", included_permissions=["workflows.callbacks.send"], stage="GA"
    )
    created = iam.create_role(request={"parent": PROJECT, "role_id": "sender", "role": role})
    changed = iam.update_role(
        request={
            "name": created.name,
            "role": ADMIN_V1.Role(description="sends", etag=created.etag),
            "update_mask": {"paths": ["description"]},
        }
    )
    with pytest.raises(Aborted):
        iam.delete_role(request={"name": created.name, "etag": created.etag})
    predefined = list(iam.list_roles(request={"view": ADMIN_V1.RoleView.FULL, "page_size": 2}))
    own = [found.name for found in iam.list_roles(request={"parent": PROJECT})]
    iam.delete_role(request={"name": created.name, "etag": changed.etag})

    assert ("Sender", "sends") == (changed.title, changed.description)
    assert ["workflows.callbacks.send"] == list(changed.included_permissions)
    names = [found.name for found in predefined]
    assert {"roles/owner", "roles/workflows.invoker"} <= set(names)
    assert sorted(names) == names
    assert all(found.included_permissions for found in predefined)
    assert [created.name] == own


def test_policies_when_google_administers_them(iam: Googles) -> None:
    """The policy of an account is read, set with a condition, and tested."""
    iam.create_service_account(request={"name": PROJECT, "account_id": "partner"})
    wanted = {
        "role": "roles/iam.serviceAccountUser",
        "members": [f"serviceAccount:{EMAIL}"],
        "condition": CONDITION,
    }
    read = iam.get_iam_policy(request={"resource": ACCOUNT})
    policy = {"version": 3, "bindings": [wanted], "etag": read.etag}
    written = iam.set_iam_policy(request={"resource": ACCOUNT, "policy": policy})
    may = iam.test_iam_permissions(
        resource=ACCOUNT, permissions=["iam.serviceAccounts.actAs", "iam.roles.get"]
    )

    (binding,) = written.bindings
    assert (wanted["role"], wanted["members"]) == (binding.role, list(binding.members))
    assert (CONDITION["expression"], "t", "d", 3) == (
        binding.condition.expression,
        binding.condition.title,
        binding.condition.description,
        written.version,
    )
    assert written == iam.get_iam_policy(request={"resource": ACCOUNT})
    assert ["iam.serviceAccounts.actAs", "iam.roles.get"] == list(may.permissions)
    with pytest.raises(Aborted):
        iam.set_iam_policy(request={"resource": ACCOUNT, "policy": policy})


def _known(found: Googles) -> Googles:
    """Return what Google's message knows of an account."""
    message = ADMIN_V1.ServiceAccount.pb(found)
    message.DiscardUnknownFields()
    return ADMIN_V1.ServiceAccount(message)
