"""Files: rows that say what there is and who may have it, bytes on the disk under their ids. Sync functions."""

from streams.storage.disk import check_space, copy_in, open_file
from streams.storage.files import add_file, begin_file, delete_file, drop_partial, finish_file, take_bytes
from streams.storage.names import clean_name, content_type_of
from streams.storage.rights import check_upload, check_visibility, file_to_change, file_to_read, owns, readable_files
from streams.storage.sweep import keep_swept, sweep

__all__ = [
    "add_file",
    "begin_file",
    "check_space",
    "check_upload",
    "check_visibility",
    "clean_name",
    "content_type_of",
    "copy_in",
    "delete_file",
    "drop_partial",
    "file_to_change",
    "file_to_read",
    "finish_file",
    "keep_swept",
    "open_file",
    "owns",
    "readable_files",
    "sweep",
    "take_bytes",
]
