// `disk({ path })`: the engine over LevelDB in a folder of this machine.

import { OptionError } from "@heddle/base";
import type { NodeId } from "@heddle/hub/ports";
import { diskEngineOn, type DiskEngine } from "./disk-engine.ts";
import { openLevelStore } from "./level-store.ts";
import type { EngineOptions } from "./limits.ts";

export interface DiskOptions extends EngineOptions {
  /** Folder of the store; created when absent. Nothing else may be in it, and one process may use it at a time. */
  readonly path: string;
  /** Name of this node. Default: drawn at every start. */
  readonly node?: NodeId;
}

/**
 * An engine that keeps channels in a folder of this machine. The folder is opened by `start` and let go by `stop`.
 *
 * @throws {OptionError} naming the option
 */
export function disk(options: DiskOptions): DiskEngine {
  const { path } = options;
  if (typeof path !== "string" || path === "") throw new OptionError("path", path, "a folder");
  return diskEngineOn({ ...options, open: () => openLevelStore(path) });
}
