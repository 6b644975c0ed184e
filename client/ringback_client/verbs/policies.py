"""Policies: who has which roles on a resource."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import grpc

from ringback.v1 import iam_policy_pb2
from ringback.v1.iam_policy_pb2 import Binding, Expr, Policy
from ringback_client import iam_rpcs as rpcs
from ringback_client.errors import InvalidInputError, RequestError
from ringback_client.verbs.place import PlacedVerbs

# How often a change is made anew when others change the policy in between.
_TRIES = 5
_WITH_CONDITIONS = 3
_EXPIRY = re.compile(r'request\.time < timestamp\("([^"]+)"\)')


class PolicyVerbs(PlacedVerbs):
    """The verbs of policies.

    A resource is `*`, the full name of a project, a workflow, a callback or a service account, the
    id of a workflow, the address of an account, or a callback's URL. A member is
    `serviceAccount:ADDRESS`, or `principal://ISSUER/subject/SUBJECT` of another issuer. Every
    method raises RequestError when the server refuses.
    """

    async def get_policy(self, resource: str) -> Policy:
        """Return the policy of a resource, without what its parents grant."""
        name = self._place.policy_resource(resource)
        request = iam_policy_pb2.GetIamPolicyRequest(resource=name)
        request.options.requested_policy_version = _WITH_CONDITIONS
        rpc = rpcs.GET_ACCOUNT_POLICY if _of_account(name) else rpcs.GET_POLICY
        return await self._call(rpc, request)

    async def set_policy(self, resource: str, policy: Policy) -> Policy:
        """Replace the policy of a resource, if it is still the one with this etag."""
        name = self._place.policy_resource(resource)
        request = iam_policy_pb2.SetIamPolicyRequest(resource=name, policy=policy)
        request.policy.version = _WITH_CONDITIONS
        rpc = rpcs.SET_ACCOUNT_POLICY if _of_account(name) else rpcs.SET_POLICY
        return await self._call(rpc, request)

    async def add_binding(
        self, resource: str, member: str, role: str, *, expires: datetime | None = None
    ) -> Policy:
        """Grant a role, until `expires` if that is given; return the policy.

        Granted again, it has the new expiry. Raises InvalidInputError for a time without a zone.
        """
        added = Binding(role=self._place.role(role), members=[self._place.member(member)])
        if expires is not None:
            added.condition.CopyFrom(until(expires))

        def change(policy: Policy) -> None:
            _take(policy, added.role, added.members[0])
            policy.bindings.append(added)

        return await self._changed(resource, change)

    async def remove_binding(self, resource: str, member: str, role: str) -> Policy:
        """Take a role away, and return the policy; InvalidInputError if nobody granted it there."""
        name, found = self._place.role(role), self._place.member(member)

        def change(policy: Policy) -> None:
            if not _take(policy, name, found):
                raise InvalidInputError(
                    f"{found} has not {name} on {self._place.policy_resource(resource)}.",
                    next_step=f"See who has what with: ringback iam get-policy {resource}",
                )

        return await self._changed(resource, change)

    async def test_permissions(self, resource: str, permissions: Sequence[str]) -> Sequence[str]:
        """Return those of some permissions that the client's account has on a resource now."""
        name = self._place.policy_resource(resource)
        request = iam_policy_pb2.TestIamPermissionsRequest(resource=name, permissions=permissions)
        rpc = rpcs.TEST_ACCOUNT_PERMISSIONS if _of_account(name) else rpcs.TEST_PERMISSIONS
        return (await self._call(rpc, request)).permissions

    async def _changed(self, resource: str, change: Callable[[Policy], None]) -> Policy:
        """Read, change and set a policy, again if others did so in between."""
        for left in reversed(range(_TRIES)):
            policy = await self.get_policy(resource)
            change(policy)
            try:
                return await self.set_policy(resource, policy)
            except RequestError as error:
                if error.status is not grpc.StatusCode.ABORTED or not left:
                    raise
        raise AssertionError(resource)


def until(expires: datetime) -> Expr:
    """Return the condition of a binding that counts until a time, to the second."""
    if expires.tzinfo is None:
        raise InvalidInputError(
            f"{expires} has no time zone.", next_step="Write a time such as 2027-01-01T00:00:00Z."
        )
    moment = f"{expires.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return Expr(expression=f'request.time < timestamp("{moment}")', title="expires")


def expiry(binding: Binding) -> datetime | None:
    """Return until when a binding counts, None if it has no end."""
    found = _EXPIRY.fullmatch(binding.condition.expression)
    return datetime.fromisoformat(found[1]) if found else None


def _of_account(name: str) -> bool:
    return "/serviceAccounts/" in name


def _take(policy: Policy, role: str, member: str) -> bool:
    """Remove a member from a role, whatever the conditions; tell whether it was there."""
    taken = False
    for binding in policy.bindings:
        if binding.role == role and member in binding.members:
            binding.members.remove(member)
            taken = True
    for index in reversed(range(len(policy.bindings))):
        if not policy.bindings[index].members:
            del policy.bindings[index]
    return taken
