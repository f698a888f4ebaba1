# Corbel: `make run` shows a Swift device model serving a Linux guest on real Xen, then
# UEFI variables of a guest's firmware; `make test` proves everything.
# Both install what is missing (apt only, each command is printed first) and build.
PREFIX ?= /usr/local
SWIFT_BUILD = swift build -c release
PROGRAMS = corbel SerialConsole PortScratch MemoryMappedRegisters PCIFunction FrameBuffer ShadowTable BlockDevice
DAEMONS = varstored xenstored
# Programs of everyone's, and the names of the C tools that they have too.
CLIENTS = xenstore
LINKS = read write list ls rm exists chmod watch control
# Where the tools go, nothing: nowhere. Not to /usr by themselves: the distribution has files of the same names there.
TOOLS ?= $(if $(filter /usr,$(PREFIX)),/usr/local,$(PREFIX))
UNITS = varstored@.service varstored-vm@.service corbel-xenstored.service

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

# Builds nothing: as root it would leave root's files here. xenopsd looks for varstored in /usr/sbin: PREFIX=/usr.
install:
	@for program in $(PROGRAMS) $(DAEMONS) $(CLIENTS); do \
	    [ -x .build/release/$$program ] || { echo "$$program is not built: run make first" >&2; exit 2; }; done
	@put() { install -D "$$@" && for last; do :; done && echo "installed $$last"; }; \
	to=$(DESTDIR)$(PREFIX); strip=$$(command -v strip >/dev/null && echo -s); set -e; \
	for program in $(PROGRAMS); do put -m 755 $$strip .build/release/$$program $$to/bin/$$program; done; \
	for daemon in $(DAEMONS); do put -m 755 $$strip .build/release/$$daemon $$to/sbin/$$daemon; done; \
	put -m 755 Packaging/varstored-xl $$to/sbin/varstored-xl; \
	for daemon in $(DAEMONS); do put -m 644 Documentation/man/$$daemon.8 $$to/share/man/man8/$$daemon.8; \
	    put -m 644 Documentation/$$daemon.md $$to/share/doc/corbel/$$daemon.md; done; \
	put -m 644 Documentation/xenstored-metrics.md $$to/share/doc/corbel/xenstored-metrics.md; \
	put -m 644 Packaging/varstored.conf $$to/share/doc/corbel/examples/varstored.conf; \
	put -m 755 Packaging/xenopsd-command $$to/share/doc/corbel/examples/xenopsd-command; \
	if [ -n "$(TOOLS)" ]; then to_tools=$(DESTDIR)$(TOOLS); \
	    put -m 755 $$strip .build/release/xenstore $$to_tools/bin/xenstore; \
	    for link in $(LINKS); do ln -sf xenstore $$to_tools/bin/xenstore-$$link; \
	        echo "installed $$to_tools/bin/xenstore-$$link"; done; \
	    put -m 644 Documentation/man/xenstore.1 $$to_tools/share/man/man1/xenstore.1; fi; \
	for unit in $(UNITS); do put -m 644 Packaging/$$unit $$to/lib/systemd/system/$$unit; \
	    sed -i 's|@PREFIX@|$(PREFIX)|g' $$to/lib/systemd/system/$$unit; done

clean:
	@rm -rf .build .build-*
