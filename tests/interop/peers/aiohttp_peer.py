"""Python's aiohttp: `aiohttp_peer.py client URL`, or `aiohttp_peer.py server [deflate]`, which says its port and how
connections end. It has no way to send a message in fragments."""

import asyncio
import json
import sys

from aiohttp import ClientSession, WSMsgType, web


def say(said):
    print(json.dumps(said), flush=True)


def connect(session, url):
    # Without `autoping` pongs are seen, and pings have to be answered here.
    return session.ws_connect(
        url, protocols=("unknown", "heddle.interop"), compress=15, autoping=False, max_msg_size=2**22
    )


async def next_message(socket):
    message = await asyncio.wait_for(socket.receive(), 5)
    while message.type == WSMsgType.PING:
        await socket.pong(message.data)
        message = await asyncio.wait_for(socket.receive(), 5)
    return message


async def client(url):
    async with ClientSession() as session:
        socket = await connect(session, url)

        async def echoes_text(text):
            await socket.send_str(text)
            return (await next_message(socket)).data == text

        async def echoes_binary(data):
            await socket.send_bytes(data)
            return (await next_message(socket)).data == data

        report = {
            "protocol": socket.protocol,
            "compressed": socket.compress > 0,
            "text": await echoes_text("grüße 𝄞 \u0000 ✓"),
            "binary": await echoes_binary(bytes(range(256))),
            "megabyteText": await echoes_text("é" * 2**19),
            "megabyteBinary": await echoes_binary(b"\xa5" * 2**20),
        }
        await socket.ping(b"between")
        pong = await next_message(socket)
        report["pong"] = pong.type == WSMsgType.PONG and pong.data == b"between"
        await socket.send_str("ping me")
        report["ponged"] = (await next_message(socket)).data == "pong server"
        await socket.send_str("fragment me")
        report["reassembled"] = (await next_message(socket)).data == "fragmented ✓"
        await socket.close(code=4001, message="done ✓".encode())
        second = await connect(session, url)
        await second.send_str("close me")
        closing = await next_message(second)
        report["closed"] = [closing.data, closing.extra]
        await second.close()
        say(report)


async def converse(request):
    socket = web.WebSocketResponse(
        protocols=("heddle.interop",), compress="deflate" in sys.argv, autoping=False, autoclose=False, max_msg_size=2**22
    )
    await socket.prepare(request)
    while True:
        message = await socket.receive()
        if message.type == WSMsgType.PING:
            await socket.pong(message.data)
        elif message.type == WSMsgType.PONG:
            await socket.send_str("pong " + message.data.decode())
        elif message.type == WSMsgType.BINARY:
            await socket.send_bytes(message.data)
        elif message.type == WSMsgType.CLOSE:
            say({"closed": [message.data, message.extra]})
            await socket.close(code=message.data)
            break
        elif message.type != WSMsgType.TEXT:
            break
        elif message.data == "ping me":
            await socket.ping(b"server")
        elif message.data == "close me":
            await socket.close(code=4002, message="bye ✓".encode())
            break
        else:
            await socket.send_str(message.data)
    return socket


async def server():
    application = web.Application()
    application.router.add_get("/", converse)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    say({"port": runner.addresses[0][1]})
    await asyncio.Future()


asyncio.run(client(sys.argv[2]) if sys.argv[1] == "client" else server())
