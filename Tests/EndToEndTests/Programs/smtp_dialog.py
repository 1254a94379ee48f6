"""Says lines to an SMTP server and prints the whole dialog: smtp_dialog.py PORT CAFILE LINE...

With a CAFILE it starts TLS first; "-" stays in the clear. `{user} {password}` behind PLAIN, as in "PLAIN alice secret", is a whole AUTH PLAIN.
"""

import base64
import smtplib
import ssl
import sys

port, authority, *lines = sys.argv[1:]


def show(said, reply):
    code, text = reply
    print("C:", said)
    for line in text.decode("utf-8", "replace").split("\n"):
        print("S:", code, line)


server = smtplib.SMTP("127.0.0.1", int(port), "client.test", timeout=30)
show("EHLO", server.ehlo())
if authority != "-":
    server.starttls(context=ssl.create_default_context(cafile=authority))
    show("EHLO", server.ehlo())
for line in lines:
    words = line.split(" ", 2)
    if words[0] == "PLAIN":
        message = "\0{}\0{}".format(words[1], words[2]).encode()
        line = "AUTH PLAIN " + base64.b64encode(message).decode()
    show(line, server.docmd(line))
# Without QUIT: the last line may have left an exchange open.
server.close()
