"""Logs in again and again, as whoever the lines on standard input say, and prints what the server answered.

guess.py PORT        one JSON object a line: from, client, mechanism, user, password
                     one JSON object a line comes back: greeting, reply, salt

Speaks to a listener without TLS that takes the PROXY protocol from loopback, so that it can come from anywhere.
"""

import base64
import hashlib
import hmac
import json
import os
import socket
import sys


class Session:
    def __init__(self, port, address):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.file = self.socket.makefile("rb")
        family, server = ("TCP6", "2001:db8::25") if ":" in address else ("TCP4", "198.51.100.25")
        self.socket.sendall(f"PROXY {family} {address} {server} 51432 587\r\n".encode())
        self.greeting = self.reply()

    def reply(self):
        while True:
            line = self.file.readline().decode().rstrip("\r\n")
            if line[3:4] != "-":
                return line

    def say(self, line):
        self.socket.sendall(line.encode() + b"\r\n")
        return self.reply()


def encoded(data):
    return base64.b64encode(data).decode()


def plain(session, user, password):
    return session.say("AUTH PLAIN " + encoded(f"\0{user}\0{password}".encode())), None


def scram(session, user, password):
    nonce = os.urandom(12).hex()
    first = f"n={user},r={nonce}"
    challenge = session.say("AUTH SCRAM-SHA-256 " + encoded(f"n,,{first}".encode()))
    if not challenge.startswith("334 "):
        return challenge, None
    server = base64.b64decode(challenge[4:]).decode()
    fields = dict(part.split("=", 1) for part in server.split(","))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(fields["s"]), int(fields["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    without = f"c=biws,r={fields['r']}"
    message = f"{first},{server},{without}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
    proof = encoded(bytes(a ^ b for a, b in zip(key, signature)))
    answer = session.say(encoded(f"{without},p={proof}".encode()))
    if answer.startswith("334 "):
        answer = session.say("")
    return answer, fields["s"] + "," + fields["i"]


for line in sys.stdin:
    wanted = json.loads(line)
    session = Session(int(sys.argv[1]), wanted["from"])
    reply, salt = None, None
    if session.greeting.startswith("220"):
        session.say("EHLO " + wanted.get("client", "bot"))
        log_in = scram if wanted.get("mechanism") == "SCRAM" else plain
        reply, salt = log_in(session, wanted["user"], wanted["password"])
    session.socket.close()
    print(json.dumps({"greeting": session.greeting, "reply": reply, "salt": salt}), flush=True)
