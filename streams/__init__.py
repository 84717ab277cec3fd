"""Streams: everything is a topic, every topic is a durable log, and every reader is a cursor.

The path of an event, one package a step:

    publishing.publish()      validate, permission, idempotency key
    eventlog.append()         one transaction: the topic's head goes up by n, n rows come in; commit order = read order
    hub.Doorbell              on commit: "topic T is at N"; may be lost, is never needed
    hub.Hub                   one per process: a ring of events per followed topic; wakes the readers
    hub.follow()              the one place where replay meets live: from the ring, else from the log
    transports, chat          events -> frames, encoded once and shared by all readers
    http.StreamResponse       frames -> the socket, under flow control, holding no thread and no connection
"""
