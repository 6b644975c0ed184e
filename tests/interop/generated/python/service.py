"""Takes orders over HTTP, and tells the workflow that sent one what came of it.

python service.py HOST:PORT RINGBACK_URL
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import google.auth
import requests
from google.auth.transport.requests import AuthorizedSession

ADDRESS, RINGBACK_URL = sys.argv[1:]
TRUSTED = f"{RINGBACK_URL}/v1/projects/"
# Application Default Credentials: GCE_METADATA_HOST and GCE_METADATA_IP say where tokens come from.
CREDENTIALS, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])


class Orders(BaseHTTPRequestHandler):
    """Answers POST /orders at once, and works on the order then."""

    def do_POST(self):
        """Take an order with the URL of the callback that waits for it."""
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not order["callback_url"].startswith(TRUSTED):
            # The token is for this server's callbacks: nobody else is to see it.
            self.send_error(400, f"callback_url must begin with {TRUSTED}")
            return
        threading.Thread(target=confirm, args=[order]).start()
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()


def confirm(order):
    """Call the workflow back; what did not get through is sent again, and counts once."""
    session = AuthorizedSession(CREDENTIALS)
    for attempt in range(1, 6):
        try:
            answer = session.post(
                order["callback_url"],
                json={"order": order["number"], "shipped_by": "python"},
                headers={"Idempotency-Key": f"shipped-{order['number']}"},
                timeout=10,
            )
        except requests.ConnectionError as error:
            print(error, file=sys.stderr)
        else:
            if answer.status_code != 429 and answer.status_code < 500:
                answer.raise_for_status()
                return
        time.sleep(attempt)


host, port = ADDRESS.rsplit(":", 1)
ThreadingHTTPServer((host, int(port)), Orders).serve_forever()
