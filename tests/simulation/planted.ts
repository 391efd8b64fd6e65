// Bugs planted to prove that the simulation would find them: edits of the built code, applied when a module loads. Each
// text must be found exactly once, or the plant no longer means what it says. The product knows nothing of this.

export interface Plant {
  readonly name: string;
  /** What goes wrong. */
  readonly why: string;
  /** A package's built file. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

const log = "packages/hub/dist/channel/channel-log.js";

export const plants: readonly Plant[] = [
  {
    name: "chain-check-skipped",
    why: "an entry behind a hole is accepted as if it followed",
    file: log,
    find: "        if (follows(this.head, entry, this.#engine.traits))\n            return this.#accept(entry);\n        if (this.ring.has",
    replace:
      "        if (entry.pos.offset > this.head.offset)\n            return this.#accept(entry);\n        if (this.ring.has",
  },
  {
    name: "epoch-ignored",
    why: "a log that was lost and began anew passes as the old one",
    file: "packages/protocol/dist/wire/position.js",
    find: "a.offset === b.offset && a.tag === b.tag && a.epoch === b.epoch",
    replace: "a.offset === b.offset && (a.tag === b.tag || a.epoch !== b.epoch)",
  },
  {
    name: "splice-off-by-one",
    why: "reading on from the ring passes over one entry",
    file: "packages/hub/dist/channel/ring.js",
    find: "this.#indexOf(pos.offset) + 1",
    replace: "this.#indexOf(pos.offset) + 2",
  },
  {
    name: "dedup-forgotten",
    why: "a repeated publish is appended again",
    file: "packages/hub/dist/memory/memory-log.js",
    find: "        if (repeated)\n",
    replace: "        if (repeated && draft === undefined)\n",
  },
  {
    name: "predecessor-forgotten",
    why: "a publish is accepted although the one before it has not arrived",
    file: "packages/hub/dist/memory/memory-log.js",
    find: "dedup.prev > (record?.n ?? 0)",
    replace: "dedup.prev < 0",
  },
  {
    name: "hash-over-hook-output",
    why: "a repetition looks like other content once the hook has stamped it",
    file: "packages/hub/dist/commands/publish.js",
    find: 'JSON.stringify(frame.d) ?? ""',
    replace: "publication.json",
  },
  {
    name: "alias-reused",
    why: "a new channel gets the number an old one had",
    file: "packages/hub/dist/channel/channels.js",
    find: "new Channel(name, ++this.#alias,",
    replace: "new Channel(name, 1 + (this.#alias++ % 2),",
  },
  {
    name: "cursor-not-returned",
    why: "what was taken back from a slow connection is not sent again",
    file: "packages/hub/dist/channel/cursor.js",
    find: "this.#pos = first.prev;",
    replace: "this.#pos;",
  },
  {
    name: "expired-jumps-to-head",
    why: "retained entries are passed over after an expired gap",
    file: "packages/hub/dist/channel/chain.js",
    find: 'why: "expired", to: read.floor',
    replace: 'why: "expired", to: read.head',
  },
  {
    name: "gap-not-told",
    why: "live subscribers of a replaced log are not told what they missed",
    file: "packages/hub/dist/channel/channel.js",
    find: "cursor.receiver.send(gapFrame(",
    replace: "void (gapFrame(",
  },
  {
    name: "live-too-early",
    why: "a cursor is pushed to before it has reached the last entry pushed",
    file: "packages/hub/dist/channel/catch-up.js",
    find: "        if (channel.isAtHead(pos))\n",
    replace: "        if (channel.isAtHead(pos) || pos.offset === channel.head.offset - 1)\n",
  },
  {
    name: "permission-not-asked",
    why: "whoever asks is subscribed",
    file: "packages/hub/dist/commands/subscribe.js",
    find: "if (!(await session.may(policy, needed)))",
    replace: "if (!policy)",
  },
  {
    name: "answer-forgotten",
    why: "a repeated idempotent call is carried out again",
    file: "packages/hub/dist/session/answers.js",
    find: "            return known.answer;",
    replace: "            void known.answer;",
  },
  {
    name: "ids-remembered-over-gap",
    why: "content accepted again after a fork is dropped as a repetition",
    file: "packages/client/dist/channel/delivery.js",
    find: "        recent.clear();\n        loadedTo = undefined;",
    replace: "        loadedTo = undefined;",
  },
  {
    name: "taken-behind-lost",
    why: "a publish is given to an engine that knows no producers although the one before it is lost",
    file: "packages/hub/dist/commands/publish.js",
    find: "if (isBehindLost(session, frame))",
    replace: "if (isBehindLost(session, frame) && !frame)",
  },
  {
    name: "record-kept-by-count",
    why: "what is remembered of producers goes with their number, not with time",
    file: "packages/hub/dist/memory/memory-log.js",
    find: "if (left-- === 0 || record.untilMs > nowMs)",
    replace: "if (left-- === 0 || this.#records.size <= 2)",
  },
  {
    name: "ok-before-stored",
    why: "a publish is answered before the store has it",
    file: "packages/hub/dist/commands/publish.js",
    find: "    const answered = append(session,",
    replace: "    session.ok(frame.r, { dup: 1 });\n    const answered = append(session,",
  },
  {
    name: "producer-kept",
    why: "a client that starts again publishes under the identity it had, from number 1",
    file: "packages/client/dist/client-core.js",
    find: "Math.floor(random.float() * 2 ** 32)",
    replace: "Math.floor(0 * random.float())",
  },
  {
    name: "late-frames-routed",
    why: "frames of a subscription that ended reach the next one before it is answered",
    file: "packages/client/dist/channel/channel.js",
    find: "        byAlias.delete(alias);\n        alias = asked = 0;",
    replace: "        alias = asked = 0;",
  },
  {
    name: "gap-of-the-live",
    why: "slow subscribers of a replaced log are told the gap of those who stood at its head",
    file: "packages/hub/dist/channel/channel.js",
    find: "of [...this.#live.all(), ...this.#conflation.all()]) {\n            const from = cursor.pos;\n            // The store was asked about the old head. A conflated cursor may stand behind it, where the log may be the same.\n            const isAtOldHead = samePos(from, this.head);",
    replace: "of this.#cursors) {\n            const from = cursor.pos;\n            const isAtOldHead = true;",
  },
  {
    name: "raw-newline",
    why: "a payload with a line break in it ends its frame there",
    file: "packages/protocol/dist/wire/json-codec.js",
    find: '`${text},"d":${utf8Decode(body.data)}`',
    replace: '`${text},"d":${utf8Decode(body.data).replaceAll("\\\\n", "\\n")}`',
  },
  {
    name: "refusal-not-asked-about",
    why: "a repetition of an accepted publish is refused, because a hook has changed its mind",
    file: "packages/hub/dist/commands/repetition.js",
    find: 'return appended.s === "dup" ? appended : undefined;',
    replace: "return undefined;",
  },
  {
    name: "revoked-kept",
    why: "sessions whose token was taken back are kept",
    file: "packages/hub/dist/hub.js",
    find: 'session.bye("revoked", revocation.why, { after: revokedAfterMs });',
    replace: "void revokedAfterMs;",
  },
  {
    name: "revoked-let-in",
    why: "a token that was taken back begins a new session",
    file: "packages/hub/dist/commands/hello.js",
    find: "node.revocations.covering(identity, session.id);\n    if (revocation !== undefined) {",
    replace: "node.revocations.covering(identity, session.id);\n    if (revocation !== undefined && !node) {",
  },
  {
    name: "other-nodes-left-out",
    why: "a question to a user leaves out the connections of other nodes",
    file: "packages/hub/dist/nodes/people.js",
    find: "[nodes.self, ...nodes.others].map((node) => this.#askOn(",
    replace: "[nodes.self].map((node) => this.#askOn(",
  },
  {
    name: "lease-ignored",
    why: "the members of a dead node stay",
    file: "packages/hub/dist/presence/gossip.js",
    find: "    #drop(remote) {\n        this.#forget(remote);\n        this.#members.drop(remote.map);",
    replace: "    #drop(remote) {\n        this.#forget(remote);",
  },
  {
    name: "supersede-missing",
    why: "a node that gives up a session ends it on the node it went to",
    file: "packages/hub/dist/presence/presence.js",
    find: "this.#link.whenCertain(() => this.#remove(x))",
    replace: "this.#link.whenCertain(() => this.leave(x, 1e9))",
  },
  {
    name: "digest-ignored",
    why: "the last change of a node's members, if lost, is never found out",
    file: "packages/hub/dist/presence/gossip.js",
    find: "        if (remote.v < v)\n",
    replace: "        if (remote.v < v && known)\n",
  },
];
