// @ts-check
// The numbers in a topic's events, each field a bounded row of its newest values.

/**
 * The numbers of an object, one level of nesting flattened: `{connections: {sse: 3}}` has `connections.sse`.
 * @param {unknown} data
 * @returns {Map<string, number>}
 */
export function numbersIn(data) {
  /** @type {Map<string, number>} */
  const numbers = new Map();
  for (const [name, value] of entriesOf(data)) {
    if (isNumber(value)) numbers.set(name, value);
    else for (const [inner, deep] of entriesOf(value)) if (isNumber(deep)) numbers.set(`${name}.${inner}`, deep);
  }
  return numbers;
}

/** @param {unknown} value @returns {[string, unknown][]} */
const entriesOf = (value) => (value && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : []);

/** @param {unknown} value @returns {value is number} */
const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** @typedef {{ name: string, values: number[], last: number, least: number, most: number }} Series */

/** @param {{ maxFields?: number, maxValues?: number }} [limits] */
export function createSeriesSet({ maxFields = 24, maxValues = 120 } = {}) {
  /** @type {Map<string, number[]>} */
  const fields = new Map();
  return {
    /** @param {unknown} data of one event */
    add(data) {
      for (const [name, value] of numbersIn(data)) {
        let values = fields.get(name);
        if (!values) {
          if (fields.size >= maxFields) continue;
          fields.set(name, (values = []));
        }
        values.push(value);
        if (values.length > maxValues) values.shift();
      }
    },
    /** @returns {Series[]} in the order in which the fields were first seen */
    read() {
      return [...fields].map(([name, values]) => ({
        name, values, last: values[values.length - 1], least: Math.min(...values), most: Math.max(...values),
      }));
    },
  };
}

/**
 * The points of a line through `values` in a box: newest at the right edge, oldest room first filled from the right.
 * A flat line lies in the middle when it is not zero, on the ground when it is.
 * @param {number[]} values
 * @param {{ width: number, height: number, slots: number }} box
 * @returns {[x: number, y: number][]}
 */
export function linePoints(values, { width, height, slots }) {
  const least = Math.min(...values);
  const most = Math.max(...values);
  const floor = least >= 0 && least < most * 0.6 ? 0 : least;
  const span = most - floor;
  const step = width / Math.max(1, slots - 1);
  return values.map((value, at) => {
    const x = width - (values.length - 1 - at) * step;
    const level = span > 0 ? (value - floor) / span : value === 0 ? 0 : 0.5;
    return [round(x), round(height - level * height)];
  });
}

const round = (/** @type {number} */ value) => Math.round(value * 100) / 100;
