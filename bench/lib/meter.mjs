// What a process of the benchmark tells about itself.

/** Answers `meter` messages: CPU time so far, and memory; after a collection where `--expose-gc` was given and it is asked for. */
export function answerMeter() {
  process.on("message", ({ is, collect }) => {
    if (is !== "meter") return;
    if (collect) globalThis.gc?.();
    const { user, system } = process.cpuUsage();
    process.send({ is: "meter", userUs: user, systemUs: system, rssBytes: process.memoryUsage.rss() });
  });
}
