// @ts-check
// The shapes of a room's history, as the server writes them and the page keeps them.

/** @typedef {{ id: string, name: string, kind: "guest" | "user" }} Person */

/** @typedef {{ id: string, name: string }} Named  somebody who is only mentioned */
/** @typedef {{ emoji: string, people: Named[] }} Reaction */
/** @typedef {{ name: string, size: number, content_type: string }} Attached  a file of the room's */

/**
 * @typedef {object} MessageItem
 * @property {"message"} kind
 * @property {number} seq
 * @property {string} time  ISO 8601
 * @property {Person} author
 * @property {string} text  empty when it was deleted
 * @property {string} [client_id]
 * @property {number | null} reply_to  the seq of what it answers
 * @property {Named[]} mentions
 * @property {Attached[]} files
 * @property {string | null} edited  when, if it was
 * @property {boolean} deleted
 * @property {Reaction[]} reactions
 * @property {number} [as_of]  the event up to which it was read
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
 * @property {number} [as_of]  the event up to which it was read
 */

/** @typedef {MessageItem | GenerationItem} Item */

/**
 * @typedef {object} Page  a snapshot of a room, or a page of its history
 * @property {{ slug: string, title: string, description: string }} room
 * @property {string} topic
 * @property {string} position
 * @property {boolean} older
 * @property {boolean} [newer]  whether more came after these items; false where it does not say
 * @property {number | null} oldest
 * @property {Item[]} items
 * @property {number | null} [last_read]  what the viewer has seen, of the first page
 * @property {number} [unread]
 * @property {{ people: Named[], count: number } | null} [present]
 * @property {"owner" | "member" | "reader"} [role]  the viewer's
 */

/**
 * @typedef {object} PendingMessage  written here, not yet seen in the log
 * @property {string} client_id
 * @property {string} text
 * @property {{ reply_to?: number, files?: string[], model?: string }} [more]  what is said with it
 * @property {string} time
 * @property {"sending" | "accepted" | "unsent" | "failed"} status
 * @property {{ code: string, message: string, retryable: boolean } | null} error  why it was refused; unsent: for now
 */

export {};
