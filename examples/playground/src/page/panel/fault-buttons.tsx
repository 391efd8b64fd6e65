// The buttons that make the network misbehave. They act on a decorator around the transport; the client knows nothing of it.

import type { Connection } from "../connection.ts";
import { plural } from "../words.ts";

/** The label says what it does next, so it is no toggle to a screen reader. */
const buttonOf = (isOn: boolean): string => `button ${isOn ? "active" : ""}`;

const delays = [0, 200, 1_000];

export function FaultButtons({ connection }: { readonly connection: Connection }) {
  const { faults, faultStatus } = connection;
  const { isCut, isReaderFrozen, delayMs, heldCount } = faultStatus.value;
  return (
    <section class="panel-part faults" aria-labelledby="faults-title">
      <h3 id="faults-title">Break it</h3>
      <div class="fault-grid">
        <button type="button" class={buttonOf(isCut)} onClick={() => faults.cut(!isCut)}>
          {isCut ? "Mend the network" : "Cut the network"}
        </button>
        <button type="button" class={buttonOf(isReaderFrozen)} onClick={() => faults.freezeReader(!isReaderFrozen)}>
          {isReaderFrozen ? "Thaw the reader" : "Freeze the reader"}
        </button>
        <button type="button" class="button" onClick={() => faults.kill()}>
          Kill the socket
        </button>
        <button type="button" class="button" onClick={() => faults.kill("silent")}>
          Kill it silently
        </button>
      </div>
      <fieldset class="choice">
        <legend>Delay</legend>
        {delays.map((ms) => (
          <label key={ms}>
            <input type="radio" name="delay" checked={delayMs === ms} onChange={() => faults.delay(ms)} />
            <span>{ms === 0 ? "none" : `${ms} ms`}</span>
          </label>
        ))}
      </fieldset>
      <p class="fault-note number soft">
        {isReaderFrozen
          ? `${plural(heldCount, "message")} held back`
          : isCut
            ? "Nothing gets through until it is mended."
            : "A silent death is noticed by its silence."}
      </p>
    </section>
  );
}
