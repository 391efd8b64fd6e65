// What a page can be, as far as its connection cares, and what each event makes of it, as data. The README has the same table.

/**
 * `shown`: people may look at it · `hidden`: they cannot · `paused`: hidden, its connection given up · `frozen`: nothing of it
 * runs · `cached`: left, and kept by the browser for the way back, its connection given up.
 */
export type DeviceState = "shown" | "hidden" | "paused" | "frozen" | "cached";

/**
 * `jumped`: the machine slept and told nobody, timers are late · `due`: it was hidden as long as the policy allows. The others
 * are the page's.
 */
export type DeviceEvent =
  "hidden" | "visible" | "frozen" | "resumed" | "left" | "returned" | "offline" | "online" | "jumped" | "due";

/**
 * `wake`: the token first if it ran out, then whether the link lives; a wait is cut short · `hide`: what the policy says ·
 * `pause`: the connection is given up until the next `wake`.
 */
export type DeviceAction = "wake" | "hide" | "pause";

type Step = readonly [next: DeviceState, action?: DeviceAction];

const shown: Step = ["shown", "wake"];
const cached: Step = ["cached", "pause"];
const paused: Step = ["paused", "pause"];
const hidden: Step = ["hidden", "wake"];

/** Events that are not named change nothing. */
export const deviceTransitions: Readonly<Record<DeviceState, Readonly<Partial<Record<DeviceEvent, Step>>>>> = {
  shown: {
    hidden: ["hidden", "hide"],
    frozen: ["frozen"],
    left: cached,
    visible: shown,
    resumed: shown,
    returned: shown,
    online: shown,
    jumped: shown,
  },
  hidden: {
    visible: shown,
    frozen: ["frozen"],
    left: cached,
    resumed: hidden,
    returned: hidden,
    online: hidden,
    due: paused,
  },
  paused: { visible: shown, left: ["cached"] },
  frozen: { visible: shown, left: cached, resumed: hidden, returned: shown, online: hidden, due: paused },
  cached: { visible: shown, returned: shown },
};
