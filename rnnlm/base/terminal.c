// The size of a terminal.
#include "base/terminal.h"

#include <sys/ioctl.h>

enum { USUAL_COLUMNS = 80 };

int terminal_columns(int descriptor)
{
    struct winsize size;
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                        : USUAL_COLUMNS;
}
