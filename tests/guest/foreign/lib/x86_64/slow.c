/* The slow way in (anos-abi 1.2): only the type comes back, the third argument stays in rdx. */
#include "anos.h"

struct result anos_get_mem_info_int(struct memory_info *info, uint64_t unused, uint64_t rdx);

const char *get_mem_info_slowly(struct memory_info *info)
{
    const struct result slow = anos_get_mem_info_int(info, 0, 0x5107);
    return slow.type != OK          ? ", int 0x69 is WRONG"
           : slow.value == 0x5107 ? ", int 0x69 gives 0 and keeps rdx"
                                  : ", int 0x69 gives 0 and changes rdx";
}
