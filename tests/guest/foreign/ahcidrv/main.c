/* ahcidrv: the driver of one AHCI controller (anos-abi 9.4). Without regions it has no heap. */
#include "ahci.h"
#include "anos.h"
#include "libc.h"

enum { PORTS_MAX = 30 }; /* more do not fit into the one page that is mapped */
static const uint64_t dma_pool = 0xa000000000, hba_window = 0xb000000000,
                      config_window = 0xc000000000;

static struct port ports[PORTS_MAX];
static uint64_t dma_used;

/* Every page stays mapped and is never given back. */
bool dma_allocate(struct dma_page *page)
{
    const struct result made = anos_alloc_physical_pages(PAGE);
    if (made.type != OK) {
        return false;
    }
    page->physical = made.value;
    page->data = (uint8_t *)(dma_pool + dma_used);
    dma_used += PAGE;
    return anos_map_physical(made.value, (uintptr_t)page->data, PAGE, READ | WRITE).type == OK;
}

uint32_t config_read(unsigned offset)
{
    return *(volatile uint32_t *)(config_window + offset);
}

void config_write(unsigned offset, uint32_t value)
{
    *(volatile uint32_t *)(config_window + offset) = value;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        printf("ahcidrv: four arguments, please\n");
        return 1;
    }
    const uint64_t abar = parse_number(argv[1], 16), config = parse_number(argv[2], 16);
    const uint64_t parent = parse_number(argv[3], 10);
    printf("\nahcidrv #f0re1gn [libanos #f0re1gn] @ AHCI 0x%lx PCI 0x%lx Parent %lu\n", abar,
           config, parent);
    if (malloc(16) != NULL) {
        printf("ahcidrv: malloc works without the capability for regions\n");
    }
    if (anos_map_physical(config, config_window, PAGE, READ | WRITE | NOCACHE).type != OK ||
        anos_map_physical(abar, hba_window, PAGE, READ | WRITE | NOCACHE).type != OK) {
        printf("ahcidrv: the registers cannot be mapped\n");
        return 1;
    }
    struct hba *hba = (struct hba *)hba_window;
    const unsigned port_count = (hba->cap & 0x1f) + 1;
    const uint32_t implemented = hba->pi;
    const unsigned msi = find_msi();
    hba->ghc |= GHC_IE;
    for (unsigned i = 0; i < port_count && i < PORTS_MAX; i++) {
        if (implemented >> i & 1) {
            ports[i].ready = port_start(hba, i, msi, &ports[i]);
        }
    }
    serve(ports, port_count < PORTS_MAX ? port_count : PORTS_MAX, parent);
    return 1;
}
