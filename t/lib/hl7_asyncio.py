"""Sends messages with python3-hl7's asyncio client, several before the first
is answered, and prints MSA-1 and MSA-2 of each answer.

    hl7_asyncio.py port count [tls]
"""

import asyncio
import ssl
import sys

from hl7.mllp import open_hl7_connection


async def main(port, count, tls=None):
    context = None

    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE

    reader, writer = await open_hl7_connection("127.0.0.1", int(port),
                                               ssl=context)

    for n in range(1, int(count) + 1):
        writer.writeblock(b"MSH|^~\\&|LAB|WARD|HIE|ERP|20260301120000||"
                          b"ADT^A01|A%d|P|2.5\rPID|1||4711\r" % n)

    await writer.drain()

    for n in range(int(count)):
        ack = await reader.readmessage()
        print(ack["MSA.1"], ack["MSA.2"])

    writer.close()
    await writer.wait_closed()


asyncio.run(main(*sys.argv[1:]))
