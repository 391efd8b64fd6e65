// Acknowledgements of deliveries, as Heddle's client sends them.

import { clientText } from "./frame-reader.mjs";

/** Flow control as clients owe it: totals, when half of the window is used, or a while after there is something to tell. */
export class Receipts {
  #socket;
  #halfWindow = undefined;
  #count = 0;
  #cost = 0;
  #toldCost = 0;
  #timer = undefined;
  #afterMs;
  #fail;

  constructor(socket, afterMs, fail) {
    this.#socket = socket;
    this.#afterMs = afterMs;
    this.#fail = fail;
  }

  took(bytes, start, end) {
    if (this.#halfWindow === undefined) {
      const welcome = JSON.parse(bytes.toString("utf8", start, end));
      if (welcome.t !== "welcome") this.#fail(new Error(`welcome expected, came ${JSON.stringify(welcome)}`));
      this.#halfWindow = welcome.w / 2;
      return; // itself it costs nothing
    }
    this.#count++;
    this.#cost += end - start; // the texts are ASCII: bytes are characters
    if (this.#cost - this.#toldCost >= this.#halfWindow) this.#tell();
    else this.#timer ??= setTimeout(() => this.#tell(), this.#afterMs);
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#toldCost = this.#cost;
    this.#socket.write(clientText(`{"t":"ack","n":${this.#count},"b":${this.#cost}}`));
  }
}
