// How the C library gives freed memory back. Source: mallopt(3).
// Not for: programs that are short, or whose memory does not shrink.

internal import CSystem

/// Has blocks of 128 KiB and more stand in mappings of their own from now on, which go back to the system when they
/// are freed, and the heap's end go back when 128 KiB of it are free. Both are glibc's values at first, but without
/// this call it raises them, up to 32 and 64 MiB, whenever such a block is freed: later ones are cut from the heap, and
/// stay. For the start of a daemon, before it has allocated much; it costs a system call for each such block.
public func returnFreedMemory() {
    // Answers 0 for values that it doesn't take: then all is as it was.
    _ = mallopt(M_MMAP_THRESHOLD, 128 << 10)
    _ = mallopt(M_TRIM_THRESHOLD, 128 << 10)
}
