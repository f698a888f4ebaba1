// The part of XML that is read, and what is refused. varstored.md 13.3.

import Testing

@testable import VariableBackends

@Suite struct XMLElementTests {
    private func read(_ text: String) -> Result<XMLElement, XMLFailure> {
        Result { () throws(XMLFailure) in try XMLElement.read(Array(text.utf8)) }
    }

    private func reason(_ text: String) -> XMLFailure.Reason? {
        if case .failure(let failure) = read(text) { failure.reason } else { nil }
    }

    @Test func elementsTextAndReferences() throws {
        let text =
            "\n<?xml version='1.0'?>\n<a> <b>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x20AC;</b ><c/>\r\n<d />x</a>\n"
        let element = try read(text).get()
        #expect(element.isNamed("a"))
        #expect(element.children.map(\.name) == [[0x62], [0x63], [0x64]])
        #expect(String(decoding: element.children[0].text, as: UTF8.self) == "<>&\"'AB€")
        #expect(String(decoding: element.text, as: UTF8.self) == " \r\nx")
        #expect(!element.hasNoText)
    }

    @Test func whatIsNotOfTheSubsetIsRefused() {
        for (text, wanted) in [
            ("<!DOCTYPE a><a/>", XMLFailure.Reason.declaration), ("<a><!-- x --></a>", .declaration),
            ("<a><![CDATA[x]]></a>", .declaration), ("<a b='c'/>", .tag), ("<a b>x</a b>", .tag), ("< a/>", .tag),
            ("<></>", .tag), ("<1a/>", .tag), ("<a//>", .tag), ("<a><?php x?></a>", .tag), ("<a></b>", .mismatch),
            ("<a><b></a></b>", .mismatch), ("</a>", .mismatch), ("<a/><b/>", .outside), ("<a/>x", .outside),
            ("x<a/>", .outside), ("<a>&nbsp;</a>", .reference), ("<a>&</a>", .reference), ("<a>&#0;</a>", .reference),
            ("<a>&#xD800;</a>", .reference), ("<a>&#x110000;</a>", .reference), ("<a>&#+65;</a>", .reference),
            ("<a>&#;</a>", .reference), ("<a>&#99999999999;</a>", .reference), ("<a>&#x-1;</a>", .reference),
            ("", .cut), ("<?xml", .cut), ("<a>", .cut), ("<a", .cut), ("<a><b/>", .cut), ("<", .cut),
        ] {
            #expect(reason(text) == wanted, "\(text)")
        }
    }

    @Test func sixteenElementsWithinEachOtherAreTheMost() {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(reason(nested(16)) == nil)
        #expect(reason(nested(17)) == .tooDeep)
        #expect(reason(nested(70_000)) == .tooDeep)
        #expect(reason(String(repeating: "<a>", count: 16) + "<a/>") == .tooDeep)
        #expect(reason("<a>" + String(repeating: "x", count: XMLElement.byteCountMax - 7) + "</a>") == nil)
        #expect(reason("<a>" + String(repeating: "x", count: XMLElement.byteCountMax - 6) + "</a>") == .tooLong)
    }

    @Test func aDocumentThatIsCutAnywhereIsNone() {
        let text = "<?xml version=\"1.0\"?><a><b>x&amp;</b><c/></a>"
        for count in 0..<text.utf8.count {
            #expect(throws: XMLFailure.self) { try XMLElement.read(Array(text.utf8.prefix(count))) }
        }
    }
}

@Suite struct XAPIReplyTests {
    private func reply(_ members: String) -> XAPIReply? {
        let text = "<value><struct>\(members)</struct></value>"
        let document = "<methodResponse><params><param>\(text)</param></params></methodResponse>"
        return XAPIReply(Array(document.utf8))
    }

    private func member(_ name: String, _ value: String) -> String {
        "<member><name>\(name)</name><value>\(value)</value></member>"
    }

    private func text(_ words: String) -> XAPIValue { .text(Array(words.utf8)) }

    @Test func valuesHoldTextDirectlyOrByType() {
        let ok = member("Status", "Success")
        for value in ["x", "<string>x</string>", " \n<string>x</string> ", "<i4>x</i4>", "<boolean>x</boolean>"] {
            #expect(reply(ok + member("Value", value)) == .success(text("x")), "\(value)")
        }
        #expect(reply(ok + member("Value", "")) == .success(text("")))
        #expect(reply(ok + member("Value", "<string/>")) == .success(text("")))
        #expect(reply(ok + "<member><name>Value</name><value/></member>") == .success(text("")))
        #expect(reply(ok + member("Value", "<nil/>")) == .success(.null))
        let array = "<array><data><value>a</value><value><int>1</int></value></data></array>"
        #expect(reply(ok + member("Value", array)) == .success(.array([text("a"), text("1")])))
        let map = XAPIValue.structure([.init(name: Array("k".utf8), value: text("v"))])
        #expect(reply(ok + member("Value", "<struct>\(member("k", "v"))</struct>")) == .success(map))
    }

    @Test func failuresAndFaults() {
        let failed = member("Status", "Failure")
        let words = "<array><data><value>HANDLE_INVALID</value><value>VM</value></data></array>"
        #expect(reply(failed + member("ErrorDescription", words)) == .failure(code: "HANDLE_INVALID"))
        #expect(reply(member("Status", "success") + member("Value", "x")) == .failure(code: "?"))
        // What is not a code does not get into the log.
        let strange = "<array><data><value>a\nERROR x</value></data></array>"
        #expect(reply(failed + member("ErrorDescription", strange)) == .failure(code: "?"))
        let fault = "<methodResponse><fault><value>x</value></fault></methodResponse>"
        #expect(XAPIReply(Array(fault.utf8)) == .fault)
    }

    @Test func whatIsNoReplyIsNone() {
        let ok = member("Status", "Success")
        let strange = [
            ok, "", member("Status", "<nil/>") + member("Value", "x"), ok + member("Value", "<unknown/>"),
            ok + member("Value", "x<string>y</string>"), ok + member("Value", "<string>x</string><string>y</string>"),
            ok + "<member><value>x</value><name>Value</name></member>", ok + "<member><name>Value</name></member>",
            ok + "x" + member("Value", "x"), ok + member("Value", "<array><value>x</value></array>"),
            ok + member("Value", "<string><b/></string>"), ok + member("Value", "<nil>x</nil>"),
        ]
        for members in strange { #expect(reply(members) == nil, "\(members)") }
        for text in ["<a/>", "<methodResponse/>", "<methodResponse><params/></methodResponse>", "garbage"] {
            #expect(XAPIReply(Array(text.utf8)) == nil)
        }
    }
}
