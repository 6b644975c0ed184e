"""Manages what lets others in: secrets of clients, logins, sessions and tokens.

TOKEN=… python logins.py HOST:PORT
"""

import json
import os
import sys

import grpc

from ringback.v1 import (
    client_secrets_pb2,
    client_secrets_pb2_grpc,
    iam_credentials_pb2,
    iam_credentials_pb2_grpc,
    sessions_pb2,
    sessions_pb2_grpc,
)

ANYBODY = "projects/-/serviceAccounts/-"
#: the id of a token of another issuer
FOREIGN = "one:4711"
VIEWER = "projects/-/serviceAccounts/viewer@local.iam.gserviceaccount.com"
TOKEN = [("authorization", f"Bearer {os.environ['TOKEN']}")]


def main(address):
    """Call each method, and print what came of it."""
    with grpc.insecure_channel(address) as channel:
        seen = {"secrets": secrets(channel), **sessions(channel)}
    print(json.dumps(seen))


def secrets(channel):
    """Make a secret, find it in the list without what is secret, and delete it."""
    stub = client_secrets_pb2_grpc.ClientSecretsStub(channel)
    request = client_secrets_pb2.CreateClientSecretRequest(parent=VIEWER)
    made = stub.CreateClientSecret(request, metadata=TOKEN)
    listing = client_secrets_pb2.ListClientSecretsRequest(parent=VIEWER)
    listed = stub.ListClientSecrets(listing, metadata=TOKEN).client_secrets
    request = client_secrets_pb2.DeleteClientSecretRequest(name=made.name)
    stub.DeleteClientSecret(request, metadata=TOKEN)
    left = stub.ListClientSecrets(listing, metadata=TOKEN).client_secrets
    return [bool(made.secret), [(one.name == made.name, one.secret) for one in listed], len(left)]


def sessions(channel):
    """Look for a login and a session that there are not, and revoke tokens, one by its id."""
    stub = sessions_pb2_grpc.SessionsStub(channel)
    approve = sessions_pb2.ApproveLoginRequest(name=VIEWER, user_code="BCDF-GHJK")
    seen = {"approved": code(lambda: stub.ApproveLogin(approve, metadata=TOKEN))}
    request = sessions_pb2.ListSessionsRequest(parent=VIEWER)
    seen["sessions"] = len(stub.ListSessions(request, metadata=TOKEN).sessions)
    end = sessions_pb2.DeleteSessionRequest(name=f"{VIEWER}/sessions/none")
    seen["ended"] = code(lambda: stub.DeleteSession(end, metadata=TOKEN))
    request = iam_credentials_pb2.GenerateAccessTokenRequest(
        name=VIEWER, scope=["https://www.googleapis.com/auth/cloud-platform"]
    )
    credentials = iam_credentials_pb2_grpc.IAMCredentialsStub(channel)
    token = credentials.GenerateAccessToken(request, metadata=TOKEN).access_token
    revoke = sessions_pb2.RevokeTokenRequest(name=VIEWER, token=token)
    seen["revoked"] = [code(lambda: stub.RevokeToken(revoke, metadata=TOKEN)) for _ in range(2)]
    revoke = sessions_pb2.RevokeTokenRequest(name=ANYBODY, token_id=FOREIGN)
    seen["revoked"].append(code(lambda: stub.RevokeToken(revoke, metadata=TOKEN)))
    return seen


def code(call):
    """Return the status of a call."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


main(*sys.argv[1:])
