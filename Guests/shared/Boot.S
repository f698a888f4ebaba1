/* From Xen's 32-bit PVH entry (or a SIPI) to Swift in long mode, for every guest of ours. No devices, no policy: that
 * is guest_main's. What one guest alone has in memory is in its Places.S.
 *
 * Memory map: 4 GiB identity-mapped by 2 MiB pages, so that RAM, the local APIC (0xfee00000) and every MMIO window
 * below 4 GiB (0xf0000000) need no further set-up. One flat address space, one GDT, one IDT for all vCPUs. */

#include "address_of.h"

#define STACK_SHIFT 13                  /* 8 KiB for each vCPU; interrupt_common finds the vCPU by its stack */
#define VCPUS_MAX 4                     /* the exerciser's Protocol.vcpusMax */
#define CODE64 8
#define DATA 16
#define CODE32 24
#define ERROR_CODES 0x60227d00          /* bit n: exception n pushes an error code (8, 10-14, 17, 21, 29, 30) */

        .section .note.Xen, "a", @note
        .align 4
        .long 4, 4, 18                  /* namesz, descsz, XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz "Xen"
        .long start32

        .section .text.boot, "ax", @progbits
        .code32
        .globl start32
start32:                                /* paging off, flat segments, ebx = start_info */
        cli
        cld
        movl %ebx, start_info_word
        movl $page_directory_pointers + 3, page_map
        xorl %ecx, %ecx
        movl $page_directories + 3, %eax
1:      movl %eax, page_directory_pointers(,%ecx,8)
        addl $4096, %eax
        incl %ecx
        cmpl $4, %ecx
        jb   1b
        xorl %ecx, %ecx
2:      movl %ecx, %eax
        shll $21, %eax
        orl  $0x83, %eax                /* present, writable, 2 MiB */
        movl %eax, page_directories(,%ecx,8)
        incl %ecx
        cmpl $2048, %ecx
        jb   2b

enter_long_mode:                        /* the boot vCPU and the others */
        lgdt gdt_pointer
        movl $0x620, %eax               /* PAE, OSFXSR, OSXMMEXCPT: Swift code uses SSE from its first call */
        movl %eax, %cr4
        movl $page_map, %eax
        movl %eax, %cr3
        movl $0xc0000080, %ecx          /* EFER.LME */
        rdmsr
        orl  $0x100, %eax
        wrmsr
        movl $0x80010033, %eax          /* PG WP NE ET MP PE; EM, CD and NW clear (INIT leaves CD and NW set) */
        movl %eax, %cr0
        ljmp $CODE64, $start64

        .code64
start64:
        movl $DATA, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        movl vcpu_starting_word, %edi
        leal 1(%rdi), %eax
        shll $STACK_SHIFT, %eax
        addl $stacks, %eax
        movl %eax, %esp
        xorl %ebp, %ebp
        call guest_main                 /* (vCPU number) -> never */
3:      cli
        pause
        jmp  3b

/* SIPI starts a vCPU here, in real mode, in a copy of this code in low memory (LocalAPIC.swift). */
        .code16
trampoline:
        cli
        movw %cs, %ax
        movw %ax, %ds
        lgdtl gdt_pointer - trampoline
        movl %cr0, %eax
        orl  $1, %eax
        movl %eax, %cr0
        ljmpl $CODE32, $start_other32
        .align 4
gdt_pointer:
        .word gdt_end - gdt - 1
        .long gdt
trampoline_end:
        .code32
start_other32:
        movl $DATA, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        jmp  enter_long_mode

        .section .data.boot, "aw", @progbits
        .align 8
gdt:    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff
gdt_end:
idt_pointer:
        .word 256 * 16 - 1
        .quad idt
        .align 4
vcpu_starting_word:
        .long 0
start_info_word:
        .long 0
hypercall_argument:
        .quad 0

        .section .bss.boot, "aw", @nobits
        .align 4096
page_map:                .skip 4096
page_directory_pointers: .skip 4096
page_directories:        .skip 4 * 4096
hypercall_page:         .skip 4096
idt:                     .skip 256 * 16
interrupt_counts:        .skip VCPUS_MAX * 256 * 4
interrupt_acknowledgements: .skip 256 * 4
        .align 16
stacks:                  .skip VCPUS_MAX << STACK_SHIFT

        .section .text.interrupts, "ax", @progbits
        .code64
/* One 16-byte stub for each vector: stub address = interrupt_stubs + 16 * vector. */
        .align 16
interrupt_stubs:
        .set vector, 0
        .rept 256
        .align 16
        .if vector > 31 || !((1 << vector) & ERROR_CODES)
        pushq $0                        /* the processor pushed no error code */
        .endif
        pushq $vector
        jmp  interrupt_common
        .set vector, vector + 1
        .endr

/* Counts the interrupt for this vCPU, tells the port of the vector's device if there is one (Interrupts.swift), and
 * ends it; touches no SSE state. Stack: rdx, rcx, rax, vector, error code, rip... */
interrupt_common:
        pushq %rax
        pushq %rcx
        pushq %rdx
        movl %esp, %eax
        subl $stacks, %eax
        shrl $STACK_SHIFT, %eax         /* vCPU number */
        shll $8, %eax
        movl 24(%rsp), %ecx
        addl %ecx, %eax
        lock incl interrupt_counts(,%rax,4)
        movl interrupt_acknowledgements(,%rcx,4), %edx
        testl %edx, %edx
        jz   2f
        movl %ecx, %eax
        outb %al, %dx
2:      cmpl $32, %ecx
        jb   1f                         /* exceptions and NMI do not come from the local APIC */
        movl $0xfee000b0, %ecx
        movl $0, (%rcx)                 /* end of interrupt */
1:      popq %rdx
        popq %rcx
        popq %rax
        addq $16, %rsp
        iretq

        .globl hypercall_page
        address_of image_start, image_start_symbol
        address_of image_end, image_end_symbol
        address_of hypercall_page_start, hypercall_page
        address_of idt_start, idt
        address_of idt_pointer_start, idt_pointer
        address_of interrupt_stubs_start, interrupt_stubs
        address_of interrupt_counts_start, interrupt_counts
        address_of interrupt_acknowledgements_start, interrupt_acknowledgements
        address_of hypercall_argument_start, hypercall_argument
        address_of trampoline_start, trampoline
        address_of trampoline_stop, trampoline_end
        address_of vcpu_starting, vcpu_starting_word
        .section .text.start_info, "ax", @progbits
        .globl start_info
start_info:
        movl start_info_word, %eax
        ret
        .section .note.GNU-stack, "", @progbits
