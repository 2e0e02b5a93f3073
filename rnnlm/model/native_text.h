// The texts in native models: what the network is made of, and the record of its training.
//
//   architecture   words=10000 layers=elman:200:logistic output=class classes=100 direct=0
//                  direct-order=3                                                   (one line)
//   record         a line for each field, its name and its value; numbers with all their digits, file
//                  names with \n for a newline and two backslashes for one
#ifndef MODEL_NATIVE_TEXT_H
#define MODEL_NATIVE_TEXT_H

#include "model/model.h"

enum { NATIVE_ARCHITECTURE = SHAPE_TEXT + SHAPE_OUTPUT_TEXT + 256 };

void native_print_architecture(const struct network_shape *shape, char text[NATIVE_ARCHITECTURE]);

// Error: a name or a kind that this version does not know, a size that makes no sense.
bool native_parse_architecture(struct network_shape *shape, const char *text, struct error *error);

// The record as text, to be freed; NULL if memory runs out.
char *native_print_record(const struct training_record *record, struct error *error);

// Fills an empty record; names that are missing leave 0. Error: what was found.
bool native_parse_record(struct training_record *record, const char *text, struct error *error);

// Numbers that make sense, wherever they come from.
bool native_record_ok(const struct training_record *record, struct error *error);

#endif
