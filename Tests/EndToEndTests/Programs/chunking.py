"""chunking.py PORT starttls|implicit CA MECHANISM USER SENDER RECIPIENT FILE: hands in a message with BDAT (RFC 3030).

Chunks of many sizes, down to none and one octet, so that CRLF and dots fall on both sides of a border; the envelope
and the first chunks go out in one write. Takes the arguments of submit.py.
"""
import os
import smtplib
import ssl
import sys

port, transport, authority, mechanism, user, sender, recipient, file = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
if transport == "starttls":
    client = smtplib.SMTP("localhost", int(port), timeout=30)
    client.starttls(context=context)
else:
    client = smtplib.SMTP_SSL("localhost", int(port), timeout=30, context=context)
client.login(user, os.environ["SUBMIT_PASSWORD"])
client.ehlo()
if not client.has_extn("chunking") or not client.has_extn("pipelining"):
    sys.exit("the server offers no CHUNKING or no PIPELINING")

message = open(file, "rb").read()
sizes = [1, 0, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144]
pieces, start = [], 0
while start < len(message):
    size = sizes[len(pieces) % len(sizes)]
    pieces.append(message[start:start + size])
    start += size
commands = [f"MAIL FROM:<{sender}> BODY=8BITMIME\r\n".encode(), f"RCPT TO:<{recipient}>\r\n".encode()]
commands += [b"BDAT %d\r\n%b" % (len(piece), piece) for piece in pieces]
commands.append(b"BDAT 0 LAST\r\n")
client.sock.sendall(b"".join(commands))
for number in range(len(commands)):
    code, text = client.getreply()
    if code != 250:
        sys.exit(f"reply {number + 1} of {len(commands)}: {code} {text!r}")
print(code, text)
client.quit()
