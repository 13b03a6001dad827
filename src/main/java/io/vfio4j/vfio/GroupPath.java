package io.vfio4j.vfio;

import io.vfio4j.kvm.KvmVm;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import java.io.IOException;
import java.util.Optional;

/** Opens a device through its group: container, group, IOMMU, VM, device. */
final class GroupPath {
    private GroupPath() {}

    static Attached attach(SystemCalls calls, HostDevice host, Optional<KvmVm> vm) throws IOException {
        int number = host.group().orElseThrow(() -> noGroup(host));
        Attachment opened = new Attachment();
        boolean success = false;
        try {
            VfioContainer container = opened.add(VfioContainer.open(calls));
            VfioGroup group = opened.add(VfioGroup.open(calls, number));
            group.setContainer(container);
            container.setIommu();
            if (vm.isPresent()) {
                opened.add(vm.get().associate(group.descriptor()));
            }
            IoAddressSpace dma = new IoAddressSpace(calls, new Type1Dma(calls, container.descriptor()));
            opened.add(dma::close);
            Descriptor device = opened.add(group.openDevice(host.name()));
            opened.addLast(dma::releaseKept);
            success = true;
            return new Attached(AttachPath.GROUP, device, dma, opened);
        } finally {
            if (!success) {
                opened.close();
            }
        }
    }

    private static LinuxException noGroup(HostDevice host) {
        String advice = host.node()
                .map(node -> "This kernel has no groups; the device's own node is " + node + ".")
                .orElse("The device has no IOMMU group, so no VFIO driver is bound to it.");
        return new LinuxException(Errno.ENODEV, "look up the group of", host.path()).withAdvice(advice);
    }
}
