// @ts-check
// Moments in the browser's own time, as a picker has them, and in UTC, as the server wants them.

/** @param {number} number */
const two = (number) => String(number).padStart(2, "0");

/** What `<input type="datetime-local">` shows for a moment. @param {Date} moment */
export function localValue(moment) {
  const day = `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** The moment of a picker in UTC; "" where there is none. @param {string} value */
export function utcOf(value) {
  const moment = new Date(value);
  return value && !Number.isNaN(moment.getTime()) ? moment.toISOString().replace(".000Z", "Z") : "";
}

/** @param {number} now_ms @param {string} hours "" for no beginning */
export const hoursAgo = (now_ms, hours) => (hours ? localValue(new Date(now_ms - Number(hours) * 3_600_000)) : "");

/**
 * Turn a field of UTC text into a picker; a hidden field carries its name and what the server wants.
 * @param {HTMLInputElement} input
 */
export function makePicker(input) {
  const hidden = document.createElement("input");
  hidden.type = "hidden";
  hidden.name = input.name;
  input.removeAttribute("name");
  input.type = "datetime-local";
  input.after(hidden);
  return {
    /** @param {string} value */
    set(value) {
      input.value = value;
      hidden.value = utcOf(value);
    },
    read: () => void (hidden.value = utcOf(input.value)),
  };
}
