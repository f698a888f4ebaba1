swift build -c release --static-swift-stdlib
corbel sandbox start --socket /tmp/pipe-sandbox
export CORBEL_HYPERVISOR=sandbox:/tmp/pipe-sandbox
corbel sandbox domain create --vcpus 2        # prints its id: 1
.build/release/GuestPipe 1 &                  # the program, as it would run on a host
sleep 1                                       # until it serves
corbel sandbox run pipe.script                # each step, and what came of it; status 1: not as expected
corbel sandbox stop                           # the program ends too
