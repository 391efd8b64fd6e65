// Registers the loader that plants one bug: `node --import ./plant.mjs` with the plant as JSON in HEDDLE_PLANT.
import { register } from "node:module";

const plant = process.env["HEDDLE_PLANT"];
if (plant !== undefined) {
  const data = /** @type {unknown} */ (JSON.parse(plant));
  register(new URL("plant-loader.mjs", import.meta.url), { data });
}
