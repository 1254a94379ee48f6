"""cancelling_proxy.py PORT SERVERPORT CERTIFICATE KEY CA LOG: stands between a client and the server, and cancels logins.

It relays line by line, in clear text and then over TLS on both sides. When the server puts the question of an exchange, it
answers `*` in the client's place (RFC 4954 section 4), asks the server with NOOP whether the session still goes on, and
passes the reply to `*` on to the client. The challenges that only ask for the message which the client could have sent at
once are passed on first, so that the exchange is under way.

Writes one line of JSON into LOG for every connection at its end: what was cancelled, the two replies, and what the client
said next.
"""
import json
import socket
import ssl
import sys
import threading

port, server_port, certificate, key, authority, log = sys.argv[1:]
to_client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
to_client.load_cert_chain(certificate, key)
to_server = ssl.create_default_context(cafile=authority)
writing = threading.Lock()

# An empty challenge, and LOGIN's first, ask for what could have come with AUTH.
FIRST = {"LOGIN": b"334 VXNlcm5hbWU6\r\n"}
ONE_MESSAGE = {"PLAIN", "EXTERNAL", "OAUTHBEARER", "XOAUTH2"}


class Side:
    """One of the two connections."""

    def __init__(self, connection):
        self.use(connection)

    def use(self, connection):
        self.connection = connection
        self.input = connection.makefile("rb")

    def line(self):
        return self.input.readline()

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == b"-":
            lines.append(self.line())
        return b"".join(lines)

    def send(self, octets):
        self.connection.sendall(octets)


def relay(client, server, cancelled):
    client.send(server.reply())
    mechanism = None
    while True:
        line = client.line()
        words = line.upper().split()
        if cancelled and "then" not in cancelled[-1]:
            cancelled[-1]["then"] = words[0].decode("ascii", "replace") if words else "hangs up"
        if not line:
            return
        if words[:1] == [b"AUTH"] and len(words) > 1:
            mechanism = words[1].decode("ascii", "replace")
        server.send(line)
        if words == [b"DATA"]:
            reply = server.reply()
            client.send(reply)
            while reply.startswith(b"354"):
                line = client.line()
                server.send(line)
                if line in (b".\r\n", b""):
                    reply = server.reply()
                    client.send(reply)
            continue
        if words == [b"STARTTLS"]:
            client.send(server.reply())
            server.use(to_server.wrap_socket(server.connection, server_hostname="localhost"))
            client.use(to_client.wrap_socket(client.connection, server_side=True))
            continue
        reply = server.reply()
        if mechanism and reply.startswith(b"334"):
            asks_first = mechanism not in ONE_MESSAGE and reply == FIRST.get(mechanism, b"334 \r\n")
            if not asks_first:
                server.send(b"*\r\n")
                reply = server.reply()
                server.send(b"NOOP\r\n")
                alive = server.reply()
                cancelled.append({"mechanism": mechanism, "reply": reply.decode(), "noop": alive.decode()})
                mechanism = None
        else:
            mechanism = None
        client.send(reply)


def serve(connection):
    cancelled = []
    server = Side(socket.create_connection(("127.0.0.1", int(server_port)), timeout=30))
    connection.settimeout(30)
    client = Side(connection)
    try:
        relay(client, server, cancelled)
    except OSError as error:
        if cancelled and "then" not in cancelled[-1]:
            cancelled[-1]["then"] = "hangs up"
        print(error, flush=True)
    with writing, open(log, "a") as file:
        file.write(json.dumps({"cancelled": cancelled}) + "\n")
    for side in (client, server):
        side.connection.close()


listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
