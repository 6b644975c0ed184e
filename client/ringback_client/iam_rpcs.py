"""The calls about accounts, keys, roles and policies; see rpcs.py."""

from __future__ import annotations

from google.protobuf.empty_pb2 import Empty

from ringback.v1 import iam_pb2, iam_policy_pb2
from ringback_client.rpcs import Rpc

LIST_ACCOUNTS = Rpc(
    "IAM/ListServiceAccounts",
    iam_pb2.ListServiceAccountsRequest,
    iam_pb2.ListServiceAccountsResponse,
)
GET_ACCOUNT = Rpc("IAM/GetServiceAccount", iam_pb2.GetServiceAccountRequest, iam_pb2.ServiceAccount)
CREATE_ACCOUNT = Rpc(
    "IAM/CreateServiceAccount",
    iam_pb2.CreateServiceAccountRequest,
    iam_pb2.ServiceAccount,
    repeatable=False,  # the second would find that the account exists
)
PATCH_ACCOUNT = Rpc(
    "IAM/PatchServiceAccount", iam_pb2.PatchServiceAccountRequest, iam_pb2.ServiceAccount
)
DELETE_ACCOUNT = Rpc(
    "IAM/DeleteServiceAccount",
    iam_pb2.DeleteServiceAccountRequest,
    Empty,
    repeatable=False,  # the second would find nothing, or what was made since
)
ENABLE_ACCOUNT = Rpc("IAM/EnableServiceAccount", iam_pb2.EnableServiceAccountRequest, Empty)
DISABLE_ACCOUNT = Rpc("IAM/DisableServiceAccount", iam_pb2.DisableServiceAccountRequest, Empty)

LIST_KEYS = Rpc(
    "IAM/ListServiceAccountKeys",
    iam_pb2.ListServiceAccountKeysRequest,
    iam_pb2.ListServiceAccountKeysResponse,
)
GET_KEY = Rpc(
    "IAM/GetServiceAccountKey", iam_pb2.GetServiceAccountKeyRequest, iam_pb2.ServiceAccountKey
)
CREATE_KEY = Rpc(
    "IAM/CreateServiceAccountKey",
    iam_pb2.CreateServiceAccountKeyRequest,
    iam_pb2.ServiceAccountKey,
    repeatable=False,  # the second would make another
)
UPLOAD_KEY = Rpc(
    "IAM/UploadServiceAccountKey",
    iam_pb2.UploadServiceAccountKeyRequest,
    iam_pb2.ServiceAccountKey,
    repeatable=False,  # the second would find that the key exists
)
DELETE_KEY = Rpc(
    "IAM/DeleteServiceAccountKey",
    iam_pb2.DeleteServiceAccountKeyRequest,
    Empty,
    repeatable=False,  # the second would find nothing
)
ENABLE_KEY = Rpc("IAM/EnableServiceAccountKey", iam_pb2.EnableServiceAccountKeyRequest, Empty)
DISABLE_KEY = Rpc("IAM/DisableServiceAccountKey", iam_pb2.DisableServiceAccountKeyRequest, Empty)

LIST_ROLES = Rpc("IAM/ListRoles", iam_pb2.ListRolesRequest, iam_pb2.ListRolesResponse)
GET_ROLE = Rpc("IAM/GetRole", iam_pb2.GetRoleRequest, iam_pb2.Role)
CREATE_ROLE = Rpc(
    "IAM/CreateRole",
    iam_pb2.CreateRoleRequest,
    iam_pb2.Role,
    repeatable=False,  # the second would find that the role exists
)
UPDATE_ROLE = Rpc(
    "IAM/UpdateRole",
    iam_pb2.UpdateRoleRequest,
    iam_pb2.Role,
    repeatable=False,  # the second would find another etag
)
DELETE_ROLE = Rpc(
    "IAM/DeleteRole",
    iam_pb2.DeleteRoleRequest,
    iam_pb2.Role,
    repeatable=False,  # the second would find nothing
)

GET_POLICY = Rpc(
    "IAMPolicy/GetIamPolicy", iam_policy_pb2.GetIamPolicyRequest, iam_policy_pb2.Policy
)
SET_POLICY = Rpc(
    "IAMPolicy/SetIamPolicy",
    iam_policy_pb2.SetIamPolicyRequest,
    iam_policy_pb2.Policy,
    repeatable=False,  # the second would find another etag
)
TEST_PERMISSIONS = Rpc(
    "IAMPolicy/TestIamPermissions",
    iam_policy_pb2.TestIamPermissionsRequest,
    iam_policy_pb2.TestIamPermissionsResponse,
)
GET_ACCOUNT_POLICY = Rpc(
    "IAM/GetIamPolicy", iam_policy_pb2.GetIamPolicyRequest, iam_policy_pb2.Policy
)
SET_ACCOUNT_POLICY = Rpc(
    "IAM/SetIamPolicy",
    iam_policy_pb2.SetIamPolicyRequest,
    iam_policy_pb2.Policy,
    repeatable=False,  # the second would find another etag
)
TEST_ACCOUNT_PERMISSIONS = Rpc(
    "IAM/TestIamPermissions",
    iam_policy_pb2.TestIamPermissionsRequest,
    iam_policy_pb2.TestIamPermissionsResponse,
)
