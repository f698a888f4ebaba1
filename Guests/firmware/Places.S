/* What the firmware guest alone has in memory, and the files of keys/ in the order of Fixture.swift. */
#include "address_of.h"

        .section .bss.places, "aw", @nobits
        .align 4096
variable_buffer:        .skip 16 * 4096
scratch:                .skip 32 * 4096

        .macro fixture name
        .section .rodata.fixtures, "a", @progbits
        .align 16
fixture\@:
        .incbin "keys/\name"
fixture_end\@:
        .section .rodata.fixture_table, "a", @progbits
        .quad fixture\@, fixture_end\@
        .endm
        .section .rodata.fixture_table, "a", @progbits
        .align 16
fixture_table:
        fixture "B-append.auth"
        fixture "B-append27.auth"
        fixture "B-attributes-other.auth"
        fixture "B-attributes.auth"
        fixture "B-crowd.auth"
        fixture "B-curve.auth"
        fixture "B-delete.auth"
        fixture "B-embedded.auth"
        fixture "B-five-signers.auth"
        fixture "B-indefinite.auth"
        fixture "B-later.auth"
        fixture "B-nameless.auth"
        fixture "B-longer.auth"
        fixture "B-no-certificate.auth"
        fixture "B-no-signer.auth"
        fixture "B-other.auth"
        fixture "B-sha1.auth"
        fixture "B-sha224.auth"
        fixture "B-sha384.auth"
        fixture "B-sha512.auth"
        fixture "B-small.auth"
        fixture "B-two-signers.auth"
        fixture "B.auth"
        fixture "KEK-by-KEK.auth"
        fixture "KEK-by-leaf.auth"
        fixture "KEK-delete.auth"
        fixture "KEK-many.auth"
        fixture "KEK.auth"
        fixture "PK-delete.auth"
        fixture "PK-leaf.auth"
        fixture "PK-replace.auth"
        fixture "PK-stranger.auth"
        fixture "PK-two.auth"
        fixture "PK.auth"
        fixture "PK2-delete.auth"
        fixture "curve.der"
        fixture "db-by-KEK.auth"
        fixture "db-by-PK.auth"
        fixture "db-by-plain.auth"
        fixture "db-deep-alone.auth"
        fixture "db-deep.auth"
        fixture "db-long.auth"
        fixture "db-not-CA.auth"
        fixture "db-odd.auth"
        fixture "db-partial.auth"
        fixture "db-second.auth"
        fixture "db-shout.auth"
        fixture "db-stranger.auth"
        fixture "db-too-deep.auth"
        fixture "db-two-leaves.auth"
        fixture "db-under-plain.auth"
        fixture "db-update.auth"
        fixture "db.auth"
        fixture "db.der"
        fixture "dbt-by-KEK.auth"
        fixture "dbt-by-PK.auth"
        fixture "dbx-by-PK.auth"
        fixture "dbx-by-leaf.auth"
        fixture "dbx.auth"
        fixture "expired.auth"
        fixture "future.auth"
        fixture "vector-4.1.request"
        fixture "vectors"

        .code64
        address_of variable_buffer_start, variable_buffer
        address_of scratch_start, scratch
        address_of fixture_table_start, fixture_table
        .section .note.GNU-stack, "", @progbits
