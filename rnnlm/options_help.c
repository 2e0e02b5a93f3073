// The text that --help prints, from the table that parses the command line.
#include "options_help.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HELP_WIDTH = 100, HELP_INDENT = 26, NAME_SIZE = 64 };

// Prints words of `text`, wrapped, from column `column` on.
static void print_wrapped(const char *text, int column)
{
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");
        if (column + length + 1 > HELP_WIDTH) {
            printf("\n%*s", HELP_INDENT - 1, "");
            column = HELP_INDENT - 1;
        }
        printf(" %.*s", length, text);
        column += length + 1;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

void options_describe_default(const struct option *option, char *text, size_t size)
{
    text[0] = '\0';
    if (option->type == OPTION_COUNT)
        snprintf(text, size, " (%lld)", (long long)*(const int64_t *)option->target);
    else if (option->type == OPTION_NUMBER && !isnan(*(const double *)option->target))
        snprintf(text, size, " (%g)", *(const double *)option->target);
    else if (option->type == OPTION_TEXT && *(const char *const *)option->target != NULL)
        snprintf(text, size, " (%s)", *(const char *const *)option->target);
}

static void print_row(const struct option *option)
{
    char left[NAME_SIZE], value[NAME_SIZE], text[1024];
    int length =
        snprintf(left, sizeof left, "  -%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
    options_describe_default(option, value, sizeof value);
    snprintf(text, sizeof text, "%s%s", option->help, value);
    if (length >= HELP_INDENT - 1) {
        printf("%s\n", left);
        length = 0;
        left[0] = '\0';
    }
    printf("%-*s", HELP_INDENT - 1, left);
    print_wrapped(text, HELP_INDENT - 1);
}

void options_help(const struct options *options)
{
    for (const char *form = options->usage; form != NULL;) {
        int length = (int)strcspn(form, "\n");
        printf("%s %s %.*s\n", form == options->usage ? "usage:" : "      ", options->program,
               length, form);
        form = form[length] == '\n' ? form + length + 1 : NULL;
    }
    printf("\n%s\n", options->about);
    for (size_t i = 0; i < options->count; i++) {
        if (options->table[i].type == OPTION_GROUP)
            printf("\n%s:\n", options->table[i].help);
        else
            print_row(&options->table[i]);
    }
    printf("\nOther:\n  %-*s Print this text.\n  %-*s Print the version.\n", HELP_INDENT - 3,
           "-h, -help", HELP_INDENT - 3, "-version");
    printf("\n-name value, --name value and --name=value are the same. A default stands in "
           "parentheses.\n");
}
