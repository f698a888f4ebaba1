/* What the exerciser alone has in memory. */
#include "address_of.h"

        .section .bss.places, "aw", @nobits
        .align 4096
test_buffer:             .skip 4 * 4096
scripts:                 .skip 4 * 4096          /* for each vCPU Protocol.scriptWordsMax words */

        .code64
        address_of test_buffer_start, test_buffer
        address_of scripts_start, scripts
        .section .note.GNU-stack, "", @progbits
