// @ts-check
// What is asked for, as the shortest query that says it, and as a line for a shell.

const DEFAULTS = [["kind", "events"], ["format", "csv"]];

/**
 * The query of a form's fields; what the server would take anyway is left out.
 * @param {Iterable<[string, FormDataEntryValue]>} fields
 * @param {string[]} preset  the columns that come where none are named
 */
export function queryOf(fields, preset) {
  const query = new URLSearchParams();
  /** @type {string[]} */
  const columns = [];
  for (const [name, value] of fields) {
    const text = String(value).trim();
    if (name === "columns") columns.push(text);
    else if (text && !DEFAULTS.some(([known, usual]) => name === known && text === usual)) query.append(name, text);
  }
  if (query.get("format")) query.delete("bom"); // NDJSON has none
  if (columns.join() !== preset.join()) query.set("columns", columns.join());
  return query;
}

/**
 * For a person to read: colons and commas need no escape in a query.
 * @param {URLSearchParams} query
 */
export function writeQuery(query) {
  const text = String(query).replaceAll("%3A", ":").replaceAll("%2C", ",");
  return text && `?${text}`;
}

/** A text as one word of a shell. @param {string} text */
export const shellWord = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {string} base the report's URL @param {URLSearchParams} query */
export const curlLine = (base, query) => `curl -fOJ ${shellWord(base + writeQuery(query))}`;
