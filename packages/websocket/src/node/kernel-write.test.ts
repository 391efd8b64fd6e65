import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { PassThrough, Writable, type Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { KernelWriter, kernelHandleOf, type KernelHandle } from "./kernel-write.ts";
import { unsentBytes } from "./write.ts";

/** More than the buffers of both ends of a loopback connection hold. */
const tooMuch = Buffer.alloc(16 * 1_024 * 1_024, 7);

describe("writes past a socket's stream", () => {
  const open: { destroy(): void }[] = [];
  afterEach(() => open.splice(0).forEach((socket) => socket.destroy()));

  it("lend one request to writes that end at once, and make another when one is under way", async () => {
    const writer = new KernelWriter();
    const [a, b] = [await pair(open), await pair(open)];
    expect(await a.write(writer, "learnt ")).toBe("by the stream");
    expect(await a.write(writer, "one ")).toBe("at once");
    expect(await b.write(writer, "two ")).toBe("at once");
    expect(a.requests.size).toBe(2); // the stream's own, then the lent one
    expect([...a.requests]).toContain([...b.requests][0]);

    const ended = a.writeAll(writer, tooMuch);
    expect(ended.atOnce).toBe(false);
    expect(unsentBytes(a.socket)).toBeGreaterThan(0);
    expect(await b.write(writer, "three")).toBe("at once");
    expect(b.requests.size).toBe(2);
    a.peer.resume();
    expect(await ended.done).toBe(undefined);
    expect(await a.write(writer, "last")).toBe("at once");
    a.socket.end();
    await once(a.peer, "end");
    expect(
      Buffer.concat(a.received).equals(Buffer.concat([Buffer.from("learnt one "), tooMuch, Buffer.from("last")])),
    ).toBe(true);
  });

  it("are told of their end when libuv took all at its second try, with nothing left to wait for", async () => {
    const writer = new KernelWriter();
    const [a, b] = [await pair(open), await pair(open)];
    await a.write(writer, "learnt ");
    const { writeBuffer } = a.handle;
    let theirs: unknown;
    a.handle.writeBuffer = (request) => {
      theirs = Object.assign(request ?? {}, { getAsyncId: () => 7 }); // as when libuv has attached a write to it
      void Promise.resolve().then(() => (request as unknown as { oncomplete(status: number): void }).oncomplete(0));
      return 0;
    };
    const ended = a.writeAll(writer, Buffer.from("nothing waits"));
    expect(ended.atOnce).toBe(false);
    a.handle.writeBuffer = writeBuffer;
    expect(await b.write(writer, "one")).toBe("at once");
    expect([...b.requests]).not.toContain(theirs);
    expect(await ended.done).toBe(undefined);
  });

  it("that are under way leave before the socket's end", async () => {
    const writer = new KernelWriter();
    const a = await pair(open);
    await a.write(writer, "learnt ");
    const ended = a.writeAll(writer, tooMuch);
    a.socket.end();
    a.peer.resume();
    await once(a.peer, "end");
    expect(await ended.done).toBe(undefined);
    expect(Buffer.concat(a.received).length).toBe("learnt ".length + tooMuch.length);
  });

  it("that are under way are told of when the socket is destroyed", async () => {
    const writer = new KernelWriter();
    const a = await pair(open);
    await a.write(writer, "learnt ");
    const ended = a.writeAll(writer, tooMuch);
    expect(ended.atOnce).toBe(false);
    a.socket.destroy();
    await ended.done; // whatever it says
  });

  it("to a socket that is gone pass nothing on and harm no other", async () => {
    const writer = new KernelWriter();
    const [a, b] = [await pair(open), await pair(open)];
    await b.write(writer, "learnt ");
    a.socket.destroy();
    await once(a.socket, "close");
    expect(a.writeAll(writer, Buffer.from("late")).atOnce).toBe(false);
    expect(await b.write(writer, "one")).toBe("at once");
  });

  it("fail in the stream's own words", async () => {
    const writer = new KernelWriter();
    const a = await pair(open);
    await a.write(writer, "learnt ");
    a.socket.on("error", () => undefined);
    a.handle.writeBuffer = () => -32; // EPIPE: the kernel's answer; the stream is asked, and has none
    const failed = a.writeAll(writer, Buffer.from("x"));
    expect(failed.atOnce).toBe(false);
    expect(await failed.done).toMatchObject({ code: "EPIPE", syscall: "write" });
  });

  it("are the stream's for good where Node makes no request for a write", () => {
    const writer = new KernelWriter();
    const written: string[] = [];
    const handle: KernelHandle = {
      writeBuffer(request, bytes) {
        expect(request).toBe(null); // as Node 26 does
        written.push(bytes.toString());
        return 0;
      },
    };
    const stream = new Writable({ write: (bytes: Buffer, _, done) => void (handle.writeBuffer(null, bytes), done()) });
    for (const text of ["one", "two", "three"]) {
      expect(writer.write(stream as Duplex, handle, [Buffer.from(text)], () => undefined)).toBe(false);
    }
    expect(written).toEqual(["one", "two", "three"]);
  });

  it("of several chunks, and to what is no plain socket, are the stream's", async () => {
    const writer = new KernelWriter();
    const a = await pair(open);
    await a.write(writer, "learnt ");
    await new Promise<void>((resolve) => {
      const isDone = writer.write(a.socket, a.handle, [Buffer.from("a"), Buffer.from("b")], () => resolve());
      expect(isDone).toBe(false);
    });
    const stream = new PassThrough();
    expect(kernelHandleOf(stream)).toBe(undefined);
    expect(writer.write(stream, undefined, [Buffer.from("c")], () => undefined)).toBe(false);
    expect(String(stream.read())).toBe("c");
  });
});

/** Both ends of a connection; the peer is paused. */
async function pair(open: { destroy(): void }[]) {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const peer = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }).pause();
  const [socket] = await accepted;
  server.close();
  open.push(socket, peer);
  const received: Buffer[] = [];
  peer.on("data", (chunk: Buffer) => received.push(chunk)).pause();
  const handle = kernelHandleOf(socket) as KernelHandle;
  const requests = watchRequests(handle);

  function writeAll(writer: KernelWriter, bytes: Buffer) {
    let atOnce = false;
    const done = new Promise<Error | undefined>((resolve) => {
      atOnce = writer.write(socket, handle, [bytes], (error) => resolve(error ?? undefined));
    });
    return { atOnce, done };
  }

  async function write(writer: KernelWriter, text: string): Promise<"at once" | "by the stream"> {
    const { atOnce, done } = writeAll(writer, Buffer.from(text));
    if (!atOnce) expect(await done).toBe(undefined);
    return atOnce ? "at once" : "by the stream";
  }

  return { socket, peer, handle, received, requests, writeAll, write };
}

/** The requests that reach the kernel by `handle`. */
function watchRequests(handle: KernelHandle): Set<unknown> {
  const seen = new Set<unknown>();
  const { writeBuffer } = handle;
  handle.writeBuffer = (request, bytes) => {
    seen.add(request);
    return writeBuffer.call(handle, request, bytes);
  };
  return seen;
}
