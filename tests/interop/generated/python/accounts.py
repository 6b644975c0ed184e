"""Makes an account with a key and a role, as who sets up a project would, and removes them again.

TOKEN=… python accounts.py HOST:PORT
"""

import json
import os
import sys

import grpc
from google.protobuf import field_mask_pb2

from ringback.v1 import iam_pb2, iam_pb2_grpc, iam_policy_pb2, iam_policy_pb2_grpc

PROJECT = "projects/local"
EMAIL = "interop-python@local.iam.gserviceaccount.com"
ACCOUNT = f"{PROJECT}/serviceAccounts/{EMAIL}"
ROLE = f"{PROJECT}/roles/interop.python"
SEND = "workflows.callbacks.send"
TOKEN = [("authorization", f"Bearer {os.environ['TOKEN']}")]


def main(address):
    """Run the whole of it, and print what was seen."""
    seen = {}
    with grpc.insecure_channel(address) as channel:
        iam = iam_pb2_grpc.IAMStub(channel)
        make_account(iam, seen)
        make_keys(iam, seen)
        make_role(iam, seen)
        grant(iam, iam_policy_pb2_grpc.IAMPolicyStub(channel), seen)
        remove(iam, seen)
    print(json.dumps(seen))


def make_account(iam, seen):
    """Create an account, say what it is for, and disable it for a moment."""
    request = iam_pb2.CreateServiceAccountRequest(
        name=PROJECT,
        account_id="interop-python",
        service_account=iam_pb2.ServiceAccount(display_name="Interop"),
    )
    created = iam.CreateServiceAccount(request, metadata=TOKEN)
    request = iam_pb2.PatchServiceAccountRequest(
        service_account=iam_pb2.ServiceAccount(name=ACCOUNT, description="of a program"),
        update_mask=field_mask_pb2.FieldMask(paths=["description"]),
    )
    patched = iam.PatchServiceAccount(request, metadata=TOKEN)
    seen["account"] = [created.name, patched.display_name, patched.description]
    iam.DisableServiceAccount(iam_pb2.DisableServiceAccountRequest(name=ACCOUNT), metadata=TOKEN)
    request = iam_pb2.GetServiceAccountRequest(name=ACCOUNT)
    seen["disabled"] = [iam.GetServiceAccount(request, metadata=TOKEN).disabled]
    iam.EnableServiceAccount(iam_pb2.EnableServiceAccountRequest(name=ACCOUNT), metadata=TOKEN)
    seen["disabled"].append(iam.GetServiceAccount(request, metadata=TOKEN).disabled)
    request = iam_pb2.ListServiceAccountsRequest(name=PROJECT, page_size=100)
    listed = iam.ListServiceAccounts(request, metadata=TOKEN).accounts
    seen["listed"] = EMAIL in [account.email for account in listed]


def make_keys(iam, seen):
    """Create a key, upload its public half in place of it, and disable that for a moment."""
    request = iam_pb2.CreateServiceAccountKeyRequest(name=ACCOUNT)
    created = iam.CreateServiceAccountKey(request, metadata=TOKEN)
    file = json.loads(created.private_key_data)
    seen["key"] = [file["client_email"], created.name == f"{ACCOUNT}/keys/{file['private_key_id']}"]
    request = iam_pb2.GetServiceAccountKeyRequest(
        name=created.name, public_key_type=iam_pb2.TYPE_RAW_PUBLIC_KEY
    )
    public = iam.GetServiceAccountKey(request, metadata=TOKEN).public_key_data
    request = iam_pb2.DeleteServiceAccountKeyRequest(name=created.name)
    iam.DeleteServiceAccountKey(request, metadata=TOKEN)
    request = iam_pb2.UploadServiceAccountKeyRequest(name=ACCOUNT, public_key_data=public)
    uploaded = iam.UploadServiceAccountKey(request, metadata=TOKEN)
    request = iam_pb2.DisableServiceAccountKeyRequest(name=uploaded.name)
    iam.DisableServiceAccountKey(request, metadata=TOKEN)
    listing = iam_pb2.ListServiceAccountKeysRequest(name=ACCOUNT)
    seen["keys"] = [
        [key.name == created.name, key.disabled]
        for key in iam.ListServiceAccountKeys(listing, metadata=TOKEN).keys
    ]
    request = iam_pb2.EnableServiceAccountKeyRequest(name=uploaded.name)
    iam.EnableServiceAccountKey(request, metadata=TOKEN)


def make_role(iam, seen):
    """Create a role that may send callbacks, and name it."""
    request = iam_pb2.CreateRoleRequest(
        parent=PROJECT,
        role_id="interop.python",
        role=iam_pb2.Role(included_permissions=[SEND], stage=iam_pb2.Role.GA),
    )
    created = iam.CreateRole(request, metadata=TOKEN)
    request = iam_pb2.UpdateRoleRequest(
        name=ROLE, role=iam_pb2.Role(title="Sender", etag=created.etag)
    )
    updated = iam.UpdateRole(request, metadata=TOKEN)
    found = iam.GetRole(iam_pb2.GetRoleRequest(name=ROLE), metadata=TOKEN)
    request = iam_pb2.ListRolesRequest(parent=PROJECT)
    listed = iam.ListRoles(request, metadata=TOKEN).roles
    seen["role"] = [found == updated, found.title, list(found.included_permissions)]
    seen["roles"] = ROLE in [role.name for role in listed]


def grant(iam, policies, seen):
    """Grant the role in the project until a day, and the account to itself; see what that is."""
    request = iam_policy_pb2.GetIamPolicyRequest(resource=PROJECT)
    policy = policies.GetIamPolicy(request, metadata=TOKEN)
    policy.version = 3
    until = iam_policy_pb2.Expr(
        expression='request.time < timestamp("2099-01-01T00:00:00Z")', title="until"
    )
    policy.bindings.add(role=ROLE, members=[f"serviceAccount:{EMAIL}"], condition=until)
    request = iam_policy_pb2.SetIamPolicyRequest(resource=PROJECT, policy=policy)
    written = policies.SetIamPolicy(request, metadata=TOKEN)
    seen["policy"] = [written.bindings[-1] == policy.bindings[-1], written.version]
    try:
        policies.SetIamPolicy(request, metadata=TOKEN)
    except grpc.RpcError as refused:
        seen["stale"] = refused.code().name
    request = iam_policy_pb2.TestIamPermissionsRequest(resource=PROJECT, permissions=[SEND])
    seen["may"] = [list(policies.TestIamPermissions(request, metadata=TOKEN).permissions)]
    request = iam_policy_pb2.GetIamPolicyRequest(resource=ACCOUNT)
    policy = iam.GetIamPolicy(request, metadata=TOKEN)
    policy.bindings.add(role="roles/iam.serviceAccountUser", members=[f"serviceAccount:{EMAIL}"])
    request = iam_policy_pb2.SetIamPolicyRequest(resource=ACCOUNT, policy=policy)
    seen["acting"] = len(iam.SetIamPolicy(request, metadata=TOKEN).bindings)
    request = iam_policy_pb2.TestIamPermissionsRequest(
        resource=ACCOUNT, permissions=["iam.serviceAccounts.actAs"]
    )
    seen["may"].append(list(iam.TestIamPermissions(request, metadata=TOKEN).permissions))


def remove(iam, seen):
    """Delete role and account."""
    iam.DeleteRole(iam_pb2.DeleteRoleRequest(name=ROLE), metadata=TOKEN)
    iam.DeleteServiceAccount(iam_pb2.DeleteServiceAccountRequest(name=ACCOUNT), metadata=TOKEN)
    try:
        iam.GetServiceAccount(iam_pb2.GetServiceAccountRequest(name=ACCOUNT), metadata=TOKEN)
    except grpc.RpcError as refused:
        seen["gone"] = refused.code().name


main(*sys.argv[1:])
