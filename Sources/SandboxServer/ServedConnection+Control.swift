// The control of the sandbox, by packets: domains, guests' programs, what is going on.

internal import HypervisorModel
internal import SandboxWire
internal import XenABI

extension ServedConnection {
    /// A packet of the control.
    func control(_ header: WireHeader, _ body: WireReader) throws(WireError) {
        switch header.kind {
        case .status:
            _ = try NoBody(whole: body)
            answer(header, text: service.status)
        case .stop:
            _ = try NoBody(whole: body)
            service.log("\(name) stops the sandbox")
            answer(header, text: "")
            service.stop()
        case .createDomain: create(header, try DomainRequest(whole: body))
        case .listDomains:
            _ = try NoBody(whole: body)
            answer(header, .success, DomainList(service.domainEntries))
        case .destroyDomain:
            let argument = try DomainArgument(whole: body)
            do throws(Refusal) {
                try service.hypervisor.destroyDomain(argument.domain)
                service.log("\(name) has destroyed domain \(argument.domain.rawValue)")
                answer(header, text: "")
            } catch {
                refuse(header, error.code, error.description)
            }
        case .runScript: run(header, try TextRequest(whole: body))
        case .explain: explain(header, try TextRequest(whole: body))
        case .trace:
            let argument = try DomainArgument(whole: body)
            answer(header, text: service.guests.trace(of: argument.domain))
        default: throw WireError("a packet of no known kind", at: 4)
        }
    }

    /// Answers a text, in as many parts as it takes.
    func answer(_ header: WireHeader, text: String) {
        var rest = text[...]
        repeat {
            let part = rest.prefix(whole: WireLimits.textByteCount)
            rest = rest[part.endIndex...]
            answer(header, .success, TextAnswer(String(part)), hasMore: !rest.isEmpty)
        } while !rest.isEmpty
    }

    /// Refuses, with a reason for people.
    func refuse(_ header: WireHeader, _ code: XenErrorCode, _ reason: String) {
        answer(header, WireResult(code, .sandbox), TextAnswer(reason))
    }

    private func create(_ header: WireHeader, _ request: DomainRequest) {
        if let reason = service.limit(against: request) { return refuse(header, .enospc, reason) }
        do throws(Refusal) {
            let domain = try service.hypervisor.createDomain(DomainShape(request), id: request.id)
            service.log("\(name) has made domain \(domain.id.rawValue)")
            answer(header, .success, NumberAnswer(UInt64(domain.id.rawValue)))
        } catch {
            refuse(header, error.code, error.description)
        }
    }

    private func run(_ header: WireHeader, _ request: TextRequest) {
        guard let domain = domain(header, request.domain) else { return }
        guard request.text.utf8.count <= service.options.limits.scriptBytes else {
            return refuse(header, .e2big, "a script has \(service.options.limits.scriptBytes) bytes at most")
        }
        do throws(GuestScriptError) {
            let program = try GuestProgram(script: request.text)
            guard service.guests.start(program, on: domain, for: self, header) else {
                return refuse(header, .ebusy, "domain \(domain.id.rawValue) runs a script already")
            }
        } catch {
            refuse(header, .einval, error.description)
        }
    }

    /// An access is told as the step of a script that makes it. A write to port 0xcf8 before it says what that port is
    /// taken to hold.
    private func explain(_ header: WireHeader, _ request: TextRequest) {
        guard let domain = domain(header, request.domain) else { return }
        do throws(GuestScriptError) {
            let steps = try GuestProgram(script: request.text).steps.first ?? []
            let latched = steps.count == 2 ? steps.first?.latchedByIt : nil
            guard let step = steps.last, steps.count == (latched == nil ? 1 : 2),
                let explanation = domain.explain(step, latched: latched)
            else {
                return refuse(header, .einval, "name an access: in, out, load, store, rep, pci read, pci write")
            }
            answer(header, text: explanation.description)
        } catch {
            refuse(header, .einval, error.description)
        }
    }

    private func domain(_ header: WireHeader, _ id: DomainID) -> Domain? {
        if let domain = service.hypervisor.domain(id), id.rawValue != 0 { return domain }
        refuse(header, .esrch, "there is no guest \(id.rawValue)")
        return nil
    }
}

extension DomainShape {
    fileprivate init(_ request: DomainRequest) {
        self.init(
            Kind(rawValue: request.kind) ?? .pvh, vcpuCount: Int(request.vcpuCount), frameCount: request.frameCount,
            usesHAP: request.usesHAP, isArm: request.isArm, hasIOMMU: request.hasIOMMU, spiCount: request.spiCount,
            pirqCount: request.pirqCount)
    }
}

extension Substring {
    /// As many whole characters from the beginning as so many bytes hold; one at least.
    fileprivate func prefix(whole byteCountMax: Int) -> Substring {
        guard utf8.count > byteCountMax else { return self }
        let end = utf8.index(startIndex, offsetBy: byteCountMax)
        let whole = unicodeScalars.index(before: unicodeScalars.index(after: unicodeScalars[..<end].endIndex))
        return self[..<(whole > startIndex ? whole : index(after: startIndex))]
    }
}
