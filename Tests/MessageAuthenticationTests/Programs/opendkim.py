"""OpenDKIM's library as a peer of the DKIM interoperability tests; see dkimpy.py for what it is asked and how it answers.

The library rather than the daemon, whose milter respells header fields before it looks at them.
"""
import ctypes
import os
import sys

library = ctypes.CDLL("libopendkim.so.11")
pointer, text, number, size = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_size_t
library.dkim_init.restype = pointer
library.dkim_init.argtypes = [pointer, pointer]
library.dkim_options.argtypes = [pointer, number, number, pointer, size]
library.dkim_sign.restype = pointer
library.dkim_sign.argtypes = [pointer, text, pointer, text, text, text, number, number, number, ctypes.c_ssize_t,
                              ctypes.POINTER(number)]
library.dkim_verify.restype = pointer
library.dkim_verify.argtypes = [pointer, text, pointer, ctypes.POINTER(number)]
library.dkim_header.argtypes = [pointer, text, size]
library.dkim_eoh.argtypes = [pointer]
library.dkim_body.argtypes = [pointer, text, size]
library.dkim_eom.argtypes = [pointer, pointer]
library.dkim_free.argtypes = [pointer]
library.dkim_getsighdr_d.argtypes = [pointer, size, ctypes.POINTER(text), ctypes.POINTER(size)]
library.dkim_getsiglist.argtypes = [pointer, ctypes.POINTER(ctypes.POINTER(pointer)), ctypes.POINTER(number)]
library.dkim_sig_getflags.argtypes = [pointer]
library.dkim_sig_getflags.restype = ctypes.c_uint
library.dkim_sig_getbh.argtypes = [pointer]
library.dkim_sig_geterror.argtypes = [pointer]

SET, QUERY_METHOD, QUERY_INFO, QUERY_FILE = 1, 6, 7, 1
FORMS = {"simple": 0, "relaxed": 1}
ALGORITHMS = {"rsa-sha256": 1, "ed25519-sha256": 2}
FLAG_PASSED = 0x04
BODY_HASH_MATCHES = 0

handle = library.dkim_init(None, None)


def feed(message, path):
    with open(path, "rb") as file:
        octets = file.read()
    header, _, body = octets.partition(b"\r\n\r\n")
    fields = []
    for line in header.split(b"\r\n"):
        if line[:1] in (b" ", b"\t"):
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    for field in fields:
        assert library.dkim_header(message, field, len(field)) == 0
    status = library.dkim_eoh(message)
    if status == 0:
        library.dkim_body(message, body, len(body))
        status = library.dkim_eom(message, None)
    return octets, status


def verify(path):
    status = number()
    message = library.dkim_verify(handle, b"test", None, ctypes.byref(status))
    feed(message, path)
    signatures, count = ctypes.POINTER(pointer)(), number()
    library.dkim_getsiglist(message, ctypes.byref(signatures), ctypes.byref(count))
    results = []
    for index in range(count.value):
        signature = signatures[index]
        passed = library.dkim_sig_getflags(signature) & FLAG_PASSED
        matches = library.dkim_sig_getbh(signature) == BODY_HASH_MATCHES
        results.append("pass" if passed and matches else f"fail({library.dkim_sig_geterror(signature)})")
    print(os.path.basename(path), *results)
    library.dkim_free(message)


def sign(job):
    path, key_path, algorithm, canonicalization, selector, out = job.split()
    with open(key_path, "rb") as file:
        key = file.read()
    header, body = canonicalization.split("/")
    status = number()
    message = library.dkim_sign(handle, b"test", None, key, selector.encode(), b"example.org", FORMS[header], FORMS[body],
                                ALGORITHMS[algorithm], -1, ctypes.byref(status))
    octets, _ = feed(message, path)
    value, length = text(), size()
    assert library.dkim_getsighdr_d(message, len("DKIM-Signature: "), ctypes.byref(value), ctypes.byref(length)) == 0
    field = b"DKIM-Signature: " + value.value
    with open(out, "wb") as file:
        file.write(field.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n" + octets)
    library.dkim_free(message)


if sys.argv[1] == "verify":
    method = number(QUERY_FILE)
    path = ctypes.create_string_buffer(sys.argv[2].encode())
    assert library.dkim_options(handle, SET, QUERY_METHOD, ctypes.byref(method), ctypes.sizeof(method)) == 0
    # The option keeps a copy as long as the size that it is given.
    assert library.dkim_options(handle, SET, QUERY_INFO, path, len(path)) == 0
    for path in sys.argv[3:]:
        verify(path)
else:
    with open(sys.argv[2]) as jobs:
        for job in jobs:
            sign(job)
