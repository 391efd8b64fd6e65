// The part all drivers share that count what arrives: begin anew, tell on the way, tell at the end.

/** @returns what is called with each delivery */
export function countDeliveries() {
  let deliveries = 0;
  /** Tell after this many; never when 0. */
  let tellEvery = 0;
  process.on("message", ({ is, tellAfter }) => {
    if (is === "reset") {
      deliveries = 0;
      tellEvery = tellAfter;
      process.send({ is: "reset" });
    } else if (is === "read") process.send({ is: "read", deliveries });
  });
  return () => {
    deliveries++;
    if (tellEvery > 0 && deliveries % tellEvery === 0) process.send({ is: "seen", deliveries });
  };
}

/** Whether what stands between the two begins with it. */
export function startsWith(bytes, start, end, wanted) {
  if (end - start < wanted.length) return false;
  for (let index = 0; index < wanted.length; index++) if (bytes[start + index] !== wanted[index]) return false;
  return true;
}
