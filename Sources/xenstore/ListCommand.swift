// `xenstore-ls`: a tree with its values.
// Not for: how a line looks (TreeLine).

internal import XenstoreClient
internal import XenstoreWire

/// Shows trees.
struct ListCommand {
    let look: TreeLook
    let console: Console

    /// Shows what is below a node. Throws when a list can't be had; a node that has gone meanwhile has none.
    func show(_ path: [UInt8], depth: Int = 0, _ session: ToolSession) throws(ToolFailure) {
        let names: [[UInt8]]
        do throws(XenstoreError) {
            names = try session.children(of: path)
        } catch {
            if depth > 0, error == .refused(.notFound) { return }
            throw ToolFailure("xs_directory (", path, "): \(error.words)")
        }
        for name in names {
            let child = ToolSession.child(name, of: path)
            console.write(look.line(path: child, name: name, depth: depth, value: try? session.read(child)))
            if look.showsPermissions { showPermissions(child, name, session) }
            console.write([0x0A])
            try show(child, depth: depth + 1, session)
        }
    }

    private func showPermissions(_ path: [UInt8], _ name: [UInt8], _ session: ToolSession) {
        do throws(XenstoreError) {
            console.write(TreeLook.permissions(try session.permissions(of: path)))
        } catch {
            console.warn(
                Array("\ncould not access permissions for ".utf8) + name + Array(": \(error.words)".utf8))
        }
    }
}
