"""cancel.py PORT CA MECHANISM USER CERTIFICATE KEY: cancels one exchange at each of its steps, then logs in.

Speaks the mechanism's first messages itself, so that the server's challenge is the mechanism's own. The password is in
SUBMIT_PASSWORD. Prints the dialog; exits 1 when a reply is not the one that RFC 4954 section 4 asks for.
"""
import base64
import os
import smtplib
import ssl
import sys

port, authority, mechanism, user, certificate, key = sys.argv[1:]
name = user.encode()
# NTLM's NEGOTIATE_MESSAGE: Unicode, request for the target's name, NTLM (MS-NLMP section 2.2.1.1).
negotiate = b"NTLMSSP\0\x01\0\0\0\x05\x02\0\0" + bytes(16)
client_first = {"SCRAM": b"n,,n=" + name + b",r=fyko+d2lbbFgONRv9qkxdawL"}
if mechanism.endswith("-PLUS"):
    client_first["SCRAM"] = b"p=tls-server-end-point" + client_first["SCRAM"][1:]
first = {"LOGIN": name, "NTLM": negotiate, "SCRAM": client_first["SCRAM"]}.get(mechanism.split("-SHA")[0])

context = ssl.create_default_context(cafile=authority)
context.load_cert_chain(certificate, key)
client = smtplib.SMTP("localhost", int(port), timeout=30)
client.set_debuglevel(1)
client.starttls(context=context)
client.ehlo("client.test")


def expect(code, text=b""):
    got, said = client.getreply()
    if got != code or not said.startswith(text):
        print("wanted", code, text, "got", got, said)
        sys.exit(1)
    return said


steps = [[]] if first is None else [[], [base64.b64encode(first).decode()]]
for messages in steps:
    client.putcmd("AUTH " + mechanism)
    expect(334)
    for message in messages:
        client.putcmd(message)
        expect(334)
    client.putcmd("*")
    expect(501, b"5.7.0")
client.putcmd("NOOP")
expect(250)
# Two exchanges share nothing: the next one is as good as any first.
client.user, client.password = user, os.environ["SUBMIT_PASSWORD"]
client.auth("PLAIN", client.auth_plain)
client.quit()
