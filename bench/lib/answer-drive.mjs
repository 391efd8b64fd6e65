// The part all drivers share that make a load by themselves: begin when told, stop after so long, say how much it was.

/** What is under way. `begin` and what it starts keep the counts; `isOn` says whether to go on. */
export function answerDrive(begin) {
  const run = { isOn: false, count: 0, underWay: 0 };
  process.on("message", async ({ is, seconds }) => {
    if (is !== "drive") return;
    run.count = 0;
    run.isOn = true;
    begin();
    const startMs = performance.now();
    await pause(seconds * 1_000);
    run.isOn = false;
    const tookMs = performance.now() - startMs;
    while (run.underWay > 0) await pause(10);
    process.send({ is: "driven", count: run.count, tookMs });
  });
  return run;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
