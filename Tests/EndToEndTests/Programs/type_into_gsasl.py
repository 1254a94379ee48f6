"""type_into_gsasl.py SENDER RECIPIENT FILE GSASL...: logs in with gsasl, then types one message into it.

gsasl sends what it reads from standard input, a line at a time, and prints what the server says.
Prints the whole dialog; exits 1 when the login or the message was refused.
"""
import fcntl
import os
import subprocess
import sys
import termios

sender, recipient, file = sys.argv[1:4]
client = subprocess.Popen(sys.argv[4:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def read_until(*starts):
    """The first line from gsasl that starts with one of these; all lines before are printed."""
    for line in client.stdout:
        sys.stdout.buffer.write(line)
        if line.startswith(starts):
            return line
    sys.stdout.flush()
    sys.exit(client.wait() or 1)


def type_line(line):
    """Types at a person's pace: gsasl takes one line each time its input becomes ready, and forgets what came with it."""
    client.stdin.write(line)
    client.stdin.flush()
    waiting = bytearray(4)
    while client.poll() is None:
        fcntl.ioctl(client.stdin, termios.FIONREAD, waiting)
        if not any(waiting):
            break
        os.sched_yield()


def command(line, wanted):
    type_line(line + b"\r\n")
    answer = read_until(b"2", b"3", b"4", b"5")
    if not answer.startswith(wanted):
        client.kill()
        sys.exit(1)


read_until(b"Enter application data")
command(b"MAIL FROM:<" + sender.encode() + b">", b"250")
command(b"RCPT TO:<" + recipient.encode() + b">", b"250")
command(b"DATA", b"354")
for line in open(file, "rb").read().split(b"\r\n")[:-1]:
    type_line((b"." if line.startswith(b".") else b"") + line + b"\r\n")
command(b".", b"250")
client.stdin.close()
sys.stdout.buffer.write(client.stdout.read())
sys.exit(client.wait())
