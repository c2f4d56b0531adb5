"""Names and strings of a store as text; a store may hold any bytes where text is expected."""
import codecs


def _replace_each_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\ufffd" * (error.end - error.start), error.end


# The built-in handler "replace" makes one U+FFFD of several bytes.
codecs.register_error("replace-each-byte", _replace_each_byte)


def text(data: bytes) -> str:
    """UTF-8 as text, with U+FFFD for each byte that is not part of a character."""
    return data.decode("utf-8", "replace-each-byte")
