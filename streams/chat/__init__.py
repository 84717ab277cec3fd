"""Rooms where people talk, and the models that answer there.

views            the pages of rooms, their history as JSON
room_socket      the WebSocket of a room; talk: what its operations do
ask              POST /chat
rooms            who may be in a room, what is said, history as the log folded up to a position
generations      running answers; generation_rows: how one begins and ends in the database
context          what a model is told
model            which provider answers here; provider: the seam
claude, demo     the two providers
rendering        Markdown to HTML
"""
