"""dialog.py PORT CA LINE...: says the lines over implicit TLS, after EHLO, and prints each reply. Waits for a reply after each."""
import socket
import ssl
import sys

port, authority = sys.argv[1:3]
context = ssl.create_default_context(cafile=authority)
connection = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port)), 30), server_hostname="127.0.0.1")
replies = connection.makefile("rb")


def reply():
    while True:
        line = replies.readline()
        if not line:
            sys.exit("closed")
        if line[3:4] != b"-":
            print(line.decode().rstrip(), flush=True)
            return


reply()
for line in ["EHLO client.test"] + sys.argv[3:]:
    connection.sendall(line.encode() + b"\r\n")
    reply()
