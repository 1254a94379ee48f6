"""gsasl_server.py OPENSSL PORT CERTIFICATE KEY USER PASSWORD: an SMTP server whose AUTH is GNU SASL's.

TLS from the first octet by `openssl s_server`, one process a connection, which also gives the exporter's value for channel binding
(RFC 9266): nothing in here computes any of it. Prints ACCEPT when the next connection may come, and the dialog.
`--version` prints the library's.
"""
import base64
import ctypes
import subprocess
import sys

gsasl = ctypes.CDLL("libgsasl.so.18")
gsasl.gsasl_check_version.restype = ctypes.c_char_p
gsasl.gsasl_property_fast.restype = ctypes.c_char_p
gsasl.gsasl_property_fast.argtypes = [ctypes.c_void_p, ctypes.c_int]
gsasl.gsasl_property_set.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p]
gsasl.gsasl_server_start.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
gsasl.gsasl_step64.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.POINTER(ctypes.c_char_p)]
gsasl.gsasl_finish.argtypes = [ctypes.c_void_p]
gsasl.gsasl_strerror_name.restype = ctypes.c_char_p

AUTHID, PASSWORD, SERVICE, HOSTNAME, REALM, QOPS, SCRAM_ITER = 1, 3, 5, 6, 11, 13, 15
CB_TLS_EXPORTER, VALIDATE_SIMPLE = 25, 500
OK, NEEDS_MORE, AUTHENTICATION_ERROR, NO_CALLBACK = 0, 1, 31, 51

if sys.argv[1] == "--version":
    print(gsasl.gsasl_check_version(None).decode())
    sys.exit()

openssl, port, certificate, key, user, password = sys.argv[1:]
exporter = b""


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
def callback(context, session, what):
    known = {
        SERVICE: b"smtp", HOSTNAME: b"mx.gsasl.test", REALM: b"gp.test", SCRAM_ITER: b"4096", CB_TLS_EXPORTER: exporter,
    }
    if what == PASSWORD:
        if gsasl.gsasl_property_fast(session, AUTHID) != user.encode():
            return AUTHENTICATION_ERROR
        gsasl.gsasl_property_set(session, PASSWORD, password.encode())
        return OK
    if what == VALIDATE_SIMPLE:
        is_right = (gsasl.gsasl_property_fast(session, AUTHID), gsasl.gsasl_property_fast(session, PASSWORD)) == (
            user.encode(), password.encode())
        return OK if is_right else AUTHENTICATION_ERROR
    if known.get(what):
        gsasl.gsasl_property_set(session, what, known[what])
        return OK
    return NO_CALLBACK


library = ctypes.c_void_p()
assert gsasl.gsasl_init(ctypes.byref(library)) == OK
gsasl.gsasl_callback_set.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
gsasl.gsasl_callback_set(library, ctypes.cast(callback, ctypes.c_void_p))


class Connection:
    def __init__(self):
        self.tls = subprocess.Popen(
            # Line by line, or what it says about the connection comes too late.
            ["stdbuf", "-oL", openssl, "s_server", "-accept", f"127.0.0.1:{port}", "-naccept", "1", "-cert", certificate, "-key", key,
             "-tls1_3", "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def line(self):
        line = self.tls.stdout.readline()
        if not line:
            raise EOFError
        line = line.rstrip(b"\r\n")
        print("C:", line.decode(errors="replace"), flush=True)
        return line

    def say(self, text):
        print("S:", text, flush=True)
        self.tls.stdin.write(text.encode() + b"\r\n")
        self.tls.stdin.flush()

    def serve(self):
        global exporter
        while True:
            line = self.line()
            if line == b"ACCEPT":
                continue
            if b"Keying material: " in line:
                exporter = base64.b64encode(bytes.fromhex(line.split(b": ")[1].decode()))
                break
        self.say("220 mx.gsasl.test ESMTP")
        # What OpenSSL says about the connection stands before the first command.
        while not (line := self.line()).startswith(b"EHLO"):
            pass
        while True:
            verb = line.split(b" ")[0].upper()
            if verb == b"EHLO":
                names = "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN LOGIN DIGEST-MD5 CRAM-MD5"
                self.say("250-mx.gsasl.test\r\n250 AUTH " + names)
            elif verb == b"AUTH":
                self.authenticate(line)
            elif verb == b"DATA":
                self.say("354 go on")
                while self.line() != b".":
                    pass
                self.say("250 thrown away")
            elif verb == b"QUIT":
                return self.say("221 bye")
            else:
                self.say("250 ok")
            line = self.line()

    def authenticate(self, command):
        words = command.split(b" ")
        session = ctypes.c_void_p()
        if gsasl.gsasl_server_start(library, words[1], ctypes.byref(session)) != OK:
            return self.say("504 5.5.4 no such mechanism")
        answer = words[2].replace(b"=", b"", 1) if words[2:] == [b"="] else words[2] if words[2:] else None
        first = True
        while True:
            out = ctypes.c_char_p()
            if first and answer is None and words[1] not in (b"LOGIN", b"DIGEST-MD5", b"CRAM-MD5"):
                # The client speaks first, and has not.
                self.say("334 ")
            else:
                result = gsasl.gsasl_step64(session, answer, ctypes.byref(out))
                text = (out.value or b"").decode()
                if result not in (OK, NEEDS_MORE):
                    gsasl.gsasl_finish(session)
                    return self.say("535 5.7.8 " + gsasl.gsasl_strerror_name(result).decode())
                if result == OK and not text:
                    gsasl.gsasl_finish(session)
                    return self.say("235 2.7.0 welcome")
                self.say("334 " + text)
                if result == OK:
                    # Data with success: the client answers it with nothing.
                    answer = self.line()
                    gsasl.gsasl_finish(session)
                    return self.say("235 2.7.0 welcome" if answer == b"" else "501 5.5.2 what?")
            first = False
            answer = self.line()
            if answer == b"*":
                gsasl.gsasl_finish(session)
                return self.say("501 5.7.0 cancelled")


while True:
    connection = Connection()
    try:
        connection.serve()
    except (EOFError, BrokenPipeError):
        pass
    try:
        connection.tls.stdin.close()
    except BrokenPipeError:
        # The client was gone before the last words to it.
        pass
    connection.tls.wait()
    print("CLOSED", flush=True)
