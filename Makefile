# Corbel: `make run` shows a Swift device model serving a Linux guest on real Xen, then
# UEFI variables of a guest's firmware; `make test` proves everything.
# Both install what is missing (apt only, each command is printed first) and build.
PREFIX ?= /usr/local
SWIFT_BUILD = swift build -c release
PROGRAMS = corbel SerialConsole PortScratch MemoryMappedRegisters PCIFunction FrameBuffer ShadowTable BlockDevice

.PHONY: all run test bench fuzz lint docs install clean build setup-run setup-test

all: build

build:
	@$(SWIFT_BUILD)

setup-run:
	@Lab/setup run

setup-test:
	@Lab/setup test

run: setup-run build
	@Guests/build .build-guests >/dev/null
	@.build/release/corbel demo --firmware .build-guests/firmware.elf $(DEMO)

test: setup-test
	@Tests/run $(ONLY)

bench: setup-test
	@Benchmarks/run

fuzz: setup-test
	@failed=; for target in Fuzz/*/; do \
	    Fuzz/run "$$(basename "$$target")" "$${FUZZ_SECONDS:-600}" || failed=1; done; [ -z "$$failed" ]

lint:
	@Tests/Style/check

docs:
	@Documentation/build .build-docs

# Builds nothing: as root it would leave root's files here.
install:
	@for program in $(PROGRAMS); do \
	    [ -x .build/release/$$program ] || { echo "$$program is not built: run make first" >&2; exit 2; }; done
	@for program in $(PROGRAMS); do \
	    install -D -m 755 $$(command -v strip >/dev/null && echo -s) \
	        .build/release/$$program $(DESTDIR)$(PREFIX)/bin/$$program && \
	    echo "installed $(DESTDIR)$(PREFIX)/bin/$$program" || exit 1; done

clean:
	@rm -rf .build .build-*
