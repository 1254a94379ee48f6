"""token_endpoint.py KEY REFRESH-TOKEN: an OAuth token and device endpoint on a loopback port, which it prints.

The first access token is signed with another key than KEY, as if it had been revoked; all later ones are good (JWT, HS256). Each answer has
a new refresh token, and the old one is worth nothing then. The device code is granted at the second poll. Prints a line for each request.
"""
import base64
import hashlib
import hmac
import http.server
import json
import sys
import time
import urllib.parse

key, refresh = sys.argv[1:]
issued = 0
polls = 0


def part(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def access_token(secret):
    now = int(time.time())
    claims = {"iss": "tests", "sub": "alice", "email": "alice", "iat": now, "nbf": now - 5, "exp": now + 3600}
    body = part(json.dumps({"alg": "HS256", "typ": "JWT"}).encode()) + b"." + part(json.dumps(claims).encode())
    return (body + b"." + part(hmac.digest(secret.encode(), body, "sha256"))).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global issued, polls, refresh
        form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        status, answer = 400, {"error": "invalid_request"}
        if form.get("client_id") != "gatepost":
            status, answer = 401, {"error": "invalid_client"}
        elif self.path == "/device":
            status, answer = 200, {
                "device_code": "d1", "user_code": "WDJB-MJHT", "verification_uri": "http://127.0.0.1/device",
                "expires_in": 60, "interval": 1,
            }
        elif form.get("grant_type", "").endswith("device_code"):
            polls += 1
            answer = {"error": "authorization_pending"}
            if polls > 1:
                status, answer = 200, {"access_token": "unused", "refresh_token": refresh, "expires_in": 3600}
        elif form.get("grant_type") == "refresh_token":
            answer = {"error": "invalid_grant", "error_description": "used or unknown"}
            if form.get("refresh_token") == refresh:
                issued += 1
                refresh = f"refresh-{issued}"
                token = access_token(key if issued > 1 else "another key of thirty-two octets")
                status, answer = 200, {"access_token": token, "refresh_token": refresh, "expires_in": 3600}
        print(self.path, form.get("grant_type", "-"), status, flush=True)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("port", server.server_address[1], flush=True)
server.serve_forever()
