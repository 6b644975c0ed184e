"""Service accounts and their keys, of the IAM service."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from ringback.v1 import iam_pb2
from ringback_server.api import iam_messages
from ringback_server.control import account_keys, accounts
from ringback_server.control.account_keys import KINDS
from ringback_server.control.caller import Caller
from ringback_server.control.paging import PageRequest
from ringback_server.control.refusals import refused
from ringback_server.errors import FailedPreconditionError
from ringback_server.model.names import AccountKeyName, ProjectName, ServiceAccountName
from ringback_server.model.resources import AccountKey

_CHANGEABLE = ("display_name", "description")
_DEFAULT_KIND = "KEY_ALG_RSA_2048"


def list_service_accounts(
    request: iam_pb2.ListServiceAccountsRequest, caller: Caller
) -> iam_pb2.ListServiceAccountsResponse:
    """List the accounts of a project."""
    wanted = PageRequest(size=request.page_size, token=request.page_token)
    page = accounts.list_(caller, ProjectName.parse(request.name), wanted)
    return iam_pb2.ListServiceAccountsResponse(
        accounts=map(iam_messages.account, page.items), next_page_token=page.next_token
    )


def get_service_account(
    request: iam_pb2.GetServiceAccountRequest, caller: Caller
) -> iam_pb2.ServiceAccount:
    """Return an account."""
    return iam_messages.account(accounts.get(caller, ServiceAccountName.parse(request.name)))


def create_service_account(
    request: iam_pb2.CreateServiceAccountRequest, caller: Caller
) -> iam_pb2.ServiceAccount:
    """Create an account."""
    created = accounts.create(
        caller,
        ProjectName.parse(request.name),
        request.account_id,
        display_name=request.service_account.display_name,
        description=request.service_account.description,
    )
    return iam_messages.account(created)


def patch_service_account(
    request: iam_pb2.PatchServiceAccountRequest, caller: Caller
) -> iam_pb2.ServiceAccount:
    """Change what an account is called."""
    sent, paths = request.service_account, frozenset(request.update_mask.paths)
    if not paths or not paths <= {*_CHANGEABLE}:
        raise refused("update_mask", f"update_mask must name some of {', '.join(_CHANGEABLE)}")
    changed = accounts.update(
        caller,
        ServiceAccountName.parse(sent.name, "service_account.name"),
        display_name=sent.display_name if "display_name" in paths else None,
        description=sent.description if "description" in paths else None,
    )
    return iam_messages.account(changed)


def delete_service_account(request: iam_pb2.DeleteServiceAccountRequest, caller: Caller) -> Empty:
    """Delete an account."""
    accounts.delete(caller, ServiceAccountName.parse(request.name))
    return Empty()


def enable_service_account(request: iam_pb2.EnableServiceAccountRequest, caller: Caller) -> Empty:
    """Enable an account."""
    accounts.enable(caller, ServiceAccountName.parse(request.name))
    return Empty()


def disable_service_account(request: iam_pb2.DisableServiceAccountRequest, caller: Caller) -> Empty:
    """Disable an account."""
    accounts.disable(caller, ServiceAccountName.parse(request.name))
    return Empty()


def list_service_account_keys(
    request: iam_pb2.ListServiceAccountKeysRequest, caller: Caller
) -> iam_pb2.ListServiceAccountKeysResponse:
    """List the keys of an account."""
    found = account_keys.list_(caller, ServiceAccountName.parse(request.name))
    unspecified = iam_pb2.ListServiceAccountKeysRequest.KEY_TYPE_UNSPECIFIED
    if unspecified in request.key_types:
        raise refused("key_types", "key_types must name types, USER_MANAGED or SYSTEM_MANAGED")
    managed = iam_pb2.ListServiceAccountKeysRequest.USER_MANAGED
    if request.key_types and managed not in request.key_types:
        found = []
    return iam_pb2.ListServiceAccountKeysResponse(keys=map(iam_messages.key, found))


def get_service_account_key(
    request: iam_pb2.GetServiceAccountKeyRequest, caller: Caller
) -> iam_pb2.ServiceAccountKey:
    """Return a key, with its public half if that is asked for."""
    found = account_keys.get(caller, AccountKeyName.parse(request.name))
    shown = iam_messages.key(found)
    if request.public_key_type != iam_pb2.TYPE_NONE:
        shown.public_key_data = _public_half(found, request.public_key_type)
    return shown


def create_service_account_key(
    request: iam_pb2.CreateServiceAccountKeyRequest, caller: Caller
) -> iam_pb2.ServiceAccountKey:
    """Make a key, and return its private half."""
    name = ServiceAccountName.parse(request.name)
    key_file = iam_pb2.TYPE_GOOGLE_CREDENTIALS_FILE
    if request.private_key_type not in {iam_pb2.TYPE_UNSPECIFIED, key_file}:
        raise refused("private_key_type", "private_key_type must be TYPE_GOOGLE_CREDENTIALS_FILE")
    unspecified = request.key_algorithm == iam_pb2.KEY_ALG_UNSPECIFIED
    algorithms = iam_pb2.ServiceAccountKeyAlgorithm
    known = {algorithms.Value(named): kind for named, kind in KINDS.items()}
    kind = KINDS[_DEFAULT_KIND] if unspecified else known.get(request.key_algorithm)
    if kind is None:
        raise refused("key_algorithm", f"key_algorithm must be one of {', '.join(KINDS)}")
    created, content = account_keys.create(caller, name, kind)
    shown = iam_messages.key(created)
    shown.private_key_type = key_file
    shown.private_key_data = content
    return shown


def upload_service_account_key(
    request: iam_pb2.UploadServiceAccountKeyRequest, caller: Caller
) -> iam_pb2.ServiceAccountKey:
    """Register a key."""
    name = ServiceAccountName.parse(request.name)
    return iam_messages.key(account_keys.upload(caller, name, request.public_key_data))


def delete_service_account_key(
    request: iam_pb2.DeleteServiceAccountKeyRequest, caller: Caller
) -> Empty:
    """Delete a key."""
    account_keys.delete(caller, AccountKeyName.parse(request.name))
    return Empty()


def enable_service_account_key(
    request: iam_pb2.EnableServiceAccountKeyRequest, caller: Caller
) -> Empty:
    """Enable a key."""
    account_keys.enable(caller, AccountKeyName.parse(request.name))
    return Empty()


def disable_service_account_key(
    request: iam_pb2.DisableServiceAccountKeyRequest, caller: Caller
) -> Empty:
    """Disable a key."""
    account_keys.disable(caller, AccountKeyName.parse(request.name))
    return Empty()


def _public_half(found: AccountKey, asked: iam_pb2.ServiceAccountPublicKeyType.ValueType) -> bytes:
    if asked == iam_pb2.TYPE_RAW_PUBLIC_KEY:
        return found.public_key.encode()
    if asked != iam_pb2.TYPE_X509_PEM_FILE:
        raise refused("public_key_type", "public_key_type is not known")
    if found.certificate is None:
        raise FailedPreconditionError(
            "The key has no certificate: ask for TYPE_RAW_PUBLIC_KEY.", reason="NO_CERTIFICATE"
        )
    return found.certificate.encode()
