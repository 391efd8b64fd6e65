// A node as a process of its own, with a memory of its own or on a Redis. It is loaded, and waits to be told its port. SIGTERM
// drains it, as deploys do.

import { redis } from "@heddle/engine-redis";
import { memoryEngine } from "@heddle/server";
import { FileRecorder } from "../../faults/support/history-file.ts";
import { belong, configuration } from "../../faults/support/programs.ts";
import { recordingEngine } from "../../faults/support/recording-engine.ts";
import { startNode } from "./node.ts";
import type { NodeConfig } from "./process-node.ts";

belong();
const { name, port, pingMs, drain, shared } = await configuration<NodeConfig>();
const engine =
  shared === undefined
    ? memoryEngine({ node: name })
    : recordingEngine(redis({ url: shared.url, node: name }), new FileRecorder(shared.folder, name));
const server = await startNode({ engine, port, pingMs });
process.once("SIGTERM", () => void server.drain(drain).then(() => process.exit(0)));
process.send?.({ port: server.address?.port });
