// UTF-8 (RFC 3629).
#include "text/utf8.h"

#include <stdbool.h>
#include <stdint.h>

size_t utf8_length(const char *text, size_t length)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    size_t bytes = *byte < 0x80   ? 1
                   : *byte < 0xc2 ? 0
                   : *byte < 0xe0 ? 2
                   : *byte < 0xf0 ? 3
                   : *byte < 0xf5 ? 4
                                  : 0;
    if (bytes <= 1 || bytes > length)
        return bytes <= 1 ? bytes : 0;
    uint32_t code = *byte & (0x7fu >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte[i] & 0x3f);
    }
    bool good = code >= least[bytes] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return good ? bytes : 0;
}
