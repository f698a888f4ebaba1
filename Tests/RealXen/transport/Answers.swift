// Answers of plain calls as numbers, and the errors' names.
// Not for: the platform's errors (TAP takes those).

import SystemCalls
import TAP
import XenABI

/// What a plain call gave, or its errno as a negative number.
func answer(_ body: () throws(SystemError) -> Int32) -> Int32 {
    do throws(SystemError) { return try body() } catch { return -error.code }
}

let eperm = -XenErrorCode.eperm.rawValue
let esrch = -XenErrorCode.esrch.rawValue
let e2big = -XenErrorCode.e2big.rawValue
let eagain = -XenErrorCode.eagain.rawValue
let eacces = -XenErrorCode.eacces.rawValue
let efault = -XenErrorCode.efault.rawValue
let eexist = -XenErrorCode.eexist.rawValue
let einval = -XenErrorCode.einval.rawValue
let enotty = -XenErrorCode.enotty.rawValue
let enosys = -XenErrorCode.enosys.rawValue
let enotconn = -XenErrorCode.enotconn.rawValue
