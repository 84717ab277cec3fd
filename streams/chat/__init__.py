"""Rooms where people talk, and the models that answer there.

views            the pages of rooms; history_views: what was said there, as JSON
room_socket      the WebSocket of a room; talk: what its operations do with messages, and message_rows in the database
words            what people send, checked; mentions: whom a text names
ask              POST /chat
rooms            which there are, and who may read them
history          pages of messages and answers, exact at a position; answer_items: an answer as they tell it
search           what was said, by words; search_words: what people type, search_index: where it was said
export_views     a room as a file; export_formats: Markdown, JSON
reading          how far people have read
generations      the answers of this process; generation_start, generation_rows: how one begins, changes and ends
generation_run   one answer from the queue to its end: upstream (the call), growing (what is told), retries
watch            whose turn it is, and who is to stop: generation_turns asks the database
stopping         stop; versions: another answer to the same message
context          what a model is told
model            which provider answers here; provider: the seam
claude, demo     the two providers
rendering        Markdown to HTML
"""
