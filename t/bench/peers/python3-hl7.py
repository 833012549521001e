# The asyncio server of python3-hl7 that answers AA to each message:
#     python3 python3-hl7.py port

import asyncio
import sys

import hl7.mllp


async def serve(reader, writer):
    try:
        while True:
            message = await reader.readmessage()
            writer.writemessage(message.create_ack())
            await writer.drain()

    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main():
    server = await hl7.mllp.start_hl7_server(
        serve, "127.0.0.1", int(sys.argv[1]), encoding="utf-8")

    async with server:
        await server.serve_forever()


asyncio.run(main())
