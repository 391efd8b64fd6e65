// The `ws` package: `ws-peer.ts client URL`, or `ws-peer.ts server [deflate]`, which says its port and how connections end.

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import * as dialogue from "../support/dialogue.ts";

const { clientClose, protocol, requests, serverClose } = dialogue;
const [role, argument = ""] = process.argv.slice(2);
const say = (said: unknown): void => console.log(JSON.stringify(said));

if (role === "client") say(await converse(argument));
else serve(argument === "deflate");

async function converse(url: string): Promise<dialogue.Report> {
  const open = async (): Promise<WebSocket> => {
    const socket = new WebSocket(url, [...dialogue.protocolsOffered]);
    await once(socket, "open");
    return socket;
  };
  const socket = await open();
  const next = async (): Promise<string | Buffer> => {
    const [data, isBinary] = (await once(socket, "message")) as [Buffer, boolean];
    return isBinary ? data : data.toString();
  };
  const answerTo = async (message: string | Uint8Array): Promise<string | Buffer> => {
    socket.send(message);
    return await next();
  };
  const echoes = async (bytes: Uint8Array): Promise<boolean> =>
    Buffer.compare((await answerTo(bytes)) as Buffer, bytes) === 0;
  const seen = {
    protocol: socket.protocol,
    compressed: socket.extensions.includes("permessage-deflate"),
    text: (await answerTo(dialogue.text)) === dialogue.text,
    binary: await echoes(dialogue.binary),
    megabyteText: (await answerTo(dialogue.megabyteText)) === dialogue.megabyteText,
    megabyteBinary: await echoes(dialogue.megabyteBinary),
  };
  const inFrames = "in three frames 𝄞";
  const bytes = Buffer.from(inFrames);
  const lastAt = bytes.length - 2; // inside the last character
  socket.send(bytes.subarray(0, 5), { binary: false, fin: false });
  socket.send(bytes.subarray(5, lastAt), { binary: false, fin: false });
  socket.ping("between");
  socket.send(bytes.subarray(lastAt), { binary: false, fin: true });
  const [pong, whole] = await Promise.all([once(socket, "pong") as Promise<[Buffer]>, next()]);
  const more = {
    fragments: whole === inFrames,
    pong: pong[0].toString() === "between",
    ponged: (await answerTo(requests.ping)) === "pong server",
    reassembled: (await answerTo(requests.fragments)) === "fragmented ✓",
  };
  socket.close(clientClose.code, clientClose.reason);
  await once(socket, "close");
  const second = await open();
  second.send(requests.close);
  const [code, reason] = (await once(second, "close")) as [number, Buffer];
  return { ...seen, ...more, closed: [code, reason.toString()] };
}

function serve(isCompressing: boolean): void {
  const server = new WebSocketServer({
    ...{ port: 0, host: "127.0.0.1", perMessageDeflate: isCompressing },
    handleProtocols: (offered) => (offered.has(protocol) ? protocol : false),
  });
  server.on("listening", () => say({ port: (server.address() as AddressInfo).port }));
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer, isBinary) => {
      const said = isBinary ? "" : data.toString();
      if (said === requests.ping) socket.ping("server");
      else if (said === requests.close) socket.close(serverClose.code, serverClose.reason);
      else if (said === requests.fragments) {
        for (const byte of Buffer.from("fragmented ")) socket.send(Uint8Array.of(byte), { binary: false, fin: false });
        socket.send("✓", { fin: true });
      } else socket.send(data, { binary: isBinary });
    });
    socket.on("pong", (payload) => socket.send(`pong ${payload.toString()}`));
    socket.on("close", (code, reason) => say({ closed: [code, reason.toString()] }));
  });
}
