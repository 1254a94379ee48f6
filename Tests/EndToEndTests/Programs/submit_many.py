"""submit_many.py PORT CLIENT USER PASSWORD LINE...: logs in once, as a client with the address CLIENT (PROXY protocol), and sends messages.

A LINE is `MARK RECIPIENT,RECIPIENT… [FIELD: VALUE]`. Prints `LOGIN code text`, then for each message `MARK code text`: of the first reply that
refuses, or the last.
"""
import base64
import socket
import sys

port, client, user, password, *messages = sys.argv[1:]
connection = socket.create_connection(("127.0.0.1", int(port)), timeout=30)
connection.sendall("PROXY TCP4 {} 127.0.0.1 40000 {}\r\n".format(client, port).encode())
stream = connection.makefile("rb")


def reply():
    text = []
    while line := stream.readline().decode():
        text.append(line[4:].strip())
        if line[3] != "-":
            return line[:3] + " " + " ".join(text)
    return "000 closed"


def command(line):
    connection.sendall(line.encode() + b"\r\n")
    return reply()


def send(mark, recipients, field):
    answer = command("MAIL FROM:<{}>".format(user))
    for recipient in recipients:
        if answer.startswith("2"):
            answer = command("RCPT TO:<{}>".format(recipient))
    if not answer.startswith("2"):
        return answer
    answer = command("DATA")
    if not answer.startswith("3"):
        return answer
    head = "From: <{}>\r\nSubject: {}\r\nX-Mark: {}\r\n{}".format(user, mark, mark, field + "\r\n" if field else "")
    return command("{}\r\nhello\r\n.".format(head))


reply()
command("EHLO client.test")
login = command("AUTH PLAIN " + base64.b64encode("\0{}\0{}".format(user, password).encode()).decode())
print("LOGIN", login)
for message in messages if login.startswith("2") else []:
    mark, recipients, *field = message.split(" ", 2)
    print(mark, send(mark, recipients.split(","), field[0] if field else ""))
    command("RSET")
connection.close()
