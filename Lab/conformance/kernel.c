// A kernel for a domain that corbel-domains makes: a 64-bit ELF whose PHYS32_ENTRY note names where vCPU 0 starts, in
// 32-bit mode without paging, flat segments (the PVH boot protocol). There is no start_info: ebx is 0. Not for Linux.
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "domains.h"

#include <xen/hvm/save.h>

enum { KERNEL_BYTES_MAX = frames_all * page_bytes, NOTE_PHYS32_ENTRY = 18 };

struct image {
    unsigned char *bytes;
    uint64_t size;
    Elf64_Ehdr header;
};

static int bad(const char *path, const char *what) {
    fprintf(stderr, "corbel-domains: %s: %s\n", path, what);
    printf("errno %d\n", ENOEXEC);
    return 1;
}

static bool read_image(const char *path, struct image *image) {
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    image->bytes = malloc(KERNEL_BYTES_MAX);
    image->size = image->bytes ? fread(image->bytes, 1, KERNEL_BYTES_MAX, file) : 0;
    fclose(file);
    return image->size > 0;
}

static bool within(uint64_t first, uint64_t count, uint64_t all) { return first <= all && count <= all - first; }

// Program header NUMBER; false when the file does not hold it, or what it names.
static bool segment(const struct image *image, unsigned number, Elf64_Phdr *found) {
    uint64_t place = (uint64_t)number * sizeof *found;
    if (!within(image->header.e_phoff, place + sizeof *found, image->size)) return false;
    memcpy(found, image->bytes + image->header.e_phoff + place, sizeof *found);
    return within(found->p_offset, found->p_filesz, image->size) && found->p_filesz <= found->p_memsz
        && within(found->p_paddr, found->p_memsz, KERNEL_BYTES_MAX);
}

// The address in the first PHYS32_ENTRY note of a note segment; 0 when it has none.
static uint32_t entry_in(const struct image *image, const Elf64_Phdr *notes) {
    uint64_t place = notes->p_offset, end = notes->p_offset + notes->p_filesz;
    Elf64_Nhdr note;
    while (within(place, sizeof note, end)) {
        memcpy(&note, image->bytes + place, sizeof note);
        uint64_t name = place + sizeof note, value = name + ((note.n_namesz + 3ULL) & ~3ULL);
        if (!within(value, note.n_descsz, end)) return 0;
        if (note.n_type == NOTE_PHYS32_ENTRY && note.n_namesz == 4 && !memcmp(image->bytes + name, "Xen", 4)
            && note.n_descsz >= 4) {
            uint32_t entry;
            memcpy(&entry, image->bytes + value, sizeof entry);
            return entry;
        }
        place = value + ((note.n_descsz + 3ULL) & ~3ULL);
    }
    return 0;
}

// New memory is zeros, so what the file does not have needs no writing.
static int copy(xc_interface *xen, uint32_t id, const struct image *image, const Elf64_Phdr *segment) {
    uint64_t done = 0;
    while (done < segment->p_filesz) {
        uint64_t address = segment->p_paddr + done, offset = address % page_bytes;
        uint64_t count = page_bytes - offset;
        if (count > segment->p_filesz - done) count = segment->p_filesz - done;
        unsigned char *page = xc_map_foreign_range(xen, id, page_bytes, PROT_READ | PROT_WRITE, address / page_bytes);
        if (!page) return refused("mapping the domain's memory");
        memcpy(page + offset, image->bytes + segment->p_offset + done, count);
        munmap(page, page_bytes);
        done += count;
    }
    return 0;
}

// The records that Xen loads: the header as it has it itself, then the processor's.
struct records {
    struct hvm_save_descriptor header_is;
    HVM_SAVE_TYPE(HEADER) header;
    struct hvm_save_descriptor cpu_is;
    HVM_SAVE_TYPE(CPU) cpu;
    struct hvm_save_descriptor end_is;
};

static int fetch_header(xc_interface *xen, uint32_t id, struct records *records) {
    int bytes = xc_domain_hvm_getcontext(xen, id, NULL, 0);
    uint8_t *all = bytes >= (int)sizeof records->header_is ? malloc(bytes) : NULL;
    if (!all || xc_domain_hvm_getcontext(xen, id, all, bytes) < 0) {
        free(all);
        return refused("gethvmcontext");
    }
    size_t wanted = sizeof records->header_is + sizeof records->header;
    if ((size_t)bytes >= wanted) memcpy(&records->header_is, all, wanted);
    free(all);
    return 0;
}

static int start_at(xc_interface *xen, uint32_t id, uint32_t entry) {
    struct records records = {
        .cpu_is = {.typecode = HVM_SAVE_CODE(CPU), .length = HVM_SAVE_LENGTH(CPU)},
        .cpu = {
            .rip = entry, .rflags = 2, .cr0 = 0x11, .dr6 = 0xffff0ff0, .dr7 = 0x400,
            .cs_limit = UINT32_MAX, .ds_limit = UINT32_MAX, .es_limit = UINT32_MAX, .ss_limit = UINT32_MAX,
            .tr_limit = 0x67,
            .cs_arbytes = 0xc9b, .ds_arbytes = 0xc93, .es_arbytes = 0xc93, .ss_arbytes = 0xc93, .tr_arbytes = 0x8b,
        },
        .end_is = {.typecode = HVM_SAVE_CODE(END), .length = HVM_SAVE_LENGTH(END)},
    };
    if (fetch_header(xen, id, &records)) return 1;
    return xc_domain_hvm_setcontext(xen, id, (uint8_t *)&records, sizeof records) ? refused("sethvmcontext") : 0;
}

static int load_image(xc_interface *xen, uint32_t id, const char *path, const struct image *image) {
    uint32_t entry = 0;
    for (unsigned number = 0; number < image->header.e_phnum; number++) {
        Elf64_Phdr found;
        if (!segment(image, number, &found)) return bad(path, "a segment lies outside of the file or of the memory");
        if (found.p_type == PT_NOTE && !entry) entry = entry_in(image, &found);
        if (found.p_type == PT_LOAD && copy(xen, id, image, &found)) return 1;
    }
    return entry ? start_at(xen, id, entry) : bad(path, "it has no PHYS32_ENTRY note");
}

int load(xc_interface *xen, uint32_t id, const char *path) {
    struct image image = {0};
    int status;
    if (!read_image(path, &image)) status = refused(path);
    else if (image.size < sizeof image.header || memcmp(image.bytes, ELFMAG, SELFMAG)
             || image.bytes[EI_CLASS] != ELFCLASS64)
        status = bad(path, "it is no 64-bit ELF");
    else {
        memcpy(&image.header, image.bytes, sizeof image.header);
        if (image.header.e_phentsize != sizeof(Elf64_Phdr)) status = bad(path, "its program headers have another size");
        else status = load_image(xen, id, path, &image);
    }
    free(image.bytes);
    return status;
}
