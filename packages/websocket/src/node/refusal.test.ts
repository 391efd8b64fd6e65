import { Duplex } from "node:stream";
import { describe, expect, it } from "vitest";
import { FakeClock } from "@heddle/base/fakes";
import { settle } from "../testing/fake-socket.ts";
import { refusalBytes, refuse } from "../handshake/refusal.ts";

const nowMs = Date.UTC(2031, 0, 2, 3, 4, 5);

/** A socket that keeps what is written; its peer ends when told to. */
class Ending extends Duplex {
  written = "";
  constructor() {
    super({ allowHalfOpen: true });
  }
  override _read(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString();
    done();
  }
}

describe("a refusal", () => {
  it("is whole HTTP, in plain text, with a date and the length in bytes", () => {
    const bytes = refusalBytes({ status: 503, reason: "full – später", headers: { "Retry-After": "5" } }, nowMs);
    expect(bytes.toString()).toBe(
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n" +
        "Date: Thu, 02 Jan 2031 03:04:05 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n" +
        "X-Content-Type-Options: nosniff\r\nContent-Length: 17\r\n\r\nfull – später\n",
    );
  });

  it("names the connection option of its Upgrade header (RFC 9110 §7.8)", () => {
    const text = refusalBytes({ status: 426, reason: "", headers: { upgrade: "websocket" } }, nowMs).toString();
    expect(text).toContain("\r\nupgrade: websocket\r\nConnection: close, Upgrade\r\n");
  });

  it("may have a status without a name, and headers in Latin-1", () => {
    const bytes = refusalBytes({ status: 499, reason: "", headers: { "X-A": "é" } }, nowMs);
    expect(bytes.toString("latin1")).toMatch(/^HTTP\/1\.1 499 Refused\r\nX-A: é\r\n/);
  });

  it.each([
    [{ "X-A": "1\r\nSet-Cookie: b" }, "X-A"],
    [{ "X A": "1" }, "X A"],
    [{ "X-A": "€" }, "X-A"],
    [{ "content-length": "0" }, "content-length"],
    [{ "Transfer-Encoding": "chunked" }, "Transfer-Encoding"],
    [{ Connection: "keep-alive" }, "Connection"],
  ])("cannot be given %j", (headers, name) => {
    expect(() => refusalBytes({ status: 403, reason: "", headers }, nowMs)).toThrow(name);
  });

  it.each([101, 200, 299, 600, 400.5, Number.NaN])("cannot have the status %s", (status) => {
    expect(() => refusalBytes({ status, reason: "" }, nowMs)).toThrow(expect.objectContaining({ field: "status" }));
  });
});

describe("refuse", () => {
  it("ends our side at once, reads on, and is over when the peer ends", async () => {
    const clock = new FakeClock();
    const socket = new Ending();
    refuse(socket, { status: 403, reason: "no" }, { clock, wheel: clock }, 5_000);
    await settle();
    expect(socket.written).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n.*\r\n\r\nno\n$/s);
    expect(socket.writableFinished).toBe(true);
    expect(socket.destroyed).toBe(false);
    socket.push(Buffer.from("still talking"));
    socket.push(null);
    await settle();
    await settle();
    expect(socket.destroyed).toBe(true);
    expect(clock.nextDueMs).toBeUndefined();
  });

  it("does not wait longer than it is told for a peer that does not end", async () => {
    const clock = new FakeClock();
    const socket = new Ending();
    refuse(socket, { status: 403, reason: "no" }, { clock, wheel: clock }, 5_000);
    await settle();
    clock.advance(4_999);
    expect(socket.destroyed).toBe(false);
    clock.advance(1);
    expect(socket.destroyed).toBe(true);
  });

  it("leaves nothing behind on a socket that is gone", async () => {
    const clock = new FakeClock();
    const socket = new Ending();
    socket.on("error", () => undefined).destroy(new Error("reset"));
    await settle(); // 'close' is over
    refuse(socket, { status: 403, reason: "no" }, { clock, wheel: clock }, 5_000);
    await settle();
    expect(clock.nextDueMs).toBeUndefined();
    expect(socket.written).toBe("");
  });
});
