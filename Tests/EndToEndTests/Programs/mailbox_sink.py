"""mailbox_sink.py ADDRESS PORT DIRECTORY: an SMTP server that writes each message to a file of its own until standard input ends.

A file holds `MAIL FROM:<…>` and the `RCPT TO:<…>` lines as they came, then the message.
"""
import itertools
import os
import socketserver
import sys
import threading

address, port, directory = sys.argv[1:]
numbers = itertools.count()


class Session(socketserver.StreamRequestHandler):
    wbufsize = 0

    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        envelope = []
        self.say(b"220 sink.test ESMTP")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                self.say(b"250-sink.test\r\n250 8BITMIME")
                continue
            if verb == b"QUIT":
                self.say(b"221 bye")
                return
            if verb == b"MAIL":
                envelope = [line]
            elif verb == b"RCPT":
                envelope.append(line)
            elif verb == b"DATA":
                self.say(b"354 go on")
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                name = os.path.join(directory, "%d" % next(numbers))
                with open(name + ".new", "wb") as file:
                    file.write(b"".join(envelope + lines))
                os.rename(name + ".new", name + ".eml")
            self.say(b"250 2.0.0 yes")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


server = Server((address, int(port)), Session)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
