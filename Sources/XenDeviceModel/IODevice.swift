// What an ioreq server hands requests to.

/// A device: takes each request that falls into a range it was claimed for.
public protocol IODevice: AnyObject {
}
