/* address_of FUNCTION, SYMBOL: a C function that answers where the symbol is. For .S files only. */
        .macro address_of name, symbol
        .section .text.\name, "ax", @progbits
        .globl \name
\name:  movl $\symbol, %eax
        ret
        .endm
