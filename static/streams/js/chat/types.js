// @ts-check
// The shapes of a room's history, as the server writes them and the page keeps them.

/** @typedef {{ id: string, name: string, kind: "guest" | "user" }} Person */

/**
 * @typedef {object} MessageItem
 * @property {"message"} kind
 * @property {number} seq
 * @property {string} time  ISO 8601
 * @property {Person} author
 * @property {string} text
 * @property {string} [client_id]
 */

/**
 * @typedef {object} GenerationItem  one answer of a model
 * @property {"generation"} kind
 * @property {number} seq
 * @property {string} time
 * @property {string} generation
 * @property {string} model
 * @property {string} label
 * @property {boolean} demo
 * @property {Person} asked_by
 * @property {"running" | "done" | "failed" | "interrupted"} status
 * @property {boolean} thinking
 * @property {string} text
 * @property {string | null} html  sanitised by the server; null while there is none
 * @property {string | null} stop_reason
 * @property {{ input_tokens?: number, output_tokens?: number } | null} usage
 * @property {{ type: string, message: string, retryable: boolean } | null} error
 */

/** @typedef {MessageItem | GenerationItem} Item */

/**
 * @typedef {object} Page  a snapshot of a room, or a page of its history
 * @property {{ slug: string, title: string, description: string }} room
 * @property {string} topic
 * @property {string} position
 * @property {boolean} older
 * @property {number | null} oldest
 * @property {Item[]} items
 */

/**
 * @typedef {object} PendingMessage  written here, not yet seen in the log
 * @property {string} client_id
 * @property {string} text
 * @property {string} time
 * @property {"sending" | "accepted" | "unsent" | "failed"} status
 * @property {{ code: string, message: string, retryable: boolean } | null} error  why it was refused; unsent: for now
 */

export {};
