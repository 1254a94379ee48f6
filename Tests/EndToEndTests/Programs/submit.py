"""submit.py PORT starttls|implicit CA MECHANISM USER SENDER RECIPIENT FILE: smtplib as a program uses it.

The password is in SUBMIT_PASSWORD. Prints the server's replies; exits 1 when the server refused something.
"""
import os
import smtplib
import ssl
import sys

port, transport, authority, mechanism, user, sender, recipient, file = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
message = open(file, "rb").read()
try:
    if transport == "starttls":
        client = smtplib.SMTP("localhost", int(port), timeout=30)
        client.starttls(context=context)
    else:
        client = smtplib.SMTP_SSL("localhost", int(port), timeout=30, context=context)
    client.ehlo_or_helo_if_needed()
    client.user, client.password = user, os.environ["SUBMIT_PASSWORD"]
    method = getattr(client, "auth_" + mechanism.lower().replace("-", "_"))
    print(*client.auth(mechanism, method))
    options = ["BODY=8BITMIME"] if client.has_extn("8bitmime") else []
    client.sendmail(sender, [recipient], message, mail_options=options)
    print(*client.quit())
except smtplib.SMTPException as error:
    print(error)
    sys.exit(1)
