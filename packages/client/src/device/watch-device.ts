// Keeps a client's connection in step with the page and machine it runs on: what the table says of each event, carried out.

import type { Clock } from "@heddle/base";
import type { BareClient } from "../client-core.ts";
import { asleepMs } from "../connection/connection.ts";
import { lateMs } from "../connection/heartbeat.ts";
import { resolveLimits } from "../options.ts";
import { ports } from "../ports.ts";
import { newAlarm, newStopwatch } from "../timers.ts";
import type { Device } from "./device.ts";
import { deviceTransitions, type DeviceEvent, type DeviceState } from "./states.ts";

/** What becomes of the connection of a page nobody can see. */
export type HiddenPolicy = "keep" | "pause" | { readonly closeAfterMs: number };

export interface DeviceOptions {
  /** Of the page and machine. Default: the browser's; in Node none. */
  readonly device?: Device | undefined;
  /**
   * `keep` (default) the connection of a hidden page, `pause` it until the page is shown again, or do so once it was hidden
   * for `closeAfterMs`, 3_000 to 30_000_000.
   */
  readonly whenHidden?: HiddenPolicy | undefined;
}

/** May be set from a hundredth of this to a hundred times that. Milliseconds. */
export const deviceLimits = { closeAfterMs: 300_000 };

/** How often a page looks whether the machine slept meanwhile: many tell nobody. */
export const lookMs = 2_000;

/** @throws {LocalError} `option-invalid` */
export function watchDevice(
  client: BareClient,
  { clock, device, whenHidden = "keep" }: DeviceOptions & { readonly clock: Clock },
): void {
  if (!device) return;
  const hideMs =
    whenHidden === "keep"
      ? asleepMs
      : whenHidden === "pause"
        ? 0
        : resolveLimits(whenHidden, deviceLimits).closeAfterMs;
  const look = newAlarm(clock);
  const hide = newAlarm(clock);
  let state: DeviceState = "shown";

  const lookLater = (): void => {
    const sinceMs = newStopwatch(clock);
    look(lookMs, () => {
      lookLater();
      if (sinceMs() > lookMs + lateMs) tell("jumped");
    });
  };
  const pause = (): void => client[ports][4](state, asleepMs);
  const isPaused = (): boolean => state === "paused" || state === "cached";

  const tell = (event: DeviceEvent): void => {
    const step = deviceTransitions[state][event];
    if (!step) return;
    const [next, action] = step;
    state = next;
    if (next === "shown") hide();
    if (action === "wake") client.probe();
    if (action === "pause") pause();
    if (action === "hide" && hideMs < asleepMs) hide(hideMs, () => tell("due"));
  };

  lookLater();
  const unwatch = device.watch(tell);
  client.onState(({ name }) => {
    // An attempt that was waiting when the page was left.
    if (isPaused()) clock.turnEnd(() => isPaused() && pause());
    if (name !== "closed") return;
    unwatch();
    look();
    hide();
  });
}
