"""filter.py PATH: a mail filter (milter) on a Unix socket, until standard input ends. What it does at the end of a message, the message says in
fields `X-Do: …`: discard, hold, refuse, add ADDRESS, remove ADDRESS, sender ADDRESS, body TEXT, header NAME VALUE. Recipients `refused@…` are
refused at RCPT. Prints nothing.
"""
import os
import socketserver
import struct
import sys
import threading


class Conversation(socketserver.StreamRequestHandler):
    def packet(self):
        head = self.rfile.read(4)
        if len(head) < 4:
            return None, b""
        body = self.rfile.read(struct.unpack("!I", head)[0])
        return body[:1], body[1:]

    def say(self, code, data=b""):
        self.wfile.write(struct.pack("!I", len(data) + 1) + code + data)

    def handle(self):
        wishes = []
        while True:
            code, data = self.packet()
            if code is None or code == b"Q":
                return
            if code == b"O":
                self.say(b"O", struct.pack("!III", 6, 0x1FF, 0))
            elif code == b"M":
                wishes = []
                self.say(b"c")
            elif code == b"R":
                self.say(b"y", b"550 5.7.1 Not by this filter\0") if data.startswith(b"<refused@") else self.say(b"c")
            elif code == b"L":
                name, value = data.split(b"\0")[:2]
                if name == b"X-Do":
                    wishes.append(value.split(b" ", 1))
                self.say(b"c")
            elif code == b"E":
                self.finish_message(wishes)
            elif code not in b"AKD":
                self.say(b"c")

    def finish_message(self, wishes):
        last = b"c"
        for verb, *rest in wishes:
            text = rest[0] if rest else b""
            if verb == b"discard":
                last = b"d"
            elif verb == b"refuse":
                last = b"r"
            elif verb == b"hold":
                self.say(b"q", text + b"\0")
            elif verb == b"add":
                self.say(b"+", b"<" + text + b">\0")
            elif verb == b"remove":
                self.say(b"-", b"<" + text + b">\0")
            elif verb == b"sender":
                self.say(b"e", b"<" + text + b">\0")
            elif verb == b"body":
                self.say(b"b", text + b"\r\n")
            elif verb == b"header":
                name, value = text.split(b" ", 1)
                self.say(b"i", struct.pack("!I", 1) + name + b"\0" + value + b"\0")
        self.say(last)


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True


path = sys.argv[1]
if os.path.exists(path):
    os.remove(path)
server = Server(path, Conversation)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
