// UEFIAuthentication's writer as who signs auth files.

public import UEFIAuthentication
public import VariableFormats

extension SignedDataWriter: PayloadSigner {
    public func signedData(over pieces: [[UInt8]]) throws(AuthenticationRefusal) -> [UInt8] { try bytes(over: pieces) }
}
