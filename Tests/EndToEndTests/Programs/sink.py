"""sink.py ADDRESS PORT RECEIVED: an SMTP server that takes everything until standard input ends.

For every message a line `NUMBER SHA256 SIZE` goes to the file RECEIVED before the 250: of the octets from the field
X-Number on, dots unstuffed, so without the trace fields above. Offers no extensions but 8BITMIME and PIPELINING.
"""
import hashlib
import re
import socketserver
import sys
import threading

address, port, received = sys.argv[1:]
record = open(received, "a", buffering=1)
lock = threading.Lock()


class Session(socketserver.StreamRequestHandler):
    wbufsize = 0
    disable_nagle_algorithm = True

    def say(self, line):
        self.wfile.write(line + b"\r\n")

    def handle(self):
        self.say(b"220 sink.test ESMTP")
        try:
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"EHLO":
                    self.say(b"250-sink.test\r\n250-PIPELINING\r\n250 8BITMIME")
                elif verb == b"DATA":
                    self.say(b"354 go on")
                    if not self.take():
                        return
                elif verb == b"QUIT":
                    self.say(b"221 bye")
                    return
                else:
                    self.say(b"250 2.0.0 yes")
        except ConnectionError:
            return

    def take(self):
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                message = b"".join(lines)
                message = message[message.index(b"X-Number:"):]
                number = re.match(rb"X-Number: (\d+)", message)[1].decode()
                with lock:
                    record.write(f"{number} {hashlib.sha256(message).hexdigest()} {len(message)}\n")
                self.say(b"250 2.0.0 taken")
                return True
            lines.append(line[1:] if line.startswith(b".") else line)
        return False


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128


server = Server((address, int(port)), Session)
threading.Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
