"""submit_async.py PORT starttls|implicit CA MECHANISM USER SENDER RECIPIENT FILE: aiosmtplib as a program uses it.

The password is in SUBMIT_PASSWORD. Prints the server's replies; exits 1 when the server refused something.
"""
import asyncio
import os
import ssl
import sys

import aiosmtplib

port, transport, authority, mechanism, user, sender, recipient, file = sys.argv[1:]


async def submit():
    client = aiosmtplib.SMTP(
        hostname="localhost",
        port=int(port),
        timeout=30,
        use_tls=transport == "implicit",
        tls_context=ssl.create_default_context(cafile=authority),
        start_tls=False,
    )
    await client.connect()
    if transport == "starttls":
        await client.starttls()
    await client.ehlo()
    method = getattr(client, "auth_" + mechanism.lower().replace("-", ""))
    print(await method(user, os.environ["SUBMIT_PASSWORD"]))
    print(await client.sendmail(sender, [recipient], open(file, "rb").read()))
    print(await client.quit())


try:
    asyncio.run(submit())
except aiosmtplib.SMTPException as error:
    print(error)
    sys.exit(1)
