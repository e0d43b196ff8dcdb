/* There is one way in (anos-abi 1.3). */
#include "anos.h"

const char *get_mem_info_slowly(struct memory_info *info)
{
    return anos_get_mem_info(info).type == OK ? "" : ", WRONG";
}
