// How full this process's memory is, as V8 sees it: the heap that is used, and how large it may become.

import { memoryUsage } from "node:process";
import { getHeapStatistics } from "node:v8";
import type { MemoryReading } from "@heddle/hub";

/** Buffers lie outside the heap; what V8 counts as external is added, since it presses on the same machine. */
export const processMemory: MemoryReading = {
  usedShare: () => {
    const { heapUsed, external } = memoryUsage();
    return (heapUsed + external) / getHeapStatistics().heap_size_limit;
  },
};
