// The model of docs/capacity.md: a load in, what it needs out. Pure arithmetic; the constants are measured.

/** What is asked of a deployment. Counts, bytes, and per second, on average. */
export interface Load {
  connections: number;
  rate: number;
  subscribers: number;
  subscriptions: number;
  payload: number;
  channels: number;
  history: number;
  processes: number;
  joined: number;
  producers: number;
}

export const defaults: Readonly<Load> = {
  connections: 10_000,
  rate: 1_000,
  subscribers: 20,
  subscriptions: 3,
  payload: 256,
  channels: 1_000,
  history: 100,
  processes: 0,
  joined: 1,
  producers: 1_000,
};

/** Of one process on one core. Where each comes from stands in docs/capacity.md, whose table a test compares. */
export const constants = {
  /** An entry that a node takes in: from the store to the ring, encoded once. Microseconds of CPU. */
  entryUs: 30,
  /** A write to a socket. */
  writeUs: 12.7,
  /** A delivery handed to a connection that is written to anyway. */
  pushUs: 0.35,
  /** A ping and its pong. */
  pingUs: 10,
  /** A publish of a client: parsed, authorised, checked, stored. */
  publishUs: 100,
  pingS: 25,
  /** A connection's session and socket in the process. Bytes. */
  sessionBytes: 9_984,
  /** Of the kernel, outside the process. */
  kernelBytes: 8_192,
  subscriptionBytes: 200,
  channelBytes: 600,
  entryOverheadBytes: 80,
  ringCount: 1_000,
  /** Memory of a process before anybody comes. */
  baseBytes: 83_886_080,
  /** How busy a core may be, so that there is room for a neighbour's clients. */
  busyShare: 0.5,
  /** One append in Redis: its one core. */
  scriptUs: 30,
  redisBusyShare: 0.6,
  /** What one Redis pushes to nodes in a second. */
  redisCopiesPerS: 400_000,
  redisEntryBytes: 120,
  redisChannelBytes: 4_700,
  redisRecordBytes: 150,
  /** Connections one process should hold: what its heap and a drain within half a minute allow. */
  connectionsPerProcess: 50_000,
} as const;

export interface Figure {
  readonly value: number;
  readonly unit: string;
}

export interface Capacity {
  readonly deliveries: Figure;
  readonly processes: Figure;
  readonly coreShare: Figure;
  readonly memoryPerProcess: Figure;
  readonly kernelPerProcess: Figure;
  readonly interestedNodes: Figure;
  readonly storeCopies: Figure;
  readonly redisPrimaries: Figure;
  readonly redisMemory: Figure;
  readonly drainRate: Figure;
  readonly notes: readonly string[];
}

const mib = 1_048_576;
const processesMax = 100_000;

/** On how many of `nodes` at least one of the subscribers sits. */
export const interestedOf = (nodes: number, subscribers: number): number =>
  nodes * (1 - (1 - 1 / nodes) ** subscribers);

/** The share of a core that each of so many processes needs. */
export function coreShareOf(load: Load, nodes: number): number {
  const { entryUs, writeUs, pushUs, pingUs, publishUs, pingS } = constants;
  const deliveries = load.rate * load.subscribers;
  const entries = (load.rate * interestedOf(nodes, load.subscribers)) / nodes;
  const us =
    (load.rate / nodes) * publishUs +
    entries * entryUs +
    (deliveries / nodes) * (writeUs / load.joined + pushUs) +
    (load.connections / nodes / pingS) * pingUs;
  return us / 1_000_000;
}

export function capacityOf(load: Load): Capacity {
  const nodes = load.processes || processesFor(load);
  const interested = interestedOf(nodes, load.subscribers);
  const copies = load.rate * interested;
  const connections = load.connections / nodes;
  const coreShare = coreShareOf(load, nodes);
  const held = Math.min(load.history, constants.ringCount) * (load.payload + constants.entryOverheadBytes);
  const memory =
    constants.baseBytes +
    connections * (constants.sessionBytes + constants.subscriptionBytes * load.subscriptions) +
    load.channels * (interested / nodes) * (constants.channelBytes + held);
  const redisMemory =
    load.channels * (load.history * (load.payload + constants.redisEntryBytes) + constants.redisChannelBytes) +
    load.producers * constants.redisRecordBytes;
  const script = (load.rate * constants.scriptUs) / 1_000_000 / constants.redisBusyShare;
  const primaries = Math.ceil(Math.max(script, copies / constants.redisCopiesPerS, 1));
  return {
    deliveries: { value: load.rate * load.subscribers, unit: "deliveries/s" },
    processes: { value: nodes, unit: "processes, one core each" },
    coreShare: { value: coreShare * 100, unit: "% of each core" },
    memoryPerProcess: { value: memory / mib, unit: "MiB in each process" },
    kernelPerProcess: { value: (connections * constants.kernelBytes) / mib, unit: "MiB of kernel memory beside it" },
    interestedNodes: { value: interested, unit: "processes that hold a channel's subscribers" },
    storeCopies: { value: copies, unit: "entries/s from the store to processes" },
    redisPrimaries: { value: primaries, unit: "Redis primaries" },
    redisMemory: { value: redisMemory / mib, unit: "MiB in Redis, all primaries together" },
    drainRate: { value: connections / 20, unit: "connections/s that a default drain moves" },
    notes: notesOn(load, nodes, coreShare),
  };
}

/** Fewest processes that carry it, and one more, so that one may go away. */
function processesFor(load: Load): number {
  for (let nodes = 1; nodes < processesMax; nodes++) {
    const fits =
      coreShareOf(load, nodes) <= constants.busyShare && load.connections / nodes <= constants.connectionsPerProcess;
    if (fits) return nodes + 1;
  }
  return processesMax;
}

function notesOn(load: Load, nodes: number, coreShare: number): string[] {
  const notes: string[] = [];
  if (load.rate / load.channels > 30_000)
    notes.push("One channel is one order: beyond 30,000 publishes a second it must be split by a key.");
  if (coreShare > constants.busyShare)
    notes.push(`More than ${constants.busyShare * 100} % of a core: nobody could take over a process that goes away.`);
  if (nodes > 100) notes.push("More than 100 processes: their heartbeats to each other come to matter first.");
  if (load.subscribers > 100_000)
    notes.push("Rooms this big are best conflated (`everyMs`): each publish is a write to every subscriber.");
  return notes;
}
