// @ts-check
// The whole as plain text, for a mail to whoever runs the proxy.

/** @typedef {import("./checks.js").Check} Check */

const MARKS = { good: "ok", note: "note", fault: "WRONG", unknown: "?", running: "…" };
const INDENT = " ".repeat(9);

/**
 * @param {{ url: string, when: Date, browser: string, summary: import("./checks.js").Summary, checks: Check[], seen: unknown }} found
 */
export function writeReport({ url, when, browser, summary, checks, seen }) {
  const parts = [`Connection check of ${url}`, `${when.toISOString()}, ${browser}`, "", `${summary.text}. ${summary.more}`.trim(), ""];
  for (const check of checks) {
    const words = [check.said || "Still running.", check.why].filter(Boolean).join(" ");
    parts.push(`${`[${MARKS[check.level]}]`.padEnd(INDENT.length)}${check.title}: ${words}`);
    for (const line of check.lines ?? []) parts.push(`${INDENT}    ${line}`);
  }
  parts.push("", "The request, as the server sees it:", JSON.stringify(seen, null, 2), "");
  return parts.join("\n");
}
