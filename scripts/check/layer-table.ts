// Who may import whom, as data. The same table stands in docs/ARCHITECTURE.md; a test compares the two.

export interface Zone {
  readonly name: string;
  /** Files of the zone. The first zone that matches a file owns it. */
  readonly files: RegExp;
  /** Zones it may import; itself always. */
  readonly may: readonly string[];
  /** Zones of which it may import types only. */
  readonly mayTypes?: readonly string[];
  /** Zones its tests may import as well. */
  readonly testsMay?: readonly string[];
  /** Whether `node:` modules may be imported. */
  readonly node: boolean;
}

const wire = ["protocol/words", "protocol/wire"];
const protocol = [...wire, "protocol/contract"];
const hub = ["hub/ports", "hub", "hub/memory"];
const websocket = ["websocket/core", "websocket/handshake", "websocket/node", "websocket"];

/** Ordered: what stands first matches first. */
export const zones: readonly Zone[] = [
  { name: "base", files: /^packages\/base\/src\//, may: [], node: false },

  {
    name: "websocket/core",
    files: /^packages\/websocket\/src\/core\//,
    may: ["base"],
    testsMay: ["websocket/handshake", "websocket/node"],
    node: false,
  },
  {
    name: "websocket/handshake",
    files: /^packages\/websocket\/src\/(?:handshake|deflate)\//,
    may: ["base", "websocket/core"],
    testsMay: ["websocket"],
    node: true,
  },
  {
    name: "websocket/node",
    files: /^packages\/websocket\/src\/node\//,
    may: ["base", "websocket/core", "websocket/handshake", "websocket"],
    node: true,
  },
  { name: "websocket", files: /^packages\/websocket\/src\//, may: ["base", ...websocket], node: false },

  {
    name: "protocol/words",
    files: /^packages\/protocol\/src\/wire\/(?:names|codes|limits)\.ts$/,
    may: ["base"],
    node: false,
  },
  { name: "protocol/wire", files: /^packages\/protocol\/src\/wire\//, may: ["base", "protocol/words"], node: false },
  {
    name: "protocol/contract",
    files: /^packages\/protocol\/src\/contract\//,
    may: ["base", "protocol/words"],
    mayTypes: ["protocol/wire"],
    node: false,
  },
  { name: "protocol", files: /^packages\/protocol\/src\//, may: ["base", ...protocol], node: false },

  { name: "hub/ports", files: /^packages\/hub\/src\/ports\//, may: ["base", ...wire], node: false },
  { name: "hub/memory", files: /^packages\/hub\/src\/memory\//, may: ["base", ...wire, "hub/ports"], node: false },
  {
    name: "hub",
    files: /^packages\/hub\/src\//,
    may: ["base", ...wire, "hub/ports"],
    testsMay: ["hub/memory"],
    node: false,
  },

  {
    name: "client/node",
    files: /^packages\/client\/src\/node[^/]*\.ts$/,
    may: ["base", ...wire, "client", "websocket"],
    mayTypes: ["protocol/contract"],
    node: true,
  },
  {
    name: "client",
    files: /^packages\/client\/src\//,
    may: ["base", ...wire],
    mayTypes: ["protocol/contract"],
    testsMay: ["protocol/contract", "client/node"],
    node: false,
  },

  {
    name: "server/transport-websocket",
    files: /^packages\/server\/src\/transport-websocket\//,
    may: ["base", ...wire, "hub/ports", "websocket"],
    testsMay: ["hub", "hub/memory"],
    node: true,
  },
  {
    name: "server/transport-http",
    files: /^packages\/server\/src\/transport-http\//,
    may: ["base", ...wire, "hub/ports"],
    testsMay: ["hub", "hub/memory"],
    node: true,
  },
  {
    name: "server",
    files: /^packages\/server\/src\//,
    may: ["base", ...protocol, ...hub, "websocket", "server/transport-websocket", "server/transport-http"],
    node: true,
  },

  {
    name: "engine-disk/level",
    files: /^packages\/engine-disk\/src\/(?:index|disk|level-store)\.ts$/,
    may: ["base", ...wire, "hub/ports", "engine-disk"],
    node: true,
  },
  {
    name: "engine-disk",
    files: /^packages\/engine-disk\/src\//,
    may: ["base", ...wire, "hub/ports"],
    testsMay: ["engine-disk/level", "testkit"],
    node: false,
  },

  {
    name: "auth-jwt",
    files: /^packages\/auth-jwt\/src\//,
    may: ["base", ...wire, "hub/ports"],
    node: true,
  },

  {
    name: "engine-redis",
    files: /^packages\/engine-redis\/src\//,
    may: ["base", ...wire, "hub/ports"],
    testsMay: ["testkit"],
    node: true,
  },

  {
    name: "testkit/process",
    files: /^packages\/testkit\/src\/process\//,
    may: ["base", ...protocol, ...hub, "client", "testkit"],
    node: true,
  },
  {
    name: "testkit/kit",
    files: /^packages\/testkit\/src\/(?:kit\/|index\.ts$)/,
    may: ["base", ...protocol, ...hub, "client", "server", "testkit"],
    testsMay: ["client/node"],
    node: false,
  },
  {
    name: "testkit",
    files: /^packages\/testkit\/src\//,
    may: ["base", ...protocol, ...hub, "client"],
    testsMay: ["client/node", "server", "testkit/kit"],
    node: false,
  },
];

/** Code outside packages: it may import every package, by its public entries alone. */
export const outside = /^(?:examples|tests|bench|scripts)\//;
