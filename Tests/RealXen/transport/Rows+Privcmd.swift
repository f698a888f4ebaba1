// Rows K1 to K19 and E1 to E3, E13 (dmop.md section 18.1) and the mapping rows that need no guest, by bare ioctls.
// Domain 77 is not there.

import SystemCalls
import TAP
import XenABI

/// An address that is the kernel's, and one that nothing is mapped at.
private let kernelAddress: UInt64 = 0xFFFF_8880_0000_0000
private let unmappedAddress: UInt64 = 0x1000

/// K1 to K11: what the kernel, and then Xen, says about counts and buffers.
func rowsOfDMOP(_ tap: TAP) throws(SystemError) {
    let node = try Node("privcmd")
    let page = try VectorPage()
    tap.expect(node.dmOp(0x7FF4, count: 0, at: 0), 0, "K1 no buffers, no domain: nothing is called")
    tap.expect(node.dmOp(77, count: 0, at: 0x1000), 0, "K2 no buffers, bad address: nothing is called")
    tap.expect(node.dmOp(77, count: 17, at: 0), e2big, "K3 17 buffers")
    for index in 0..<16 { page.setGood(index) }
    tap.expect(node.dmOp(77, count: 3, at: page.address), e2big, "K4 3 buffers, by Xen")
    tap.expect(node.dmOp(77, count: 16, at: page.address), e2big, "K4 16 buffers, by Xen")
    tap.expect(node.dmOp(77, count: 1, at: 0), efault, "K5 descriptors at NULL")
    page.setGood(0, byteLength: 4097)
    tap.expect(node.dmOp(77, count: 1, at: page.address), e2big, "K6 a buffer of 4097 bytes")
    page.setGood(0)
    page.setGood(1, byteLength: 4097)
    tap.expect(node.dmOp(77, count: 2, at: page.address), e2big, "K7 a second buffer of 4097 bytes")
    page.set(0, kernelAddress, 32)
    tap.expect(node.dmOp(77, count: 1, at: page.address), efault, "K8 a buffer at a kernel address")
    page.set(0, unmappedAddress, 32)
    tap.expect(node.dmOp(77, count: 1, at: page.address), efault, "K8 a buffer at an unmapped address")
    let file = try OwnedDescriptor.memoryFile(name: "read-only", byteCount: 4096)
    let readOnly = try MappedMemory(sharing: file, byteCount: 4096, access: .read)
    page.set(0, UInt64(readOnly.address), 32)
    tap.expect(node.dmOp(77, count: 1, at: page.address), efault, "K9 a buffer in a read-only page")
    page.setGood(0)
    page.set(1, unmappedAddress, 4)
    tap.expect(node.dmOp(77, count: 2, at: page.address), efault, "K10 an unmapped second buffer")
    tap.expect(node.call(PrivcmdCall.unimplemented), enotty, "K11 an unknown ioctl")
    readOnly.close()
}

/// K12 to K19: restriction.
func rowsOfRestriction(_ tap: TAP) throws(SystemError) {
    let node = try Node("privcmd")
    let page = try VectorPage()
    page.setGood(0)
    tap.expect(node.call(PrivcmdCall.restrict), efault, "K12 RESTRICT NULL")
    tap.expect(node.restrict(77), 0, "K13 RESTRICT 77")
    tap.expect(node.restrict(77), 0, "K13 RESTRICT 77 again")
    tap.expect(node.restrict(78), einval, "K14 RESTRICT 78")
    tap.expect(node.restrict(0x7FF4), einval, "K14 RESTRICT 0x7ff4")
    tap.expect(node.dmOp(78, count: 0, at: 0), eperm, "K15 another domain, no buffers")
    tap.expect(node.dmOp(77, count: 1, at: page.address), esrch, "K15 its own domain goes on to Xen")
    let hypercall = PrivcmdHypercall(number: 17)
    tap.expect(node.call(PrivcmdCall.hypercall, hypercall), eperm, "K16 HYPERCALL")
    tap.expect(node.call(PrivcmdCall.hypercall), eperm, "K16 HYPERCALL NULL")
    tap.expect(node.resource(78, count: 1, address: UInt64(page.address)), eperm, "K17 a resource of another domain")
    let size = node.resource(77, count: 0, address: 0)
    tap.expect(size, isBefore415 ? 0 : esrch, "K17 a size query goes on to Xen")
    let frames = node.batch(78, count: 1, address: page.address, arrays: page.address)
    tap.expect(frames, eperm, "K18 frames of another domain")
    let fresh = try Node("privcmd")
    tap.expect(fresh.restrict(0x7FF4), 0, "K19 RESTRICT 0x7ff4 leaves it unrestricted")
    tap.expect(fresh.restrict(77), 0, "K19 then RESTRICT 77")
}

/// M8, F3, F4: mapping, and E13, D1, D2, D4: hypercalls.
func rowsOfMappingAndHypercalls(_ tap: TAP) throws(SystemError) {
    let node = try Node("privcmd")
    let page = try VectorPage()
    let ordinary = UInt64(page.address)
    tap.expect(node.resource(77, count: 1, address: 0), einval, "M8 a resource without an address")
    tap.expect(node.resource(77, count: 0, address: ordinary), einval, "M8 no frames at an address")
    tap.expect(node.resource(77, count: 1, address: ordinary), einval, "M8 a resource into ordinary memory")
    tap.expect(node.call(PrivcmdCall.mmapResource), efault, "M8 MMAP_RESOURCE NULL")
    let target = try MappedMemory(sharing: node.descriptor, byteCount: 8192, access: .readWrite)
    let none = node.batch(77, count: 0, address: target.address, arrays: page.address)
    tap.expect(none, einval, "F3 no frames")
    let half = node.batch(77, count: 1, address: target.address, arrays: page.address)
    tap.expect(half, einval, "F3 half of a mapping")
    let elsewhere = node.batch(77, count: 1, address: page.address, arrays: page.address)
    tap.expect(elsewhere, einval, "F3 frames into ordinary memory")
    tap.expect(node.batch(77, count: 2, address: target.address, arrays: 0), efault, "F4 no array of frames")
    page.setGood(0)
    let three = PrivcmdHypercall(number: Hypercall.dmOp, argument0: 77, argument1: 3, argument2: UInt64(page.address))
    tap.expect(node.call(PrivcmdCall.hypercall, three), e2big, "E13 hypercall 41 with 3 buffers")
    let bad = PrivcmdHypercall(number: Hypercall.dmOp, argument0: 77, argument1: 1, argument2: unmappedAddress)
    tap.expect(node.call(PrivcmdCall.hypercall, bad), efault, "E13 hypercall 41 with bad descriptors")
    tap.expect(node.call(PrivcmdCall.hypercall, PrivcmdHypercall(number: 999)), enosys, "D4 hypercall 999")
    target.close()
}
