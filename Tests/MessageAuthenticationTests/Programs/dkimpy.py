"""dkimpy as a peer of the DKIM interoperability tests.

    dkimpy.py verify ZONE FILE...   a line for each file: its name, then pass or fail for each signature, from the top
    dkimpy.py sign JOBS             signs; a job is a line: FILE KEY ALGORITHM HEADER/BODY SELECTOR OUT

A zone is lines of a name and the text that stands there.
"""
import base64
import os
import sys

import dkim


def zone_of(path):
    with open(path, "rb") as lines:
        zone = dict(line.rstrip(b"\n").split(b" ", 1) for line in lines)
    return lambda name, timeout=5: zone.get((name if isinstance(name, bytes) else name.encode()).rstrip(b"."))


def verify(path, lookup):
    with open(path, "rb") as file:
        verifier = dkim.DKIM(file.read())
    count = sum(1 for name, _ in verifier.headers if name.lower() == b"dkim-signature")
    results = []
    for index in range(count):
        try:
            results.append("pass" if verifier.verify(index, dnsfunc=lookup) else "fail")
        except dkim.DKIMException as error:
            results.append(f"fail({error})".replace(" ", "_"))
    print(os.path.basename(path), *results)


def sign(job):
    path, key_path, algorithm, canonicalization, selector, out = job.split()
    with open(path, "rb") as file:
        message = file.read()
    with open(key_path, "rb") as file:
        key = file.read()
    if algorithm == "ed25519-sha256":
        # dkimpy wants the seed alone, which ends the PKCS #8 form.
        der = base64.b64decode(b"".join(line for line in key.splitlines() if b"-" not in line))
        key = base64.b64encode(der[-32:])
    signature = dkim.sign(
        message,
        selector.encode(),
        b"example.org",
        key,
        canonicalize=tuple(canonicalization.encode().split(b"/")),
        signature_algorithm=algorithm.encode(),
    )
    with open(out, "wb") as file:
        file.write(signature + message)


if sys.argv[1] == "verify":
    lookup = zone_of(sys.argv[2])
    for path in sys.argv[3:]:
        verify(path, lookup)
elif sys.argv[1] == "arc":
    lookup = zone_of(sys.argv[2])
    for path in sys.argv[3:]:
        with open(path, "rb") as file:
            result, _, reason = dkim.arc_verify(file.read(), dnsfunc=lookup)
        print(os.path.basename(path), result.decode(), str(reason).replace(" ", "_"))
else:
    with open(sys.argv[2]) as jobs:
        for job in jobs:
            sign(job)
