// What somebody hostile may try, one round of each: against the server under test, or against a sink that takes everything.

import { Peer, frame, upgradeText, type Seen } from "./peer.ts";

export interface Attack {
  readonly name: string;
  /** Finishes the sentence "the server …". */
  readonly defence: string;
  /** What must be seen of it, each at least once. */
  readonly shows: readonly string[];
  /** Limits made short, so that a round of it ends. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Further ones for the short form alone: a flood of thousands of frames is one of dozens. */
  readonly shortLimits?: Readonly<Record<string, number>>;
  /** Peers at once when it goes on for a while; default 20. */
  readonly peers?: number;
  round(target: Target): Promise<void>;
}

export interface Target {
  readonly port: number;
  readonly seen: Seen;
  /** Rejects nothing; resolves early when the attack is called off. */
  pause(ms: number): Promise<void>;
  readonly isOver: boolean;
  /** Frames after which a flood gives up. */
  readonly floodFrames: number;
}

const open = ({ port, seen }: Target): Peer => new Peer(port, seen);

/** Says one thing, and has been answered when the connection is over. */
async function refused(target: Target, text: string | Uint8Array): Promise<void> {
  const peer = open(target);
  peer.write(text);
  await peer.ended;
}

async function upgraded(target: Target, ...bytes: (string | Uint8Array)[]): Promise<void> {
  const peer = open(target);
  peer.write(upgradeText());
  for (const each of bytes) peer.write(each);
  await peer.ended;
}

/** Says things as a user, until the connection is over or all is said and answered. */
async function session(target: Target, say: (peer: Peer) => void | Promise<void>, last?: string): Promise<void> {
  const peer = open(target);
  await peer.greet();
  await say(peer);
  if (last === undefined) await peer.ended;
  else await peer.until(last);
  peer.leave();
}

/** One byte at a time, until the socket is gone. */
async function drip(target: Target, peer: Peer, bytes: string | Uint8Array): Promise<void> {
  for (const byte of Buffer.from(bytes as string)) {
    if (peer.socket.destroyed || target.isOver) break;
    peer.write(Buffer.of(byte));
    await target.pause(100);
  }
  if (target.isOver) peer.leave();
  await peer.ended;
}

const post = (path: string, headers: readonly string[]): string =>
  [`POST /realtime/${path} HTTP/1.1`, "Host: 127.0.0.1", "Content-Type: application/x-ndjson", ...headers, "", ""].join(
    "\r\n",
  );
const publish = (r: number, d: unknown): object => ({ t: "pub", r, ch: "room/1", e: "message", n: r, pn: 0, d });

/** A publish whose payload is text as it stands. */
const rawPublish = (r: number, d: string): Buffer =>
  frame(1, `{"t":"pub","r":${r},"ch":"room/1","e":"message","n":${r},"pn":0,"d":${d}}`);

/** Frames sent in one go, and again, until the connection ends. */
async function flood(target: Target, next: (r: number) => object): Promise<void> {
  await session(target, async (peer) => {
    for (let r = 1; r < target.floodFrames && !peer.socket.destroyed && !target.isOver;) {
      const frames: object[] = [];
      for (let n = 0; n < 50; n++) frames.push(next(r++));
      peer.say(...frames);
      await target.pause(1);
    }
    await Promise.race([peer.ended, target.pause(500)]);
    peer.leave();
  });
}

const beforeHandshake: readonly Attack[] = [
  {
    name: "slow-handshake",
    defence: "answers 408 to a request whose head comes a byte at a time",
    shows: ["http 408"],
    limits: { handshakeMs: 400 },
    peers: 200,
    async round(target) {
      await drip(target, open(target), upgradeText());
    },
  },
  {
    name: "half-open",
    defence: "closes sockets that say nothing",
    shows: ["http 408"],
    limits: { handshakeMs: 400 },
    peers: 10_000,
    async round(target) {
      await open(target).ended;
    },
  },
  {
    name: "huge-headers",
    defence: "answers 431 to a head above 16 KiB",
    shows: ["http 431"],
    round: (target) => refused(target, upgradeText([`X-Large: ${"x".repeat(32_768)}`])),
  },
  {
    name: "many-headers",
    defence: "answers 431 to thousands of small headers",
    shows: ["http 431"],
    round: (target) => refused(target, upgradeText(Array.from({ length: 3_000 }, (_, n) => `X-${n}: 1`))),
  },
  {
    name: "two-lengths",
    defence: "answers 400 to a body with two lengths, which a proxy may read another way",
    shows: ["http 400"],
    round: (target) =>
      refused(target, `${post("frames", ["Content-Length: 4", "Transfer-Encoding: chunked"])}0\r\n\r\n`),
  },
  {
    name: "origin-hijack",
    defence: "answers 403 to a page of another site",
    shows: ["http 403"],
    round: (target) => refused(target, upgradeText(["Origin: https://evil.example"])),
  },
  {
    name: "slow-body",
    defence: "answers 408 to a body that comes a byte at a time",
    shows: ["http 408"],
    limits: { httpBodyMs: 400 },
    peers: 100,
    async round(target) {
      const peer = open(target);
      peer.write(post("frames", ["Content-Length: 500"]));
      await drip(target, peer, " ".repeat(500));
    },
  },
  {
    name: "endless-body",
    defence: "answers 413 to a body that is announced, or grows, above its limit",
    shows: ["http 413"],
    async round(target) {
      const [told, grown] = [open(target), open(target)];
      told.write(post("frames", ["Content-Length: 999999999999"]));
      grown.write(post("frames", ["Transfer-Encoding: chunked"]));
      const chunk = `10000\r\n${" ".repeat(65_536)}\r\n`;
      for (let n = 0; n < 20; n++) grown.write(chunk);
      await Promise.all([told.until("http 413"), grown.until("http 413")]);
      told.leave();
      grown.leave();
    },
  },
];

const frames: readonly Attack[] = [
  {
    name: "slow-frame",
    defence: "closes with 4002 who has not said hello in time, sending a byte now and then",
    shows: ["close 4002"],
    peers: 200,
    async round(target) {
      const peer = open(target);
      peer.write(upgradeText());
      await drip(target, peer, frame(1, " ".repeat(200)));
    },
  },
  {
    name: "unmasked",
    defence: "closes with 1002 on a frame that is not masked",
    shows: ["close 1002"],
    round: (target) => upgraded(target, frame(1, "{}", { isMasked: false })),
  },
  {
    name: "reserved-bits",
    defence: "closes with 1002 on compressed frames nobody agreed on: there is no bomb to inflate",
    shows: ["close 1002"],
    round: (target) => upgraded(target, frame(1, Buffer.alloc(1_000), { reserved: 0x40 })),
  },
  {
    name: "announced-terabyte",
    defence: "closes with 1009 on a length alone, before anything of it has come",
    shows: ["close 1009"],
    round: (target) => upgraded(target, frame(1, "", { announced: 2 ** 40 })),
  },
  {
    name: "fragment-bomb",
    defence: "closes with 1009 on a message that grows beyond its limit in pieces",
    shows: ["close 1009"],
    round: (target) => {
      const piece = frame(0, Buffer.alloc(16_384, 0x20), { isFinal: false });
      const first = frame(1, Buffer.alloc(16_384, 0x20), { isFinal: false });
      return upgraded(target, first, ...Array.from({ length: 32 }, () => piece));
    },
  },
  {
    name: "empty-fragments",
    defence: "closes with 1009 on the 1 025th of 100 000 empty fragments",
    shows: ["close 1009"],
    round: (target) => {
      const piece = frame(0, "", { isFinal: false });
      return upgraded(
        target,
        frame(1, "", { isFinal: false }),
        Buffer.concat(Array.from({ length: 100_000 }, () => piece)),
      );
    },
  },
  {
    name: "ping-flood",
    defence: "closes with 1008 on more control frames than anybody needs",
    shows: ["close 1008"],
    round: (target) => upgraded(target, Buffer.concat(Array.from({ length: 5_000 }, () => frame(9, "x")))),
  },
  {
    name: "bad-utf8",
    defence: "closes with 1007 on text that is none",
    shows: ["close 1007"],
    round: (target) => upgraded(target, frame(1, Buffer.from([0xed, 0xa0, 0x80]))),
  },
  {
    name: "frames-before-welcome",
    defence: "closes with 4400 on more frames than are held for a client it does not know",
    shows: ["bye 4400"],
    async round(target) {
      const peer = open(target);
      peer.write(upgradeText());
      peer.say({ t: "hello", v: 1, pid: "attacker-pid", k: "slow-mallory" });
      for (let n = 0; n < 64; n++) peer.say({ t: "ping" }, { t: "sub", r: n, ch: "room/1", at: "live" });
      await peer.ended;
    },
  },
  {
    name: "bad-tokens",
    defence: "closes with 4101 on a token nobody gave",
    shows: ["bye 4101"],
    async round(target) {
      const peer = open(target);
      peer.write(upgradeText());
      peer.say({ t: "hello", v: 1, pid: "attacker-pid" });
      await peer.ended;
    },
  },
];

const content: readonly Attack[] = [
  {
    name: "oversize-frame",
    defence: "answers 303 to a frame above its limit, and closes with 1009 far above it",
    shows: ["err 303", "close 1009"],
    round: (target) =>
      session(target, async (peer) => {
        peer.say(publish(1, { text: "x".repeat(100_000) }));
        await peer.until("err 303");
        peer.say(publish(2, { text: "x".repeat(600_000) }));
      }),
  },
  {
    name: "deep-json",
    defence: "answers 301 to a payload of 20 000 levels, which others would recurse through",
    shows: ["err 301"],
    round: (target) =>
      session(target, (peer) => peer.write(rawPublish(1, "[".repeat(20_000) + "]".repeat(20_000))), "err 301"),
  },
  {
    name: "many-keys",
    defence: "refuses a payload of 5 000 keys that are none of the contract's",
    shows: ["err 306"],
    round: (target) =>
      session(
        target,
        (peer) => peer.say(publish(1, Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, 1])))),
        "err 306",
      ),
  },
  {
    name: "prototype-keys",
    defence: "takes names that every object has for names like any other",
    shows: ["err 306", "err 302"],
    round: (target) =>
      session(
        target,
        async (peer) => {
          peer.write(rawPublish(1, `{"__proto__":{"text":"x"},"constructor":{"prototype":{"polluted":1}}}`));
          await peer.until("err 306");
          peer.say({ t: "call", r: 2, op: "__proto__" }, { t: "sub", r: 3, ch: "__proto__", at: "live" });
          peer.say({ t: "call", r: 4, op: "constructor" }, { t: "toString", r: 5 });
        },
        "err 302",
      ),
  },
  {
    name: "unsafe-numbers",
    defence: "answers 301 to numbers that are no whole ones, too large or infinite",
    shows: ["err 301"],
    round: (target) =>
      session(
        target,
        (peer) => {
          for (const n of ["9007199254740993", "1e999", "-1", "1.5", "0"])
            peer.write(frame(1, `{"t":"pub","r":7,"ch":"room/1","e":"message","n":${n},"pn":0,"d":{"text":"x"}}`));
        },
        "err 301",
      ),
  },
  {
    name: "lone-surrogates",
    defence: "answers names with half a character as bad or unknown",
    shows: ["err 302"],
    round: (target) =>
      session(
        target,
        (peer) => peer.write(frame(1, String.raw`{"t":"sub","r":1,"ch":"room/\ud800","at":"live"}`)),
        "err 302",
      ),
  },
  {
    name: "long-text",
    defence: "refuses by the contract what would be long to look through",
    shows: ["err 306"],
    round: (target) => session(target, (peer) => peer.say(publish(1, { text: "a".repeat(50_000) })), "err 306"),
  },
  {
    name: "server-names",
    defence: "answers 302 to names that belong to the server",
    shows: ["err 302"],
    round: (target) =>
      session(
        target,
        (peer) =>
          peer.say(
            { t: "sub", r: 1, ch: "$revocations", at: ["last", 100] },
            { t: "sub", r: 2, ch: "$user/ada", at: "live" },
            { t: "history", r: 3, ch: "$all", last: 10 },
          ),
        "err 302",
      ),
  },
  {
    name: "long-names",
    defence: "answers names above 255 bytes, whatever they are made of",
    shows: ["err 302"],
    round: (target) =>
      session(
        target,
        (peer) => peer.say({ t: "sub", r: 1, ch: `room/${"%F0%9F%98%80".repeat(30)}`, at: "live" }),
        "err 302",
      ),
  },
];

const floods: readonly Attack[] = [
  {
    name: "publish-flood",
    defence: "answers 429 to publishes to everybody beyond the rate, and closes with 4029 who goes on",
    shows: ["err 429", "bye 4029"],
    round: (target) => flood(target, (r) => publish(r, { text: "amplified" })),
  },
  {
    name: "volatile-flood",
    defence: "drops volatile events beyond the rate, and closes with 4029 who goes on",
    shows: ["bye 4029"],
    round: (target) => flood(target, () => ({ t: "pub", ch: "room/1", e: "typing", d: { on: true } })),
  },
  {
    name: "subscription-churn",
    defence: "answers 429 to subscriptions begun and ended without end",
    shows: ["err 429"],
    round: (target) =>
      flood(target, (r) => (r % 2 === 1 ? { t: "sub", r, ch: "room/1", at: "live" } : { t: "unsub", r, ch: "room/1" })),
  },
  {
    name: "many-channels",
    shortLimits: {},
    defence: "answers 431 to the 513th subscription of a connection",
    shows: ["err 431"],
    round: (target) =>
      session(
        target,
        async (peer) => {
          for (let r = 1; r <= 600; r++) peer.say({ t: "sub", r, ch: `room/${"n".repeat(50)}${r}`, at: "live" });
        },
        "err 431",
      ),
  },
  {
    name: "call-flood",
    defence: "answers 429 to calls beyond the rate, and 103 to those that are open beside too many",
    shows: ["err 103", "err 429"],
    round: (target) => flood(target, (r) => ({ t: "call", r, op: "wait" })),
  },
  {
    name: "history-flood",
    defence: "answers 429 to reads beyond the rate",
    shows: ["err 429"],
    round: (target) => flood(target, (r) => ({ t: "history", r, ch: "room/1", last: 1_000 })),
  },
  {
    name: "presence-flood",
    defence: "answers 429 to words about presence beyond the rate",
    shows: ["err 429"],
    round: (target) =>
      flood(target, (r) => ({ t: "presence", r, ch: "room/1", op: "enter", ver: r, d: { name: "mallory" } })),
  },
  {
    name: "garbage-flood",
    defence: "closes with 4400 on what is no frame",
    shows: ["bye 4400"],
    round: (target) => session(target, (peer) => peer.write(frame(1, "garbage"))),
  },
  {
    name: "pong-flood",
    defence: "takes unasked pongs of the session for what they are: nothing, until the rate",
    shows: ["close 1008"],
    round: (target) => upgraded(target, Buffer.concat(Array.from({ length: 5_000 }, () => frame(10, "")))),
  },
  {
    name: "connect-and-go",
    defence: "lets go of what connects and leaves at once",
    shows: ["welcome"],
    peers: 50,
    async round(target) {
      const peer = open(target);
      await peer.greet();
      peer.leave();
    },
  },
];

const slow = {
  framesPerSecond: 20,
  framesBurst: 60,
  subscriptionsPerSecond: 2,
  subscriptionsBurst: 10,
  presenceBurst: 20,
};

export const attacks: readonly Attack[] = [
  ...[...beforeHandshake, ...frames, ...content],
  ...floods.map((attack) => ({ shortLimits: slow, ...attack })),
];
