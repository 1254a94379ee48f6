"""A device that knows POP-before-SMTP: reads its mail over POP3, then sends without AUTH.

read_then_send.py POP_PORT SMTP_PORT AUTHORITY USER    the password comes in POP_PASSWORD

Prints one line for each thing it tried.
"""
import os
import poplib
import smtplib
import ssl
import sys

pop_port, smtp_port, authority, user = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
password = os.environ["POP_PASSWORD"]
context = ssl.create_default_context(cafile=authority)


def send(mark):
    with smtplib.SMTP("localhost", smtp_port, timeout=20) as smtp:
        smtp.starttls(context=context)
        smtp.ehlo()
        code, text = smtp.mail(user)
        if code != 250:
            return f"{code} {text.decode()}"
        smtp.rcpt("reader@example.net")
        code, text = smtp.data(f"From: {user}\r\nTo: reader@example.net\r\nSubject: {mark}\r\n\r\n.dot\r\n")
        return f"{code}"


def pop(secret):
    session = poplib.POP3("localhost", pop_port, timeout=20)
    session.stls(context)
    session.user(user)
    session.pass_(secret)
    return session


print("before:", send("too-early"))
try:
    pop("not " + password)
    print("wrong password: accepted")
except poplib.error_proto as error:
    print("wrong password:", error.args[0].decode()[:11])
print("after a wrong password:", send("too-early"))
session = pop(password)
print("messages at first:", session.stat()[0])
print("while reading:", send("first"))
session.quit()
print("after QUIT:", send("second"))
session = pop(password)
print("messages:", session.stat()[0])
lines = session.retr(1)[1]
print("subject:", [line.decode() for line in lines if line.startswith(b"Subject:")][0])
print("body:", lines[-1].decode())
print("top:", session.top(1, 0)[1][-1] == b"")
session.dele(1)
session.quit()
session = pop(password)
print("messages left:", session.stat()[0])
session.quit()
