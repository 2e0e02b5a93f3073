// One-line error messages.
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

// Control characters in names that come from files would break the promise of one line.
static void make_one_line(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ')
            *text = '?';
}

static bool set(struct error *error, bool usage, const char *format, va_list arguments)
{
    vsnprintf(error->text, sizeof error->text, format, arguments);
    make_one_line(error->text);
    error->usage = usage;
    return false;
}

bool error_is_of_memory(const struct error *error)
{
    return strstr(error->text, "not enough memory") != NULL;
}

bool error_set(struct error *error, const char *format, ...)
{
    if (error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    set(error, false, format, arguments);
    va_end(arguments);
    return false;
}

bool error_usage(struct error *error, const char *format, ...)
{
    if (error == NULL)
        return false;
    va_list arguments;
    va_start(arguments, format);
    set(error, true, format, arguments);
    va_end(arguments);
    return false;
}

bool error_option(struct error *error, const char *name)
{
    if (error != NULL)
        error->usage = true;
    return error_prefix(error, "option -%s: ", name);
}

bool error_add(struct error *error, const char *text)
{
    if (error == NULL)
        return false;
    size_t length = strlen(error->text);
    snprintf(error->text + length, sizeof error->text - length, "%s", text);
    make_one_line(error->text);
    return false;
}

bool error_prefix(struct error *error, const char *format, ...)
{
    if (error == NULL)
        return false;
    struct error old = *error;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof error->text)
        snprintf(error->text + length, sizeof error->text - (size_t)length, "%s", old.text);
    make_one_line(error->text);
    return false;
}
