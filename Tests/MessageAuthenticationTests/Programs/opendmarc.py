"""OpenDMARC's library as a peer of the DMARC comparison.

opendmarc.py FILE: one case a line, words between tabs:
    record NAME TEXT            a DMARC record, for all cases
    case AUTHOR SPF DKIM...     SPF is DOMAIN=RESULT or -, DKIM the same, RESULT pass or fail
Prints for each case pass, reject, quarantine, none (the policy asks for nothing) or absent (there is no policy).
"""
import ctypes
import os
import sys

SUFFIXES = b"/usr/share/publicsuffix/public_suffix_list.dat"
library = ctypes.CDLL("libopendmarc.so.2")
pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int


class Library(ctypes.Structure):
    _fields_ = [("type", number), ("file", ctypes.c_char * 4096), ("servers", number), ("addresses", ctypes.c_char * 48)]


library.opendmarc_policy_connect_init.restype = pointer
library.opendmarc_policy_connect_init.argtypes = [text, number]
library.opendmarc_policy_connect_shutdown.argtypes = [pointer]
library.opendmarc_policy_store_from_domain.argtypes = [pointer, text]
library.opendmarc_policy_store_dkim.argtypes = [pointer, text, text, number, text]
library.opendmarc_policy_store_spf.argtypes = [pointer, text, number, number, text]
library.opendmarc_policy_query_dmarc.argtypes = [pointer, text]
library.opendmarc_get_policy_to_enforce.argtypes = [pointer]
library.opendmarc_dns_fake_record.argtypes = [text, text]
library.opendmarc_tld_read_file.argtypes = [text, text, text, text]

OUTCOME = {"none": 0, "pass": 1, "fail": 2, "temperror": 3}
MAILFROM = 1
RESULTS = {14: "absent", 15: "pass", 16: "reject", 17: "quarantine", 18: "none"}

assert os.path.exists(SUFFIXES)
settings = Library()
settings.type, settings.file = 1, SUFFIXES
assert library.opendmarc_policy_library_init(ctypes.byref(settings)) == 0


def judge(author, spf, signatures):
    context = library.opendmarc_policy_connect_init(b"192.0.2.1", 4)
    library.opendmarc_policy_store_from_domain(context, author.encode())
    if spf != "-":
        domain, result = spf.split("=")
        library.opendmarc_policy_store_spf(context, domain.encode(), OUTCOME[result], MAILFROM, b"")
    for signature in signatures:
        domain, result = signature.split("=")
        library.opendmarc_policy_store_dkim(context, domain.encode(), b"s", OUTCOME[result], b"")
    library.opendmarc_policy_query_dmarc(context, author.encode())
    code = library.opendmarc_get_policy_to_enforce(context)
    library.opendmarc_policy_connect_shutdown(context)
    return RESULTS.get(code, f"error-{code}")


records, cases = {}, []
with open(sys.argv[1]) as file:
    for line in file:
        words = line.rstrip("\n").split("\t")
        if words[0] == "record":
            records[words[1]] = words[2]
        else:
            cases.append(words[1:])
# A name without a made-up record would be asked for in earnest.
for author, *_ in cases:
    labels = author.split(".")
    for start in range(len(labels)):
        records.setdefault("_dmarc." + ".".join(labels[start:]), "nothing")
for name, record in records.items():
    library.opendmarc_dns_fake_record(name.encode(), record.encode())
for author, spf, *signatures in cases:
    print(judge(author, spf, signatures))
