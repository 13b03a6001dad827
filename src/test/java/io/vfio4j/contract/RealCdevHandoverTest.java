package io.vfio4j.contract;

import org.junit.jupiter.api.Tag;

/**
 * The same on a real kernel that has device cdevs beside the groups: QEMU and the program in C have the device through its group, and
 * this process, where it offers a device of its own, through the node.
 */
@Tag("real-kernel-cdev")
class RealCdevHandoverTest extends RealHandoverContract {
    @Override
    String dialect() {
        return "port";
    }
}
