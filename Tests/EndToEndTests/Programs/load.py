"""load.py PORT CA USER CONNECTIONS ACCEPTED: hands in numbered messages until standard input ends.

Each connection logs in (STARTTLS, PLAIN) and sends one message after the other; when the server dies it connects
again. For every message answered with 250, and for no other, a line `NUMBER SHA256 SIZE` goes to the file ACCEPTED,
written before the next message is begun. The password is in SUBMIT_PASSWORD. Replies other than 250 that are no
sign of a dying server are printed.
"""
import hashlib
import itertools
import os
import random
import smtplib
import ssl
import sys
import threading

port, authority, user, connections, accepted = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
stop = threading.Event()
numbers = itertools.count(1)
lock = threading.Lock()
record = open(accepted, "a", buffering=1)


def content(number):
    """A message of random octets in random lines. Most are small; some are too large to be kept in a database row."""
    size = random.choice([100, 1_000, 4_000, 4_000, 20_000, 150_000, 400_000])
    lines, left = [], size
    while left > 0:
        length = min(left, random.randint(0, 900))
        line = random.randbytes(length).translate(OCTETS)
        lines.append(line)
        left -= length + 2
    return (
        f"X-Number: {number}\r\nDate: Tue, 24 Nov 2026 06:45:00 +0000\r\nFrom: <{user}>\r\nTo: <sink@crash.test>\r\n"
        f"Message-ID: <{number}@load.test>\r\nSubject: {number}\r\n\r\n"
    ).encode() + b"\r\n".join(lines) + b"\r\n"


# Any octet but those that mail data may not have alone: NUL, CR, LF.
OCTETS = bytes(b"."[0] if octet in (0, 10, 13) else octet for octet in range(256))


def connection():
    while not stop.is_set():
        try:
            with smtplib.SMTP("localhost", int(port), timeout=20) as client:
                client.starttls(context=context)
                client.login(user, os.environ["SUBMIT_PASSWORD"])
                while not stop.is_set():
                    with lock:
                        number = next(numbers)
                    message = content(number)
                    # Raises unless the answer to the end of data is 250.
                    client.sendmail(user, ["sink@crash.test"], message, mail_options=["BODY=8BITMIME"])
                    digest = hashlib.sha256(message).hexdigest()
                    with lock:
                        record.write(f"{number} {digest} {len(message)}\n")
        except smtplib.SMTPResponseException as error:
            if error.smtp_code not in (-1, 421):
                print(error, flush=True)
            stop.wait(0.05)
        except (OSError, smtplib.SMTPException):
            stop.wait(0.05)


threads = [threading.Thread(target=connection) for _ in range(int(connections))]
for thread in threads:
    thread.start()
sys.stdin.read()
stop.set()
for thread in threads:
    thread.join()
