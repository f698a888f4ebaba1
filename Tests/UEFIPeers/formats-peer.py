# What virt-firmware says about files with variables, in lines that can be compared with uefi-formats-test's.
# Run by Tests/UEFIPeers/formats with the Python of its folder.
#   show FILE.json           a line for each variable of its JSON document
#   certificates             a line for each of Microsoft's certificates that it brings
#   auth-payloads DIR        a line for each auth file of a folder: name, time, payload's size
import hashlib
import json
import os
import sys


def show(path):
    document = json.load(open(path, encoding="utf-8"))
    assert document["version"] == 2, document["version"]
    for variable in document["variables"]:
        name = "".join(
            c if 0x20 <= ord(c) <= 0x7E and c != "\\" else "\\u%04x" % ord(c) for c in variable["name"])
        time = variable.get("time", "00" * 16)
        digest = variable.get("digest", "00" * 32)
        print("|".join([variable["guid"], name, str(variable["attr"]), time, digest, variable["data"]]))


def certificates():
    import virt.firmware.certs
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    folder = virt.firmware.certs.__path__[0]
    for root, _, names in os.walk(folder):
        for name in names:
            if not name.endswith((".pem", ".der", ".crt", ".cer")):
                continue
            content = open(os.path.join(root, name), "rb").read()
            load = x509.load_pem_x509_certificate if b"-----BEGIN" in content else x509.load_der_x509_certificate
            certificate = load(content)
            der = certificate.public_bytes(Encoding.DER)
            names_of = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            last = certificate.not_valid_after_utc.date().isoformat()
            print(hashlib.sha256(der).hexdigest(), len(der), last, names_of[0].value if names_of else "-")


def auth_payloads(folder):
    from virt.firmware.varstore import authfiles

    for name, variable in authfiles.AuthFilesVarStore(folder).get_varlist().items():
        print(name, variable.bytes_time().hex(), len(bytes(variable.data)))


{"show": show, "certificates": certificates, "auth-payloads": auth_payloads}[sys.argv[1]](*sys.argv[2:])
