// swift-tools-version: 6.3
// One manifest for both worlds: CORBEL_EMBEDDED=1 selects Embedded Swift settings and the targets that must compile
// under them (column E of the layering table in CONTRIBUTING.md). The two worlds need scratch paths of their own.
import PackageDescription

let embedded = Context.environment["CORBEL_EMBEDDED"] == "1"

/// What every target of ours is compiled with.
let house: [SwiftSetting] =
    [
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ] + (embedded ? [.enableExperimentalFeature("Embedded"), .unsafeFlags(["-wmo"])] : [])

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, path: "Sources/\(name)", swiftSettings: house)
}

/// A program without Foundation, Dispatch or Concurrency: the Swift runtime is linked in, nothing else is needed.
func program(_ name: String, _ dependencies: [Target.Dependency], path: String, exclude: [String] = []) -> Target {
    .executableTarget(
        name: name, dependencies: dependencies, path: path, exclude: exclude, swiftSettings: house,
        linkerSettings: [
            .unsafeFlags(["-static-stdlib", "-Xlinker", "--gc-sections"], .when(configuration: .release))
        ])
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: house)
}

/// Column E: no system call, freestanding.
let pureTargets: [Target] = [
    library("XenABI"),
    library("StatisticsPage"),
    library("XenPlatform", ["XenABI", "StatisticsPage"]),
    library("XenDeviceModel", ["XenABI", "XenPlatform", "StatisticsPage"]),
    library("SandboxWire", ["XenABI", "XenPlatform"]),
    library("UEFIVariables"),
    library("TraceKit", ["XenABI", "XenPlatform"]),
    library("XenstoreWire"),
]

/// Column E/L: Embedded Swift on Linux, by system calls.
let systemTargets: [Target] = [
    .target(name: "CSystem", path: "Sources/CSystem"),
    library("SystemCalls", ["CSystem"]),
    library("ServerCalls", ["CSystem", "SystemCalls"]),
    // Apart from SystemCalls for what it asks libc for: no device model links it.
    library("DaemonConfinement", ["CSystem", "SystemCalls"]),
    // The same: fork and exec are for a daemon that goes to the background or is updated while it runs, and no other.
    library("DaemonCalls", ["CSystem", "SystemCalls"]),
    library("EventLoop", ["SystemCalls"]),
    library("DaemonShell", ["StatisticsPage", "XenPlatform", "SystemCalls"]),
    library("SandboxClient", ["XenABI", "XenPlatform", "SystemCalls", "SandboxWire"]),
    library(
        "XenLinux",
        [
            "XenABI", "XenPlatform", "XenDeviceModel", "StatisticsPage", "SystemCalls", "DaemonShell", "SandboxClient",
            "TraceKit",
        ]),
]

/// The other side of the hypercall: the model of Xen, and what makes a platform of it.
let modelTargets: [Target] = [
    library("HypervisorModel", ["XenABI", "XenPlatform"]),
    library(
        "SandboxServer",
        ["XenABI", "XenPlatform", "HypervisorModel", "SystemCalls", "ServerCalls", "EventLoop", "SandboxWire"]),
    library(
        "XenDeviceModelTesting", ["XenABI", "XenPlatform", "XenDeviceModel", "HypervisorModel", "SandboxServer"]),
]

/// Signatures of variables: the only targets with code of other packages below a daemon.
let authenticationTargets: [Target] = [
    library(
        "UEFIAuthentication",
        [
            "UEFIVariables", .product(name: "SwiftASN1", package: "swift-asn1"),
            .product(name: "Crypto", package: "swift-crypto"),
            .product(name: "CryptoExtras", package: "swift-crypto"),
        ])
]

/// Files with variables, read and written.
let formatTargets: [Target] = [library("VariableFormats", ["UEFIVariables"])]

/// What varstored and its tests need.
let varstored: [Target.Dependency] = [
    "UEFIVariables", "UEFIAuthentication", "VariableFormats", "VariableService", "VariableBackends", "XenstoreClient",
    "XenABI", "XenPlatform", "XenDeviceModel", "XenLinux", "SystemCalls", "EventLoop", "DaemonShell",
    "DaemonConfinement",
]

/// varstored: its Xenstore, its device, where it keeps variables, and the program.
let variableTargets: [Target] = [
    library("XenstoreClient", ["XenstoreWire", "SystemCalls"]),
    library(
        "VariableService",
        ["UEFIVariables", "XenABI", "XenPlatform", "XenDeviceModel", "SystemCalls", "EventLoop", "DaemonShell"]),
    library(
        "VariableBackends",
        ["VariableService", "VariableFormats", "UEFIVariables", "SystemCalls", "EventLoop", "DaemonShell"]),
    // It carries what swift-crypto brings: of Foundation the part without ICU, and what that is made of.
    .executableTarget(
        name: "varstored", dependencies: varstored, path: "Sources/varstored", swiftSettings: house,
        linkerSettings: [
            .unsafeFlags(
                [
                    "-static-stdlib", "-Xlinker", "--gc-sections", "-l_FoundationCShims", "-l_FoundationCollections",
                    "-lswiftSynchronization",
                ], .when(configuration: .release))
        ]),
    // The examples of xenstored.md 3, for both sides.
    .target(name: "XenstoreVectors", path: "Tests/XenstoreVectors", swiftSettings: house),
    tests("XenstoreWireTests", ["XenstoreWire", "XenstoreVectors"]),
    tests("XenstoreClientTests", ["XenstoreClient", "XenstoreWire", "SystemCalls", "ServerCalls"]),
    tests(
        "VariableServiceTests",
        [
            "VariableService", "UEFIVariables", "XenABI", "XenPlatform", "XenDeviceModel", "XenDeviceModelTesting",
            "HypervisorModel", "SystemCalls", "EventLoop", "DaemonShell",
        ]),
    tests(
        "VariableBackendsTests",
        [
            "VariableBackends", "VariableService", "VariableFormats", "UEFIVariables", "SystemCalls", "ServerCalls",
            "EventLoop", "DaemonShell", "FakeXAPI",
        ]),
    // A toolstack that speaks XAPI's bytes, on a loop of a test or as a program for scripts.
    .target(
        name: "FakeXAPI", dependencies: ["SystemCalls", "ServerCalls", "EventLoop"], path: "Tests/FakeXAPI/Library",
        swiftSettings: house),
    program("fake-xapi", ["FakeXAPI", "SystemCalls", "EventLoop"], path: "Tests/FakeXAPI/Program"),
    // Rounds of kill -9 while a file with state is written (Tests/Varstored/check).
    program(
        "varstored-kill-test", ["VariableBackends", "VariableService", "DaemonShell", "SystemCalls", "CSpawn"],
        path: "Tests/Varstored/KillRounds"),
    tests("VarstoredTests", varstored + ["varstored", "XenDeviceModelTesting", "HypervisorModel", "ServerCalls"]),
]

/// What xenstored and its tests need.
let xenstored: [Target.Dependency] = [
    "XenstoreServer", "XenstoreCore", "XenstoreWire", "XenABI", "XenPlatform", "XenLinux", "SystemCalls", "ServerCalls",
    "EventLoop", "DaemonShell", "DaemonCalls", "DaemonConfinement",
]

/// The Xenstore server's daemon, and the tools that talk to one.
let xenstoreServerTargets: [Target] = [
    library(
        "XenstoreServer",
        [
            "XenABI", "XenPlatform", "XenstoreWire", "XenstoreCore", "SystemCalls", "ServerCalls", "DaemonCalls",
            "EventLoop", "DaemonShell",
        ]),
    tests(
        "XenstoreServerTests",
        [
            "XenstoreServer", "XenstoreCore", "XenstoreClient", "XenABI", "XenPlatform", "XenstoreWire", "SystemCalls",
            "ServerCalls", "EventLoop", "DaemonShell", "xenstore",
        ]),
    program("xenstored", xenstored, path: "Sources/xenstored"),
    tests("XenstoredTests", xenstored + ["xenstored"]),
    // One program with the names of the C tools as links.
    program("xenstore", ["XenstoreClient", "XenstoreWire", "SystemCalls"], path: "Sources/xenstore"),
    tests("XenstoreToolTests", ["xenstore", "XenstoreClient", "XenstoreWire", "SystemCalls", "ServerCalls"]),
    // Clients by the thousand, floods and long runs, for Tests/Xenstored/check and `make bench`.
    program(
        "xenstore-load", ["XenstoreClient", "XenstoreWire", "SystemCalls", "ServerCalls", "EventLoop"],
        path: "Benchmarks/xenstore/load"),
    // What the store itself takes, without a daemon.
    program(
        "xenstore-core-bench", ["CSpawn", "XenstoreCore", "XenstoreWire", "SystemCalls"],
        path: "Benchmarks/xenstore/core"),
    // Floods by a guest, and what others' requests wait for meanwhile: the platform is that of XenstoreServerTests.
    program(
        "xenstore-flood",
        [
            "XenstoreServer", "XenstoreCore", "XenABI", "XenPlatform", "XenstoreWire", "SystemCalls", "ServerCalls",
            "EventLoop", "DaemonShell", "CSpawn",
        ], path: "Tests/Xenstored/flood"),
    program(
        "xenstore-soak", ["XenstoreCore", "XenstoreWire", "SystemCalls", "CSpawn"], path: "Tests/Xenstored/soak"),
]

let deviceModel: [Target.Dependency] = ["XenABI", "XenPlatform", "XenDeviceModel", "XenLinux", "SystemCalls"]

let programTargets: [Target] = [
    .target(
        name: "LabFiles", path: "Lab", exclude: ["setup", "conformance"],
        resources: [
            "dom0-init", "lab-mark", "lab-leave", "guest-run", "guest-init", "demo-guest.cfg", "demo.sh",
            "demo-variables.sh", "demo-firmware.cfg", "dom0-shell", "dom0-profile", "dom0-readme", "guest-lines",
        ].map { .embedInCode($0) },
        swiftSettings: house),
    library("LabKit", ["LabFiles"]),
    library("TopKit", ["XenABI", "StatisticsPage", "DaemonShell", "SystemCalls", "HypervisorModel"]),
    .executableTarget(
        name: "corbel",
        dependencies: deviceModel + [
            "LabKit", "TopKit", "DaemonShell", "StatisticsPage", "HypervisorModel", "SandboxServer", "SandboxClient",
            "SandboxWire", "ServerCalls", "EventLoop", "TraceKit", "ConformanceSuite",
            .product(name: "ArgumentParser", package: "swift-argument-parser"),
        ],
        path: "Sources/corbel", swiftSettings: house,
        // Operators' hosts have no Swift: its runtime and Foundation are linked in, and what Foundation is made of.
        linkerSettings: [
            .unsafeFlags(
                [
                    "-static-stdlib", "-Xlinker", "--gc-sections", "-lCoreFoundation", "-l_FoundationICU",
                    "-l_FoundationCShims", "-l_FoundationCollections", "-lBlocksRuntime", "-ldispatch",
                ], .when(configuration: .release))
        ]),
    program("SerialConsole", deviceModel + ["EventLoop", "DaemonShell"], path: "Examples/SerialConsole"),
    program("PortScratch", deviceModel, path: "Examples/PortScratch"),
    program("MemoryMappedRegisters", deviceModel, path: "Examples/MemoryMappedRegisters", exclude: ["README.md"]),
    program("PCIFunction", deviceModel, path: "Examples/PCIFunction", exclude: ["README.md"]),
    program("FrameBuffer", deviceModel, path: "Examples/FrameBuffer", exclude: ["README.md"]),
    program("ShadowTable", deviceModel, path: "Examples/ShadowTable", exclude: ["README.md"]),
    program("BlockDevice", deviceModel, path: "Examples/BlockDevice", exclude: ["README.md"]),
]

/// What the conformance suite and its program need: the suite runs on real Xen, on the model and on a sandbox.
let conformance: [Target.Dependency] = [
    "XenABI", "XenPlatform", "HypervisorModel", "SandboxClient", "SandboxWire", "SystemCalls", "ServerCalls",
]

let conformanceTargets: [Target] = [
    library("ConformanceSuite", conformance),
    tests("ConformanceSuiteTests", conformance + ["ConformanceSuite", "SandboxServer"]),
]

/// What the tests of a device need, as a user's would.
let deviceTests: [Target.Dependency] = ["XenABI", "XenDeviceModel", "XenDeviceModelTesting", "HypervisorModel"]

let testTargets: [Target] = [
    tests("XenABITests", ["XenABI"]),
    tests("StatisticsPageTests", ["StatisticsPage"]),
    tests(
        "DaemonShellTests",
        ["DaemonShell", "DaemonConfinement", "StatisticsPage", "SystemCalls", "ServerCalls", "XenPlatform"]),
    tests("TopKitTests", ["TopKit", "DaemonShell", "StatisticsPage", "HypervisorModel"]),
    tests("XenDeviceModelTests", ["XenABI", "XenPlatform", "XenDeviceModel", "StatisticsPage"]),
    tests("HypervisorModelTests", ["HypervisorModel", "XenABI", "XenPlatform", "ModelAgreement"]),
    // The model beside naive ones, a step at random after the other: some in the unit tests, a million for release.
    .target(
        name: "ModelAgreement", dependencies: ["HypervisorModel", "XenABI"], path: "Tests/ModelAgreement",
        swiftSettings: house),
    .executableTarget(
        name: "corbel-agreement",
        dependencies: [
            "ModelAgreement", "XenABI", "XenPlatform", "XenDeviceModel", "HypervisorModel", "SandboxServer",
            "SystemCalls",
        ], path: "Tests/Agreement",
        swiftSettings: house),
    tests("UEFIVariablesTests", ["UEFIVariables"]),
    tests("VariableFormatsTests", ["VariableFormats", "UEFIVariables", "UEFIAuthentication"]),
    // Converts files with variables, for Tests/UEFIPeers/formats.
    .executableTarget(
        name: "uefi-formats-test",
        dependencies: ["VariableFormats", "UEFIVariables", "UEFIAuthentication", "SystemCalls"],
        path: "Tests/UEFIPeers/formats-program", swiftSettings: house),
    tests("UEFIAuthenticationTests", ["UEFIAuthentication", "UEFIVariables"]),
    // Our side of the tests against OpenSSL and efitools (Tests/UEFIPeers/check).
    .executableTarget(
        name: "uefi-peer-test", dependencies: ["UEFIAuthentication", "UEFIVariables"],
        path: "Tests/UEFIPeers/program", swiftSettings: house),
    tests(
        "TraceKitTests", ["TraceKit", "SandboxServer", "HypervisorModel", "XenABI", "XenPlatform", "XenDeviceModel"]),
    tests("SandboxWireTests", ["SandboxWire", "XenABI", "XenPlatform"]),
    tests(
        "SandboxServerTests",
        [
            "SandboxServer", "SandboxClient", "SandboxWire", "HypervisorModel", "XenABI", "XenPlatform",
            "XenDeviceModel", "SystemCalls", "ServerCalls", "EventLoop",
        ]),
    tests(
        "XenDeviceModelTestingTests",
        ["XenDeviceModelTesting", "HypervisorModel", "SandboxServer", "XenABI", "XenPlatform", "XenDeviceModel"]),
    // The exerciser's own sources on the model: the guest that real Xen runs, a thread for each vCPU.
    .target(
        name: "Machine", dependencies: ["SystemCalls", "ServerCalls"], path: "Tests/Sandbox/Machine",
        swiftSettings: house),
    .target(
        name: "ExerciserGuest", dependencies: ["Machine"], path: "Guests/exerciser",
        exclude: ["Places.S"], swiftSettings: house),
    .target(
        name: "FirmwareGuest", dependencies: ["Machine"], path: "Guests/firmware", exclude: ["Places.S", "keys"],
        swiftSettings: house),
    .target(
        name: "ModelMachine",
        dependencies: ["Machine", "SandboxServer", "HypervisorModel", "SystemCalls", "ServerCalls", "XenABI"],
        path: "Tests/Sandbox/ModelMachine", swiftSettings: house),
    .executableTarget(
        name: "sandbox-firmware",
        dependencies: [
            "FirmwareGuest", "Machine", "ModelMachine", "UEFIVariables", "SandboxServer", "HypervisorModel",
            "EventLoop", "SystemCalls", "ServerCalls", "XenABI", "XenPlatform",
        ],
        path: "Tests/Sandbox/firmware", swiftSettings: house),
    .executableTarget(
        name: "sandbox-exerciser",
        dependencies: [
            "ExerciserGuest", "Machine", "ModelMachine", "SandboxServer", "HypervisorModel", "EventLoop", "SystemCalls",
            "ServerCalls", "XenABI",
        ],
        path: "Tests/Sandbox/exerciser", swiftSettings: house),
    tests("SystemCallsTests", ["SystemCalls", "ServerCalls"]),
    tests("ServerCallsTests", ["ServerCalls"]),
    tests("EventLoopTests", ["EventLoop", "SystemCalls"]),
    tests("XenLinuxTests", ["XenLinux", "SystemCalls", "XenABI", "XenPlatform", "XenDeviceModel"]),
    tests("SerialConsoleTests", deviceModel + ["SerialConsole", "EventLoop", "XenDeviceModelTesting"]),
    tests("PortScratchTests", ["PortScratch"] + deviceTests),
    tests("MemoryMappedRegistersTests", ["MemoryMappedRegisters"] + deviceTests),
    tests("PCIFunctionTests", ["PCIFunction"] + deviceTests),
    tests("FrameBufferTests", ["FrameBuffer", "StoredPNG"] + deviceTests),
    tests("ShadowTableTests", ["ShadowTable"] + deviceTests),
    tests("BlockDeviceTests", ["BlockDevice", "SystemCalls"] + deviceTests),
    // The tutorial's device as it is at its end; the files are links to those that the tutorial shows.
    program("GuestPipe", deviceModel, path: "Tests/Tutorial/GuestPipe"),
    .testTarget(
        name: "GuestPipeTests", dependencies: ["GuestPipe"] + deviceTests, path: "Tests/Tutorial/GuestPipeTests",
        swiftSettings: house),
    tests("LabKitTests", ["LabKit"]),
    // Long runs of the library, built for release; prints TAP.
    .executableTarget(
        name: "corbel-endurance", dependencies: ["XenABI", "XenPlatform", "XenDeviceModel"], path: "Tests/Endurance",
        swiftSettings: house),
    // The same for varstored's device.
    .executableTarget(
        name: "corbel-variable-endurance",
        dependencies: [
            "CSpawn", "VariableService", "UEFIVariables", "XenABI", "XenPlatform", "XenDeviceModel",
            "XenDeviceModelTesting", "HypervisorModel", "SystemCalls", "EventLoop", "DaemonShell",
        ],
        path: "Tests/VariableEndurance", swiftSettings: house),
    // A program that confines itself, for Tests/Confinement/check.
    .target(name: "CForbidden", path: "Tests/Confinement/CForbidden"),
    program(
        "confinement-test",
        ["CForbidden", "DaemonConfinement", "DaemonShell", "XenLinux", "XenPlatform", "SystemCalls"],
        path: "Tests/Confinement/program"),
    // Programs for dom0 of the lab: they print TAP.
    .target(
        name: "TAP", dependencies: ["XenABI", "SystemCalls"], path: "Tests/RealXen/TAP", swiftSettings: house),
    .target(
        name: "GuestDriving", dependencies: deviceModel, path: "Tests/RealXen/GuestDriving", swiftSettings: house),
    program("xen-transport-test", deviceModel + ["TAP"], path: "Tests/RealXen/transport"),
    program("xen-devicemodel-test", deviceModel + ["TAP", "GuestDriving"], path: "Tests/RealXen/devicemodel"),
    program(
        "xen-xenstore-test", ["XenstoreClient", "XenstoreWire", "SystemCalls", "TAP"], path: "Tests/RealXen/xenstore"),
    .target(name: "StoredPNG", path: "Tests/StoredPNG", swiftSettings: house),
    program("xen-examples-test", deviceModel + ["TAP", "GuestDriving", "StoredPNG"], path: "Tests/RealXen/examples"),
    // The fence: what system calls our programs make, against a list (Tests/RealXen/FenceRules/stable-list).
    .target(name: "CTrace", path: "Tests/RealXen/CTrace"),
    .target(
        name: "FenceRules", dependencies: ["XenABI"], path: "Tests/RealXen/FenceRules",
        resources: [.embedInCode("stable-list")], swiftSettings: house),
    tests("FenceRulesTests", ["FenceRules", "XenABI"]),
    program("xen-fence", ["CTrace", "FenceRules", "SystemCalls"], path: "Tests/RealXen/fence"),
    program("corbel-bench", deviceModel + ["GuestDriving"], path: "Benchmarks/swift"),
    // The sandbox's part of `make bench`: no Xen is needed.
    .target(name: "CSpawn", path: "Benchmarks/sandbox/CSpawn"),
    program(
        "corbel-sandbox-bench",
        [
            "CSpawn", "XenABI", "XenPlatform", "XenDeviceModel", "HypervisorModel", "SandboxServer", "SandboxClient",
            "SandboxWire", "SystemCalls",
        ],
        path: "Benchmarks/sandbox/swift"),
    // It carries what swift-crypto brings.
    .executableTarget(
        name: "corbel-uefi-bench",
        dependencies: [
            "CSpawn", "SystemCalls", "UEFIVariables", "UEFIAuthentication", "VariableFormats", "VariableService",
            "XenABI", "XenPlatform", "XenDeviceModel", "XenDeviceModelTesting", "HypervisorModel", "EventLoop",
            "DaemonShell",
        ],
        path: "Benchmarks/uefi", swiftSettings: house),
]

/// The Xenstore server without its daemon.
let xenstoreTargets: [Target] = [
    library("XenstoreCore", ["XenstoreWire"]),
    tests("XenstoreCoreTests", ["XenstoreCore", "XenstoreWire", "XenstoreVectors"]),
]

let package = Package(
    name: "corbel",
    products: [
        .library(name: "XenABI", targets: ["XenABI"]),
        .library(name: "XenPlatform", targets: ["XenPlatform"]),
        .library(name: "XenDeviceModel", targets: ["XenDeviceModel"]),
        .library(name: "StatisticsPage", targets: ["StatisticsPage"]),
        .library(name: "DaemonShell", targets: ["DaemonShell"]),
        .library(name: "XenLinux", targets: ["XenLinux", "SystemCalls"]),
        .library(name: "EventLoop", targets: ["EventLoop"]),
        .library(name: "UEFIVariables", targets: ["UEFIVariables"]),
    ]
        + (embedded
            ? []
            : [
                .library(name: "HypervisorModel", targets: ["HypervisorModel"]),
                .library(name: "XenDeviceModelTesting", targets: ["XenDeviceModelTesting"]),
            ]),
    dependencies: embedded
        ? []
        : [
            .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
            .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
            .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        ],
    targets: pureTargets + systemTargets
        + (embedded
            ? []
            : modelTargets + authenticationTargets + formatTargets + variableTargets + xenstoreTargets
                + xenstoreServerTargets + conformanceTargets + programTargets + testTargets),
    swiftLanguageModes: [.v6]
)
