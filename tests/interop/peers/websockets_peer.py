"""Python's websockets: `websockets_peer.py client URL`, or `websockets_peer.py server [deflate]`, which says its port and
how connections end."""

import asyncio
import json
import sys

import websockets


def say(said):
    print(json.dumps(said), flush=True)


def connect(url):
    # It offers permessage-deflate by itself.
    return websockets.connect(url, subprotocols=["unknown", "heddle.interop"])


async def client(url):
    socket = await connect(url)

    async def echoes(message):
        await socket.send(message)
        return await socket.recv() == message

    report = {
        "protocol": socket.subprotocol,
        "compressed": any(extension.name == "permessage-deflate" for extension in socket.extensions),
        "text": await echoes("grüße 𝄞 \u0000 ✓"),
        "binary": await echoes(bytes(range(256))),
        "megabyteText": await echoes("é" * 2**19),
        "megabyteBinary": await echoes(b"\xa5" * 2**20),
    }
    await socket.send(["in ", "three ", "frames 𝄞"])
    report["fragments"] = await socket.recv() == "in three frames 𝄞"
    await asyncio.wait_for(await socket.ping(b"between"), 5)  # its pong is the one with that payload
    report["pong"] = True
    await socket.send("ping me")
    report["ponged"] = await socket.recv() == "pong server"
    await socket.send("fragment me")
    report["reassembled"] = await socket.recv() == "fragmented ✓"
    await socket.close(4001, "done ✓")
    second = await connect(url)
    await second.send("close me")
    await second.wait_closed()
    report["closed"] = [second.close_code, second.close_reason]
    say(report)


async def converse(socket):
    try:
        async for message in socket:
            if message == "ping me":
                await (await socket.ping(b"server"))
                await socket.send("pong server")
            elif message == "fragment me":
                await socket.send(["frag", "men", "ted ", "✓"])
            elif message == "close me":
                await socket.close(4002, "bye ✓")
            else:
                await socket.send(message)
    except websockets.ConnectionClosed:
        pass  # an iteration ends without it only after 1000 and 1001
    say({"closed": [socket.close_code, socket.close_reason]})


async def server(compression):
    async with websockets.serve(
        converse, "127.0.0.1", 0, subprotocols=["heddle.interop"], compression=compression
    ) as listening:
        say({"port": listening.sockets[0].getsockname()[1]})
        await asyncio.Future()


if sys.argv[1] == "client":
    asyncio.run(client(sys.argv[2]))
else:
    asyncio.run(server("deflate" if "deflate" in sys.argv else None))
