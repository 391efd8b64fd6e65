// Every size, count and time the protocol bounds, in one table. PROTOCOL.md repeats it and a test compares them.

/** Defaults and maxima of the wire protocol. The unit ends each name: Bytes, Count, Ms, Percent, or Cost (flow-control units). */
export const wireLimits = {
  /** A channel's name in UTF-8. */
  channelNameBytes: 255,
  /** An event's or operation's name in UTF-8. */
  eventNameBytes: 64,
  /** A publication's key in UTF-8. */
  keyBytes: 64,
  /** One client→server frame (`welcome.max`). Larger, up to `oversizeFactor` times, is answered `too_large`. */
  frameBytes: 65_536,
  /** A `hello`. */
  helloBytes: 131_072,
  /** Beyond this many times the frame limit the connection is closed with 1009. */
  oversizeFactor: 4,
  /** A frame that comes in pieces (`welcome.big`). Larger is answered `too_large`. UTF-16 units of its JSON text. */
  bigFrameLength: 262_144,
  /** Pieces of one connection that may be under way. */
  pieceWindowCount: 4,
  /** How long the server waits for the next piece. */
  pieceMs: 30_000,
  /** Levels of arrays and maps in a MessagePack frame; payloads are text in it and do not count. */
  depthCount: 16,
  /** Frames held before `welcome`. */
  heldFrameCount: 32,
  /** Bytes of frames held before `welcome`. */
  heldFrameBytes: 65_536,
  /** Time for the first `hello`. */
  helloMs: 5_000,
  /** Subscriptions of one connection, and `sub` bodies of one `hello`. */
  subscriptionCount: 512,
  /** Sessions open at a time on one socket that tabs share. */
  tabCount: 64,
  /** Entries asked for by `["last", n]` or one `history` page. */
  historyCount: 1_000,
  /** Unacknowledged publishes of one client (`welcome.pw`). */
  publishWindowCount: 32,
  /** Open requests of one client (`welcome.rw`). */
  requestWindowCount: 32,
  /** Streams of one client, of its open requests. */
  streamCount: 16,
  /** Cost of parts a client takes ahead of a stream's consumer (`call.w`), unless it says otherwise. */
  streamWindowCost: 65_536,
  /** Flow-control window, least. */
  windowCostMin: 65_536,
  /** Flow-control window, unless the client asks for another. */
  windowCost: 262_144,
  /** Flow-control window, most. */
  windowCostMax: 1_048_576,
  /** A connection's outgoing queue. */
  queueBytes: 262_144,
  /** A lagging connection reads on below this. */
  queueLowBytes: 65_536,
  /** One read of a catching-up cursor. */
  sliceBytes: 65_536,
  /** A snapshot's JSON text. */
  snapshotBytes: 1_048_576,
  /** Silence after which the server pings. */
  pingMs: 25_000,
  /** How long a poll is held when nothing comes, unless the client says otherwise (`hello.wait`). */
  pollMs: 25_000,
  /** And at most. */
  pollMsMax: 55_000,
  /** How long the client waits past `pingMs` before it calls the link dead. */
  pingGraceMs: 10_000,
  /** How long a client's own ping may take. */
  probeMs: 1_500,
  /** A shut window or socket for this long ends the connection with 4001. */
  slowMs: 60_000,
  /** How long deduplication records live (`welcome.dw`). */
  dedupWindowMs: 3_600_000,
  /** A sent outbox item is retried only while this much of the deduplication window is left. */
  dedupMarginMs: 10_000,
  /** Clients wait at most this long for `history.min`. */
  historyMinMs: 2_000,
  /** Deadline of a call that names none, and the longest one. */
  callMs: 30_000,
  callMsMax: 600_000,
  /** How long a node remembers the answer of an idempotent call. */
  callMemoryMs: 60_000,
  /** Acknowledgement is sent after this long with something to report. */
  ackMs: 1_000,
  /** Hold buffers of one client, all subscriptions together. */
  holdBytes: 1_048_576,
  /** Outbox items and bytes of one client. */
  outboxCount: 1_000,
  outboxBytes: 4_194_304,
  /** Content ids a subscription remembers. */
  rememberedIdCount: 1_024,
  /** Reconnect backoff with full jitter: first and longest delay, and attempts within a minute. */
  backoffMinMs: 300,
  backoffMaxMs: 20_000,
  attemptsPerMinuteCount: 12,
  /** A connection attempt, handshake and `welcome` together. */
  connectMs: 10_000,
  /** Members listed whole in `pd`; above, counts. */
  presenceListCount: 1_000,
  /** A member's data as JSON text. */
  presenceDataBytes: 4_096,
  /** What sessions that are one member are known by. */
  memberKeyBytes: 255,
  /** How long a member stays after an unclean disconnect. */
  presenceGraceMs: 10_000,
  /** How much of a token's life is over when the server asks for the next one. Percent. */
  reauthPercent: 90,
  /** How long a token may be used past its expiry. */
  tokenGraceMs: 30_000,
  /** After a token with other claims, everything is authorised again within this. */
  reauthorizeMs: 1_000,
  /** Fresh tokens of one connection that may wait to be checked. */
  renewalCount: 4,
} as const;
