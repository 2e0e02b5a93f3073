// The terminal that a program talks to.
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

// Columns of the terminal behind a descriptor; 80 where it is none, or does not say.
int terminal_columns(int descriptor);

#endif
