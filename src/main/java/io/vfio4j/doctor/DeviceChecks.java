package io.vfio4j.doctor;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.proc.Holders;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** One device: what holds it, and who. */
final class DeviceChecks {
    private static final String VFIO_DEVICE = "anon_inode:[vfio-device]";
    private static final String CONTAINER = "/dev/vfio/vfio";
    private static final String IOMMUFD = "/dev/iommu";

    private final SystemCalls calls;
    private final HostDevice device;
    private final KernelChecks kernel;
    private final GroupLook groupLook;
    private final Holders holders;

    DeviceChecks(SystemCalls calls, HostDevice device) {
        this.calls = calls;
        this.device = device;
        this.kernel = new KernelChecks(calls);
        this.groupLook = GroupLook.of(calls, device);
        this.holders = holders();
    }

    private Optional<String> groupNode() {
        return device.group().isPresent()
                ? Optional.of("/dev/vfio/" + device.group().getAsInt())
                : Optional.empty();
    }

    Finding device(Check check) throws LinuxException {
        String driver = Reading.linked(calls, device.path() + "/driver");
        return device.mdev().isPresent() ? mediated(check, device.mdev().get(), driver) : pci(check, driver);
    }

    private Finding mediated(Check check, MdevDevice mdev, String driver) throws LinuxException {
        String found = "A mediated device" + (mdev.type().isEmpty() ? "" : " of type " + mdev.type())
                + (mdev.parent().isEmpty() ? "" : " of " + mdev.parent());
        if (!driver.isEmpty()) {
            return check.ok(found + ", driver " + driver + ".");
        }
        boolean oldKernel = KernelRelease.of(calls)
                .filter(release -> KernelRelease.isBefore(release, 5, 19))
                .isPresent();
        return check.problem(
                found + ", to which no VFIO driver is bound.",
                oldKernel && !KernelPart.VFIO_MDEV.isThere(calls)
                        ? KernelPart.VFIO_MDEV.remedy(calls)
                        : "It is being removed, or its driver was unloaded. A removal waits until everybody has closed it.");
    }

    private Finding pci(Check check, String driver) throws LinuxException {
        if (VfioDrivers.holds(calls, device.path())) {
            return check.ok("A PCI device, driver " + driver + ".");
        }
        return check.problem(
                "A PCI device that VFIO does not have: "
                        + (driver.isEmpty() ? "no driver is bound." : "the driver " + driver + " is bound."),
                loadVfioPci() + "As root: " + handToVfio(device.name(), driver)
                        + " The host cannot use the device then.");
    }

    private String loadVfioPci() {
        return KernelPart.VFIO_PCI.isThere(calls) ? "" : KernelPart.VFIO_PCI.remedy(calls) + " ";
    }

    private static String handToVfio(String address, String driver) {
        String path = "/sys/bus/pci/devices/" + address;
        return "echo vfio-pci > " + path + "/driver_override; "
                + (driver.isEmpty() ? "" : "echo " + address + " > " + path + "/driver/unbind; ")
                + "echo " + address + " > /sys/bus/pci/drivers_probe.";
    }

    Finding group(Check check) throws LinuxException {
        if (device.group().isEmpty()) {
            if (device.node().isPresent()) {
                return check.ok("None; the device has a node of its own, "
                        + device.node().get() + ".");
            }
            return device.mdev().isPresent()
                    ? check.problem("It has no IOMMU group.", "No VFIO driver is bound to it: see there.")
                    : check.problem(
                            "It has no IOMMU group: no IOMMU is in use, or it does not cover the device.",
                            kernel.iommuRemedy());
        }
        int number = device.group().getAsInt();
        String directory = "/sys/kernel/iommu_groups/" + number;
        // Not by the group's name: mediated devices are in groups called vfio-noiommu as well.
        if (calls.exists("/dev/vfio/noiommu-" + number)) {
            return check.problem(
                    "Group " + number + " is one without an IOMMU, which vfio4j does not attach to.",
                    kernel.iommuRemedy());
        }
        List<String> breaking = new ArrayList<>();
        List<String> members = Reading.names(calls, directory + "/devices");
        for (String member : members) {
            String path = directory + "/devices/" + member;
            if (VfioDrivers.breaksGroup(calls, path)) {
                breaking.add(member);
            }
        }
        if (!breaking.isEmpty()) {
            return notViable(check, number, breaking);
        }
        return groupLook.saysNotViable()
                ? check.problem(
                        "Group " + number + " (" + String.join(", ", members) + ") is not viable, says the kernel.",
                        "A driver of the host uses one of these devices: bind them all to vfio-pci.")
                : check.ok("Group " + number + ", "
                        + (members.size() == 1
                                ? "of this device alone."
                                : members.size() + " devices, none of them used by the host: "
                                        + String.join(", ", members) + "."));
    }

    private Finding notViable(Check check, int number, List<String> breaking) throws LinuxException {
        List<String> named = new ArrayList<>();
        List<String> steps = new ArrayList<>();
        for (String member : breaking) {
            String driver =
                    Reading.linked(calls, "/sys/kernel/iommu_groups/" + number + "/devices/" + member + "/driver");
            named.add(member + " (driver " + driver + ")");
            if (HostDevice.isPciAddress(member)) {
                steps.add(handToVfio(member, driver));
            }
        }
        return check.problem(
                "Group " + number + " is not viable: the host uses " + String.join(", ", named) + ".",
                loadVfioPci() + "All devices of a group are given away together. As root: " + String.join(" ", steps)
                        + " Or plug the device into another slot, which may have a group of its own.");
    }

    private Holders holders() {
        List<String> nodes = new ArrayList<>();
        groupNode().ifPresent(nodes::add);
        device.node().ifPresent(nodes::add);
        return Holders.of(calls, nodes);
    }

    /** Who has the device. */
    Finding free(Check check) {
        if (holders.includesSelf()) {
            return check.ok("This process has it open.");
        }
        if (!holders.list().isEmpty()) {
            return check.problem(
                    "It is open in " + holders.describe() + ".",
                    "It can be open only once. Look at it beside its owner by the name pid:"
                            + holders.list().get(0).pid() + ", or end the owner.");
        }
        String blind = holders.blindSpot().map(sentence -> " " + sentence).orElse("");
        if (groupLook.busy()) {
            // The group stays open behind a device that was opened through it.
            String having = Holders.find(calls, VFIO_DEVICE::equals).describe();
            return check.problem(
                    "It is open in a process that could not be found." + blind,
                    having.isEmpty()
                            ? "Run vfio4j doctor as root, on the host."
                            : "A VFIO device is open in " + having + "; it may be this one.");
        }
        return holders.complete() || groupLook.opened()
                ? check.ok("Nobody has it open.")
                : check.unknown("Nobody was seen to have it open." + blind, "Root sees every process.");
    }

    /**
     * Whether it is opened through its own node: where there is one, unless only the group may be used. So it is done when a device
     * is attached to.
     */
    boolean usesOwnNode() {
        if (device.node().isEmpty()) {
            return false;
        }
        return mayOpen(List.of(device.node().get(), IOMMUFD))
                || groupNode().isEmpty()
                || !mayOpen(List.of(groupNode().get(), CONTAINER));
    }

    private boolean mayOpen(List<String> paths) {
        try {
            for (String path : paths) {
                calls.checkAccess(path, Access.READ_WRITE);
            }
            return true;
        } catch (LinuxException denied) {
            return false;
        }
    }

    /** What its own node is bound to, or its group put into. */
    Finding common(Check check) throws LinuxException {
        NodeChecks nodes = new NodeChecks(calls);
        return usesOwnNode()
                ? nodes.required(check, IOMMUFD, NodeChecks.Rule.IOMMUFD)
                : nodes.required(check, CONTAINER, NodeChecks.Rule.CONTAINER);
    }

    /** The node that it is opened through. */
    Finding node(Check check) throws LinuxException {
        NodeChecks nodes = new NodeChecks(calls);
        if (usesOwnNode()) {
            return nodes.required(check, device.node().orElseThrow(), NodeChecks.Rule.DEVICE);
        }
        if (groupNode().isEmpty()) {
            return check.unknown("There is no node, because there is no group.", "");
        }
        return nodes.present(check, groupNode().get(), NodeChecks.Rule.GROUP)
                .orElseGet(() -> check.problem(
                        groupNode().get() + " is not there.",
                        "No VFIO driver is bound to the group's devices, or the node is hidden in a container (docker:"
                                + " --device=" + groupNode().get() + ")."));
    }

    /**
     * Tries to open it, where that disturbs nobody (opening a PCI device resets it), and where nothing that was found already stands
     * in the way.
     */
    Opening open(List<Finding> problems) {
        if (device.mdev().isEmpty()) {
            return Opening.notAttempted("Opening a PCI device resets it, so it was left alone.");
        }
        if (holders.includesSelf()) {
            return Opening.notAttempted("It was not tried, because this process has the device open already.");
        }
        if (groupLook.busy() || !holders.list().isEmpty()) {
            return Opening.notAttempted("It was not tried, because somebody has the device open.");
        }
        return problems.isEmpty()
                ? Opening.attempt(calls, device)
                : Opening.notAttempted("It was not tried, because of the problem with: "
                        + problems.stream().map(Finding::title).collect(Collectors.joining(", ")) + ".");
    }

    static Finding opening(Check check, Opening opening) {
        if (opening.device().isPresent()) {
            return opening.vm().isPresent()
                    ? check.ok(
                            "It opens for a process that has a KVM VM; a bare one was made for this look, and is gone.")
                    : check.ok("It opens.");
        }
        IOException refusal = opening.refusal().orElseThrow();
        if (!opening.attempted()) {
            return check.unknown(refusal.getMessage(), "");
        }
        boolean withoutVm = refusal instanceof LinuxException e && e.target().equals("/dev/kvm");
        return withoutVm
                ? check.unknown("The driver wants a KVM VM, and none can be made: " + refusal.getMessage(), "")
                : refused(check, refusal);
    }

    static Finding refused(Check check, IOException refusal) {
        if (refusal instanceof LinuxException e) {
            return check.problem(
                    e.operation() + " " + e.target() + ": " + e.errnoName() + ".",
                    e.advice().isEmpty() ? "See the other findings." : e.advice());
        }
        return check.problem(String.valueOf(refusal.getMessage()), "See the other findings.");
    }

    /** Empty for a device that any process may open. */
    Optional<Finding> kvmNeeded(Check check, Opening opening) {
        boolean gvt = device.mdev().filter(MdevDevice::isGvtG).isPresent();
        if (!opening.needsKvm() && !(gvt && opening.device().isEmpty())) {
            return Optional.empty();
        }
        return Optional.of(check.advice(
                "The driver opens this vGPU only for the process that has the KVM VM it belongs to"
                        + (opening.needsKvm() ? "." : " (GVT-g does)."),
                "Attach from the VMM's own process, with its VM. Beside a running VMM, name the device pid:PID or"
                        + " socket:PATH instead of its UUID."));
    }
}
