// A connection's sink that says once when the connection is over.

import type { PollingSink } from "@heddle/hub/ports";

export function counted(sink: PollingSink, ended: () => void): PollingSink {
  return {
    receive: (message) => sink.receive(message),
    get isCatchingUp() {
      return sink.isCatchingUp;
    },
    tellPositions: () => sink.tellPositions(),
    closed: (code, why) => {
      ended();
      sink.closed(code, why);
    },
  };
}
