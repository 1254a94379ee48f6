#!/usr/bin/python3
"""Judges SPF requests with pyspf over zones in memory.

usage: judge_spf.py FILE: a JSON list of {zone, ip, mailfrom, helo}; prints a JSON list of [result, explanation, problem].
A zone is {name: [[type, value] or "TIMEOUT", ...]}, as in pyspf's own tests.
"""
import ipaddress
import json
import sys

import spf

zone = {}


def look_up(name, qtype, strict=True, timeout=None):
    answers = []
    fails = False
    for entry in zone.get(name.lower().rstrip("."), []):
        if entry == "TIMEOUT":
            fails = True
            continue
        kind, value = entry
        if kind != qtype:
            continue
        if kind == "TXT":
            value = (value.encode(),)
        elif kind == "MX":
            value = (value[0], value[1])
        answers.append(((name, kind), value))
    if fails and not answers:
        raise spf.TempError("DNS timeout")
    return answers


spf.DNSLookup = look_up
verdicts = []
with open(sys.argv[1]) as file:
    requests = json.load(file)
for request in requests:
    zone = request["zone"]
    query = spf.query(
        i=request["ip"], s=request["mailfrom"], h=request["helo"], local=None, receiver="receiver.test", timeout=20,
        strict=True, querytime=20,
    )
    query.set_default_explanation("DEFAULT")
    try:
        result, _, explanation = query.check()
    except Exception as error:  # a fault of its own is a verdict to look at, not the end of the run
        result, explanation = "crash", repr(error)
    verdicts.append([result, explanation if result == "fail" else "", str(getattr(query, "prob", "") or "")])
json.dump(verdicts, sys.stdout)
