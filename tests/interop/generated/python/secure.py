"""Runs a workflow over TLS, with Application Default Credentials.

python secure.py HOST:PORT
"""

import os
import sys
from pathlib import Path

import google.auth
import grpc
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request

from ringback.v1 import executions_pb2, executions_pb2_grpc

# A key file, which GOOGLE_APPLICATION_CREDENTIALS names, or the metadata server.
found, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
credentials = grpc.composite_channel_credentials(
    grpc.ssl_channel_credentials(Path(os.environ["RINGBACK_CA_FILE"]).read_bytes()),
    grpc.metadata_call_credentials(AuthMetadataPlugin(found, Request())),
)
with grpc.secure_channel(sys.argv[1], credentials) as channel:
    executions = executions_pb2_grpc.ExecutionsStub(channel)
    start = executions_pb2.CreateExecutionRequest(
        parent="projects/local/locations/us-central1/workflows/hello",
        execution=executions_pb2.Execution(argument='{"name": "Ada"}'),
    )
    started = executions.CreateExecution(start)
    ended = executions.WaitExecution(executions_pb2.WaitExecutionRequest(name=started.name))
    print(ended.result)
