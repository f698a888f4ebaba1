/* The instructions that Swift can't name, one function each (System V calling convention; prototypes in
 * Machine/machine.h). The exact instruction matters: it is what the hypervisor decodes and turns into a request. */
        .code64
        .macro function name
        .section .text.\name, "ax", @progbits
        .globl \name
\name:
        .endm

        .macro port_access suffix, bits, register
        function in\bits
        movl %edi, %edx
        xorl %eax, %eax
        in\suffix %dx, \register
        ret
        function out\bits
        movl %edi, %edx
        movl %esi, %eax
        out\suffix \register, %dx
        ret
        .endm
        port_access b, 8, %al
        port_access w, 16, %ax
        port_access l, 32, %eax

        .macro memory_access suffix, bits, register, value
        function load\bits
        xorl %eax, %eax
        mov\suffix (%rdi), \register
        ret
        function store\bits
        mov\suffix \value, (%rdi)
        ret
        .endm
        memory_access b, 8, %al, %sil
        memory_access w, 16, %ax, %si
        memory_access l, 32, %eax, %esi
        memory_access q, 64, %rax, %rsi

/* by_width b w l q: runs one of the string instructions by the width in eax, with the direction flag from r8d */
        .macro by_width one, two, four, eight
        testl %r8d, %r8d
        jz   0f
        std
0:      cmpl $2, %eax
        je   2f
        jb   1f
        cmpl $4, %eax
        je   4f
        \eight
        jmp  9f
1:      \one
        jmp  9f
2:      \two
        jmp  9f
4:      \four
9:      cld
        ret
        .endm

        function in_string              /* edi port, esi width, rdx address, rcx count, r8d down */
        movl %esi, %eax
        xchgq %rdi, %rdx
        by_width "rep insb", "rep insw", "rep insl", "nop"
        function out_string             /* as in_string */
        movl %esi, %eax
        movq %rdx, %rsi
        movl %edi, %edx
        by_width "rep outsb", "rep outsw", "rep outsl", "nop"
        function move_string            /* rdi destination, rsi source, edx width, rcx count, r8d down */
        movl %edx, %eax
        by_width "rep movsb", "rep movsw", "rep movsl", "rep movsq"

        function load_idt               /* rdi: address of limit and base */
        lidt (%rdi)
        ret
        function enable_interrupts
        sti
        ret
        function disable_interrupts
        cli
        ret
        function memory_fence
        mfence
        ret
        function spin_pause
        pause
        ret
        function read_time_stamp
        rdtsc
        shlq $32, %rdx
        orq  %rdx, %rax
        ret
        function write_msr              /* edi register, rsi value */
        movl %edi, %ecx
        movq %rsi, %rdx
        shrq $32, %rdx
        movl %esi, %eax
        wrmsr
        ret
        function read_cpuid             /* edi leaf -> rax = eax and ebx, rdx = ecx and edx */
        pushq %rbx
        movl %edi, %eax
        xorl %ecx, %ecx
        cpuid
        movl %eax, %eax
        shlq $32, %rbx
        orq  %rbx, %rax
        movl %ecx, %ecx
        shlq $32, %rdx
        orq  %rcx, %rdx
        popq %rbx
        ret
        function hypercall              /* edi number, rsi and rdx arguments; the page must be set up */
        subq $8, %rsp
        movl %edi, %eax
        shll $5, %eax                   /* 32 bytes for each hypercall */
        addl $hypercall_page, %eax
        movq %rsi, %rdi
        movq %rdx, %rsi
        call *%rax
        addq $8, %rsp
        ret

/* What the compiler may call. */
        function memset
        movq %rdi, %r8
        movl %esi, %eax
        movq %rdx, %rcx
        rep stosb
        movq %r8, %rax
        ret
        function memcpy
        movq %rdi, %rax
        movq %rdx, %rcx
        rep movsb
        ret
        function memmove
        movq %rdi, %rax
        movq %rdx, %rcx
        cmpq %rsi, %rdi
        jbe  1f
        leaq -1(%rdi,%rdx), %rdi
        leaq -1(%rsi,%rdx), %rsi
        std
1:      rep movsb
        cld
        ret
        .section .note.GNU-stack, "", @progbits
