// What all programs begin with: what the process may meet that is no failed call. The library does
// none of this to its host.
#ifndef PROGRAM_H
#define PROGRAM_H

// The first thing in main(); `program` stands before messages. Standard streams that are closed are
// opened so that using them fails, or a file that is opened later would take the place of one, and
// results or messages would go into it. A limit on the size of files is a failed write like any
// other. A model that is used in place, and is cut under its reader's hands, is a message and status
// 1.
void program_begin(const char *program);

// Where standard error is a terminal, draws a line over the one drawn last, cut to what fits: it would
// go on in the next line otherwise, and could not be drawn over. An empty one leaves nothing there.
void program_draw(const char *line);

#endif
