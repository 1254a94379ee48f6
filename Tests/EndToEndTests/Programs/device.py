"""A device that knows no TLS: sends one message in clear text.

device.py PORT SOURCE SENDER FROM RECIPIENT [USER]    the password comes in DEVICE_PASSWORD; an empty SENDER is the null path

Prints the last reply, and before it whether AUTH was offered.
"""
import os
import smtplib
import sys

port, source, sender, author, recipient = int(sys.argv[1]), *sys.argv[2:6]
user = sys.argv[6] if len(sys.argv) > 6 else None


def said(reply):
    code, text = reply
    print(code, text.decode().replace("\n", " "))
    sys.exit(0)


try:
    smtp = smtplib.SMTP("127.0.0.1", port, timeout=20, source_address=(source, 0))
except smtplib.SMTPConnectError as error:
    said((error.smtp_code, error.smtp_error))
smtp.ehlo("scanner")
print("auth:", smtp.esmtp_features.get("auth", "not offered").strip())
if user:
    smtp.user, smtp.password = user, os.environ["DEVICE_PASSWORD"]
    try:
        smtp.auth("PLAIN", smtp.auth_plain)
    except smtplib.SMTPAuthenticationError as error:
        said((error.smtp_code, error.smtp_error))
reply = smtp.docmd("MAIL", f"FROM:<{sender}>")
if reply[0] != 250:
    said(reply)
reply = smtp.rcpt(recipient)
if reply[0] != 250:
    said(reply)
said(smtp.data(f"From: {author}\r\nTo: {recipient}\r\nSubject: scan\r\n\r\npage 1\r\n"))
