"""submit.py PORT starttls|implicit CA MECHANISM USER SENDER RECIPIENT FILE: smtplib as a program uses it.

The password or the token is in SUBMIT_PASSWORD; SUBMIT_UTF8 asks for SMTPUTF8; SUBMIT_CERTIFICATE and SUBMIT_KEY name the client's certificate.
smtplib has PLAIN, LOGIN and CRAM-MD5 itself; for the others a program gives it the response, as here.
Prints the server's replies; exits 1 when the server refused something.
"""
import os
import smtplib
import ssl
import sys

port, transport, authority, mechanism, user, sender, recipient, file = sys.argv[1:]
secret = os.environ["SUBMIT_PASSWORD"]
context = ssl.create_default_context(cafile=authority)
if "SUBMIT_CERTIFICATE" in os.environ:
    context.load_cert_chain(os.environ["SUBMIT_CERTIFICATE"], os.environ["SUBMIT_KEY"])
message = open(file, "rb").read()

responses = {
    "EXTERNAL": user,
    "XOAUTH2": f"user={user}\1auth=Bearer {secret}\1\1",
    "OAUTHBEARER": f"n,a={user},\1host=localhost\1port={port}\1auth=Bearer {secret}\1\1",
}


def answer(challenge=None):
    # A bearer token's refusal is a challenge with the reason in it, which an empty response acknowledges.
    return "" if challenge else responses[mechanism]


try:
    if transport == "starttls":
        client = smtplib.SMTP("localhost", int(port), timeout=30)
        client.starttls(context=context)
    else:
        client = smtplib.SMTP_SSL("localhost", int(port), timeout=30, context=context)
    client.ehlo_or_helo_if_needed()
    client.user, client.password = user, secret
    own = getattr(client, "auth_" + mechanism.lower().replace("-", "_"), None)
    print(*client.auth(mechanism, own or answer))
    options = ["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
    if "SUBMIT_UTF8" in os.environ:
        options.append("SMTPUTF8")
    client.sendmail(sender, [recipient], message, mail_options=options)
    print(*client.quit())
except smtplib.SMTPException as error:
    print(error)
    sys.exit(1)
