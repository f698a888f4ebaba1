/* Prototypes of Instructions.S and of the places in Boot.S and the guests' Places.S. Addresses are integers: a guest
 * has one flat address space, and Swift code here keeps no pointers. */
#pragma once
#include <stdint.h>

uint32_t in8(uint32_t port), in16(uint32_t port), in32(uint32_t port);
void out8(uint32_t port, uint32_t value), out16(uint32_t port, uint32_t value), out32(uint32_t port, uint32_t value);
void in_string(uint32_t port, uint32_t width, uint64_t address, uint64_t count, uint32_t down);
void out_string(uint32_t port, uint32_t width, uint64_t address, uint64_t count, uint32_t down);

uint64_t load8(uint64_t address), load16(uint64_t address), load32(uint64_t address), load64(uint64_t address);
void store8(uint64_t address, uint64_t value), store16(uint64_t address, uint64_t value);
void store32(uint64_t address, uint64_t value), store64(uint64_t address, uint64_t value);
void move_string(uint64_t destination, uint64_t source, uint32_t width, uint64_t count, uint32_t down);

void load_idt(uint64_t pointer);
void enable_interrupts(void), disable_interrupts(void), spin_pause(void), memory_fence(void);
uint64_t read_time_stamp(void);
void write_msr(uint32_t msr, uint64_t value);
struct cpuid_words { uint32_t eax, ebx, ecx, edx; };
struct cpuid_words read_cpuid(uint32_t leaf);
uint64_t hypercall(uint32_t number, uint64_t first, uint64_t second);

uint64_t image_start(void), image_end(void);
uint64_t hypercall_page_start(void), hypercall_argument_start(void);
uint64_t idt_start(void), idt_pointer_start(void), interrupt_stubs_start(void), interrupt_counts_start(void);
uint64_t interrupt_acknowledgements_start(void);
uint64_t trampoline_start(void), trampoline_stop(void), vcpu_starting(void);
/* The builder's description of the start, or 0 (HVM may have none). */
uint64_t start_info(void);

/* The exerciser's. */
uint64_t test_buffer_start(void), scripts_start(void);
/* The firmware's: 64 KiB that the variable service sees; 128 KiB of its own; first and end address of each fixture. */
uint64_t variable_buffer_start(void), scratch_start(void), fixture_table_start(void);
