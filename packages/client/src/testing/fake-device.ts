// A page whose events a test tells.

import type { Device, DeviceNews } from "../device/device.ts";

export class FakeDevice implements Device {
  #tell: ((event: DeviceNews) => void) | undefined;

  watch(tell: (event: DeviceNews) => void): () => void {
    this.#tell = tell;
    return () => (this.#tell = undefined);
  }

  get isWatched(): boolean {
    return this.#tell !== undefined;
  }

  tell(...events: readonly DeviceNews[]): void {
    for (const event of events) this.#tell?.(event);
  }
}
