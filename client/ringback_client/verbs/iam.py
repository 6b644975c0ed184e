"""Who may do what: accounts, keys, roles and policies."""

from __future__ import annotations

from ringback_client.verbs.policies import PolicyVerbs
from ringback_client.verbs.roles import RoleVerbs
from ringback_client.verbs.service_accounts import ServiceAccountVerbs


class IamVerbs(ServiceAccountVerbs, RoleVerbs, PolicyVerbs):
    """Manages service accounts, their keys, roles, and who has which."""
