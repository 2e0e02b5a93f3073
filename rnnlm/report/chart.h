// Charts as SVG inside of an HTML page, and what such a page has around them: one file that needs no other,
// light or dark as its reader's screen is.
//
// Lines of our own, and no library: the smallest that draw such curves are some fifty kilobytes of
// somebody else's program in every page, and would be most of a repository that otherwise asks for
// nothing at run time. What is needed here is polylines, ticks, and the value under the pointer.
#ifndef REPORT_CHART_H
#define REPORT_CHART_H

#include "base/file.h"

// Beginning and end of a page. `reload`: seconds after which a browser reads it again; 0: it is complete.
void page_begin(struct output *output, const char *title, int reload);
void page_end(struct output *output);

// Text with what HTML takes for its own replaced; bytes that are no UTF-8 become U+FFFD.
void page_text(struct output *output, const char *text);
void page_text_part(struct output *output, const char *text, size_t length);

struct chart_line {
    const char *name;
    size_t count;
    const double *x, *y; // [count]; values that are not finite, or not above 0 where the axis is
                         // logarithmic, are left out
    bool dashed;
    size_t
        colour; // lines of one thing have one: any number, those beyond CHART_COLOURS again from 0
};

enum { CHART_COLOURS = 6 };

struct chart {
    const char *title, *about; // `about` may be NULL
    const char *x, *y;         // what stands at the axes
    bool log_y;
    bool perplexity; // y is bits: an axis on the right has 2^y
    bool seconds;    // x is seconds: ticks are of minutes, hours and days
    const struct chart_line *line;
    size_t lines;
};

// Nothing at all if no line has two points.
void chart_write(struct output *output, const struct chart *chart);

// A small curve in a row of a table, on a logarithmic scale from `least` to `most`.
void chart_spark(struct output *output, size_t count, const double *x, const double *y,
                 double least, double most);

// Bars of equal width from x `least` to `most`; `first` (may be NULL) is drawn as an outline.
void chart_bars(struct output *output, const char *title, double least, double most, size_t count,
                const double *share, const double *first);

// Words at places of a plane.
struct chart_place {
    const char *word;
    double x, y;
};
void chart_map(struct output *output, const char *title, const char *about,
               const struct chart_place *place, size_t count);

// `value` as people write it: "12,345", "0.00123", "1.2e-09".
enum { CHART_NUMBER = 32 };
const char *chart_number(char text[CHART_NUMBER], double value);

// "42 s", "12 min", "3 h 05 min".
const char *chart_time(char text[CHART_NUMBER], double seconds);

#endif
