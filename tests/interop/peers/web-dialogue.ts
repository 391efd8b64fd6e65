// The client's part of the dialogue on the interface browsers have. Self-contained: it also runs inside a page.

import type { Report } from "../support/dialogue.ts";

/** Plays the client. The interface has neither fragments nor pings. */
export async function converse(url: string): Promise<Report> {
  const open = async () => {
    const socket = new WebSocket(url, ["unknown", "heddle.interop"]);
    socket.binaryType = "arraybuffer";
    const unread: (string | ArrayBuffer)[] = [];
    let reader: ((data: string | ArrayBuffer) => void) | undefined;
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (reader === undefined) unread.push(data);
      else reader(data);
      reader = undefined;
    };
    const ended = new Promise<[number, string]>((resolve) => {
      socket.onclose = ({ code, reason }) => resolve([code, reason]);
    });
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = () => reject(new Error("cannot connect"));
    });
    const next = (): Promise<string | ArrayBuffer> => {
      const message = unread.shift();
      return message === undefined ? new Promise((resolve) => (reader = resolve)) : Promise.resolve(message);
    };
    return { socket, ended, next };
  };
  const { socket, ended, next } = await open();
  const answerTo = async (text: string) => {
    socket.send(text);
    return await next();
  };
  const echoes = async (bytes: Uint8Array<ArrayBuffer>): Promise<boolean> => {
    socket.send(bytes);
    const back = new Uint8Array((await next()) as ArrayBuffer);
    return back.length === bytes.length && back.every((byte, index) => byte === bytes[index]);
  };
  const [text, megabyteText] = ["grüße 𝄞 \u0000 ✓", "é".repeat(2 ** 19)] as const;
  const seen = {
    protocol: socket.protocol,
    compressed: socket.extensions.includes("permessage-deflate"),
    text: (await answerTo(text)) === text,
    binary: await echoes(Uint8Array.from({ length: 256 }, (_, index) => index)),
    megabyteText: (await answerTo(megabyteText)) === megabyteText,
    megabyteBinary: await echoes(new Uint8Array(2 ** 20).fill(0xa5)),
    ponged: (await answerTo("ping me")) === "pong server",
    reassembled: (await answerTo("fragment me")) === "fragmented ✓",
  };
  socket.close(4001, "done ✓");
  await ended;
  const second = await open();
  second.socket.send("close me");
  return { ...seen, closed: await second.ended };
}
