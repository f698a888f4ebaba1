// A key to sign the benchmark's changes with, made by openssl for this alone: whoever has this file has it, too.

import UEFIAuthentication
import VariableFormats

enum SigningKey {
    /// A certificate that has signed itself, an authority.
    static func certificate() throws -> [UInt8] { try bytes(certificateText) }

    /// Its key, RSA of 2048 bits.
    static func key() throws -> RSASigningKey { try RSASigningKey(der: try bytes(keyText)) }

    private static func bytes(_ text: String) throws -> [UInt8] {
        try Base64.decode(text.utf8.filter { $0 != UInt8(ascii: "\n") })
    }

    private static let certificateText = """
        MIIDKTCCAhGgAwIBAgIUeOVLq93tdfpEF6lKuWdjDU/fY6YwDQYJKoZIhvcNAQELBQAwGzEZMBcGA1UEAwwQQ29yYmVsIGJlbmNobWFyazAg
        Fw0yNjExMjkxOTM0MDFaGA8yMDgxMDkwMTE5MzQwMVowGzEZMBcGA1UEAwwQQ29yYmVsIGJlbmNobWFyazCCASIwDQYJKoZIhvcNAQEBBQAD
        ggEPADCCAQoCggEBAI5VyE+KCByuwKnoR4TrnwQpCckOeREKtINmh4oeqdVPMEU/UwSLuBR65lh7PKqVXlLL/EckuoZF9MpOMXjpY6bJIgos
        I8x9yAYXDMpR4sY9RxAfslxPvpdXCzPZ1oE8rt9uSiAUwfQMg55MZavceEvVJgg0IiNij6wWmR4t9Nc3CJUmYuT3BghFPJnd3q9amSnrRSw7
        GNdIyK1qL9a+ufomhdg52NacDi+Q9431jqflCHmGwFZgYeFRj2YftvDbrbNAJjoqLocAsGdON43c3nG2rot3C/SVidT/i6HjiCROg4ebObyh
        AHjaBpywDB84lXnAQgcDbD50CQZdpbwWNSUCAwEAAaNjMGEwHQYDVR0OBBYEFMMRmkc9sJgC4tgEfKys+1JCjaYcMB8GA1UdIwQYMBaAFMMR
        mkc9sJgC4tgEfKys+1JCjaYcMA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMA0GCSqGSIb3DQEBCwUAA4IBAQAJaeUOlVWRm1Vp
        lV2aPAHNBDil13ERR/jftBkUXJ953lpyhsNXci+LfOHpG9VYR0+o4Go9MU3uyXwlZXeL7bKMxUYkPLG2jSrgOHM5/1zoefAQ4O4JoVWTK49O
        +4BfFJvRci3pc0K7ZNZj4qnIQlL92uO1R/nJpeO+sHYf4wZyOnUuMZFh+DW9+MiInL1CaepD9p3nGq0bre7vtyL9xAtXWNq7AjT9ElAHrRBz
        96S7ibWYedcozdCYZi6Nrvyv6f2S8JluExBZFFIkRMyYB6bCCORpBfg3ib12dD9nkktVFEDBdEyaDxp4xEOBlaC5VUKH+u0XLE48mqkRcIUf
        NxW8
        """

    private static let keyText = """
        MIIEowIBAAKCAQEAjlXIT4oIHK7AqehHhOufBCkJyQ55EQq0g2aHih6p1U8wRT9TBIu4FHrmWHs8qpVeUsv8RyS6hkX0yk4xeOljpskiCiwj
        zH3IBhcMylHixj1HEB+yXE++l1cLM9nWgTyu325KIBTB9AyDnkxlq9x4S9UmCDQiI2KPrBaZHi301zcIlSZi5PcGCEU8md3er1qZKetFLDsY
        10jIrWov1r65+iaF2DnY1pwOL5D3jfWOp+UIeYbAVmBh4VGPZh+28Nuts0AmOiouhwCwZ043jdzecbaui3cL9JWJ1P+LoeOIJE6Dh5s5vKEA
        eNoGnLAMHziVecBCBwNsPnQJBl2lvBY1JQIDAQABAoIBAAJ5u81PrXAbmqPkiNM8f9xZfwnn/l4NWBy4R0o1L1H+RGzSkEs8x4ZU/uBHaxjd
        FodidIWjk2TrdDmiiNoSq8DbsFkJ8dNy1UGZ3AdBdla+pmzsMt9yeZz15Bl87pilKWDJxnCZZn2BTDa6xcKVR+MAbDQUqAqtLP+FYxizHEDe
        oFs2sWXZPOeQp822e8BVsxgJ8qGnlx7vd94MyIcYAdseRS2+fOCaT7sbENhROvr5eYMeG3DB2SPbnbO1Xa6RTN7q0KJNkovj+5C2ldJCSGCm
        AqUhui4fcDshn4SqnKtGO1/0TjmRoVyAx1urE3JP0hXsobptXUptgrAbQ7BISPECgYEAxHUFuVIvzo4BavWjFMNTZaWXSphq9eVEJZ24XqBq
        QbuRSVtGyvSEVfCeQzzncyuTCV0yYuT7zeDmwXgwJNomn2rYboB90IIsm1JuYej3oA+FZvBVKe5AK6XXrn7rsYfY1pI68OPp8EDtHOzBejnP
        vX5T+SPedA9PMWYUZJDZQN0CgYEAuXl3tH6IwpVHEU5exPJnFOGQDpSpXptXmA1XBrsOq2x78K8vB/LR6IPLX77m9gtvMl9OgzSJslm19IYy
        CamiIPzTLKzJosDFFPZyCaKgTM97l4eVephnx7C97x0snhON5fau48UYemJXoFTpRCMJwEUUGOK/0NCFp2MOuAsqHOkCgYEAuyV7OWo4jn0q
        jpjHLP1RUdBoCjCeG/a2b1sLCmGoN0wWABqKmsZJ1pBsQ0MefNEytcXpPNpDoYEwcXcr7b8+8bhXyxRuRhXrpl7lNjI2ymxeuYwSpOoIiUvn
        5ZuUrT7q6qTMrzN+ZFeFSXukZ+nwouRX3Es2G7uFxlom7RIrU6UCgYBzxz1QMISSYrjgNrm121M5l6xjTa2EXxgI1Jr0mqQHokqj7dc/8PXT
        XSIA/JwUDwM0wIW0JYGnEZUhtPtbSMbqLKhuBNZBgHAGK+j31sqV6BbQelR3GNf/sXZ+4wlNDAvR93EowYoMK4NjlF2gqPaXTQfEmRb/9IrZ
        +F3hySZasQKBgGIyiSQATjX935ao980FQZeQs4ik4961yr6Xm1eTwoLnBnH320fQbyq/g5bkQAz418wrUKD+le8qjVfxidzTpeA3MgZy6mFX
        1R25cuxJqDchi3rEO/v/DzaKfeEHQebjmLCk5M1vPEm7Y0zHAgyohwYOFOw6DC1o6LsDHyXYKSo1
        """
}
