// swift-tools-version: 6.3
import PackageDescription

let package = Package(
    name: "guest-pipe",
    dependencies: [.package(path: "../corbel")],
    targets: [
        .executableTarget(
            name: "GuestPipe",
            dependencies: [
                .product(name: "XenABI", package: "corbel"),
                .product(name: "XenDeviceModel", package: "corbel"),
                .product(name: "XenLinux", package: "corbel"),
            ]),
        .testTarget(
            name: "GuestPipeTests",
            dependencies: [
                "GuestPipe",
                .product(name: "HypervisorModel", package: "corbel"),
                .product(name: "XenDeviceModel", package: "corbel"),
                .product(name: "XenDeviceModelTesting", package: "corbel"),
            ]),
    ]
)
