"""Roles: permissions that are granted together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from google.protobuf.field_mask_pb2 import FieldMask

from ringback.v1 import iam_pb2
from ringback.v1.iam_pb2 import Role
from ringback_client import iam_rpcs as rpcs
from ringback_client.calls import pages
from ringback_client.verbs.place import PlacedVerbs


class RoleVerbs(PlacedVerbs):
    """The verbs of roles.

    A role is named in full, `roles/workflows.invoker` or `projects/local/roles/sender`, or a custom
    one by its id alone in the client's project. Every method raises RequestError when the server
    refuses.
    """

    def roles(self, *, predefined: bool = False, page_size: int = 0) -> AsyncIterator[Role]:
        """Yield the custom roles of the client's project, or the predefined roles; with all."""
        parent = "" if predefined else f"projects/{self._place.project}"

        async def page(token: str) -> tuple[Sequence[Role], str]:
            request = iam_pb2.ListRolesRequest(
                parent=parent,
                page_size=page_size,
                page_token=token,
                view=iam_pb2.ListRolesRequest.FULL,
            )
            answer = await self._call(rpcs.LIST_ROLES, request)
            return answer.roles, answer.next_page_token

        return pages(page)

    async def get_role(self, role: str) -> Role:
        """Return a role with its permissions."""
        request = iam_pb2.GetRoleRequest(name=self._place.role(role))
        return await self._call(rpcs.GET_ROLE, request)

    async def create_role(
        self,
        role_id: str,
        permissions: Sequence[str],
        *,
        title: str = "",
        description: str = "",
        stage: Role.RoleLaunchStage.ValueType = Role.GA,
    ) -> Role:
        """Create a custom role in the client's project."""
        role = Role(
            title=title,
            description=description,
            included_permissions=permissions,
            stage=stage,
        )
        request = iam_pb2.CreateRoleRequest(
            parent=f"projects/{self._place.project}", role_id=role_id, role=role
        )
        return await self._call(rpcs.CREATE_ROLE, request)

    async def update_role(
        self,
        role: str,
        *,
        permissions: Sequence[str] | None = None,
        title: str | None = None,
        description: str | None = None,
        stage: Role.RoleLaunchStage.ValueType | None = None,
        etag: bytes = b"",
    ) -> Role:
        """Change a custom role; None leaves a field as it is.

        With the `etag` of a role that was read, only that one is changed.
        """
        name = self._place.role(role)
        changed = Role(
            title=title or "",
            description=description or "",
            included_permissions=permissions or (),
            stage=stage or Role.ALPHA,
            etag=etag,
        )
        given = {
            "included_permissions": permissions,
            "title": title,
            "description": description,
            "stage": stage,
        }
        mask = FieldMask(paths=[field for field, value in given.items() if value is not None])
        request = iam_pb2.UpdateRoleRequest(name=name, role=changed, update_mask=mask)
        return await self._call(rpcs.UPDATE_ROLE, request)

    async def delete_role(self, role: str) -> Role:
        """Delete a custom role, which takes it from those who have it; return what it was."""
        request = iam_pb2.DeleteRoleRequest(name=self._place.role(role))
        return await self._call(rpcs.DELETE_ROLE, request)
