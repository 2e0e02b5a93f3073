// Memory that grows as its content arrives.
#include "base/room.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"

enum { FIRST_ROOM = 4 * FILE_BUFFER };

bool room_reserve(struct room *room, const struct input *input, size_t needed, struct error *error)
{
    if (room->data != NULL && needed <= room->capacity)
        return true;
    size_t wanted = room->capacity > FIRST_ROOM / 2 ? room->capacity * 2 : FIRST_ROOM;
    wanted = wanted < needed ? needed : wanted;
    if (wanted > room->total || input_bytes_left(input) != UINT64_MAX)
        wanted = room->total;
    void *data = memory_new(wanted, 1, error);
    if (data == NULL)
        return false;
    if (room->data != NULL)
        memcpy(data, room->data, room->capacity);
    free(room->data);
    room->data = data;
    room->capacity = wanted;
    return true;
}
