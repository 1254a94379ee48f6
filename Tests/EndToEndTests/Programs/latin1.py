"""latin1.py PORT CA USER: logs in with PLAIN and a password in ISO 8859-1; prints the reply."""
import base64
import smtplib
import ssl
import sys

port, authority, user = sys.argv[1:]
client = smtplib.SMTP("localhost", int(port), timeout=30)
client.starttls(context=ssl.create_default_context(cafile=authority))
client.ehlo("client.test")
message = b"\0" + user.encode() + b"\0" + "grüße".encode("latin-1")
code, text = client.docmd("AUTH PLAIN " + base64.b64encode(message).decode())
print(code, text.decode())
client.quit()
