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

/** @typedef {"queued" | "running" | "retrying" | "done" | "stopped" | "failed" | "interrupted"} Status */

/** @typedef {{ generation: string, version: number, status: Status }} Version */

/**
 * @typedef {object} Usage
 * @property {number | null} [input_tokens]  all of them, with those of the cache
 * @property {number | null} [output_tokens]
 * @property {number} [cache_read_tokens]
 * @property {number} [cache_write_tokens]
 * @property {number} [thinking_tokens]  part of the output
 * @property {boolean} [estimated]  output and cost are reckoned
 * @property {number | null} [cost_usd]
 */

/** @typedef {{ asked: string | null, started: string | null, first_text: string | null, ended: string | null }} Timing  by the server's clock */

/**
 * @typedef {object} GenerationItem  one version of an answer of a model, at the place of the first
 * @property {"generation"} kind
 * @property {number} seq  of the place
 * @property {string} time
 * @property {number | null} message  the seq of what it answers
 * @property {string} generation
 * @property {number} version
 * @property {Version[]} versions  of the same answer; all of them share the list
 * @property {string} question  as it read when it was asked
 * @property {string} model
 * @property {string} label
 * @property {boolean} demo
 * @property {Person} asked_by
 * @property {Status} status
 * @property {number} attempt
 * @property {string | null} retry_at
 * @property {string} text
 * @property {string | null} html  sanitised by the server; shows the first `html_chars` characters (code points)
 * @property {number} html_chars
 * @property {number} blocks  of which the HTML was put together
 * @property {string} tail  the text behind them
 * @property {boolean} thinks  it has begun to think; what it thinks may be kept from us
 * @property {string} thinking
 * @property {string | null} stop_reason
 * @property {Usage | null} usage
 * @property {{ type: string, message: string, retryable: boolean } | null} error
 * @property {Person | null} by  who stopped it
 * @property {number} left_out  messages before it that the model was not told
 * @property {Timing} timing
 * @property {number} revision  another number: what is shown of it must be drawn anew
 * @property {boolean} hidden  another version is shown at its place
 * @property {boolean} broken  its blocks do not add up; it waits to be read again
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
 * @property {{ people: Named[], count: number, position: string | null } | null} [present]
 * @property {"owner" | "member" | "reader"} [role]  the viewer's
 * @property {string | null} [muted_until]  the viewer is, till then
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
