package io.vfio4j.doctor;

import io.vfio4j.doctor.Finding.State;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.HostDevice;
import io.vfio4j.vfio.VfioDevice;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * What keeps a vGPU from being used, and what to do about it.
 *
 * <p>Making one changes nothing. It reads sysfs and procfs; it opens a group that is free, and a mediated device that nobody has,
 * and closes them again; a device of somebody else's, and any PCI device (opening it would reset it), it leaves alone. While it
 * has a group open, another process that wants it is refused. What this process may not see is said to be unknown: no check
 * throws, and none hides another. Any thread may make one; it takes as long as /proc takes to be read, and as the driver takes to
 * open the device.
 *
 * @param subject what was looked at: {@code host}, or the device's name
 * @param findings in the order in which one would put things right
 */
public record Diagnosis(String subject, List<Finding> findings) {
    private static final String HOST = "host";

    /**
     * Keeps a copy of the findings.
     *
     * @param subject what was looked at
     * @param findings what was found
     */
    public Diagnosis {
        findings = List.copyOf(findings);
    }

    /**
     * Looks at a host.
     *
     * @param calls the host
     * @return what was found
     */
    public static Diagnosis of(SystemCalls calls) {
        GraphicsChecks graphics = new GraphicsChecks(calls);
        KernelChecks kernel = new KernelChecks(calls);
        Examination examination = basics(calls)
                .check("mdev", "Mediated devices", kernel::mdev)
                .check("gpu", "GPU", graphics::gpu)
                .checkIf("gvt", "GVT-g", graphics::gvt)
                .checkIf("mdev-types", "Device types", graphics::types)
                .check("kvm", "KVM", check -> kernel.kvm(check, graphics.hasSplittableGpu()))
                .check("iommu", "IOMMU", kernel::iommu);
        container(calls, examination);
        if (calls.exists("/dev/vfio/devices")) {
            iommufd(calls, examination);
        }
        kvmNode(calls, examination, graphics.hasSplittableGpu());
        examination.checkIf("node-devices", "Nodes of devices", new NodeChecks(calls)::ofDevices);
        process(calls, examination);
        return new Diagnosis(HOST, examination.findings());
    }

    private static Examination basics(SystemCalls calls) {
        KernelChecks kernel = new KernelChecks(calls);
        return new Examination()
                .check("kernel", "Kernel", kernel::kernel)
                .check("vfio", "VFIO", kernel::vfio)
                .check("vfio-iommu", "IOMMU backend", kernel::iommuBackend);
    }

    /** What groups are put into. A kernel with nodes for single devices alone does not have it. */
    private static void container(SystemCalls calls, Examination examination) {
        if (calls.exists("/sys/class/vfio") || calls.exists("/sys/class/misc/vfio")) {
            examination.check(
                    "node-vfio",
                    "Node of the container",
                    check -> new NodeChecks(calls).required(check, "/dev/vfio/vfio", NodeChecks.Rule.CONTAINER));
        }
    }

    /** What devices with nodes of their own are bound to. */
    private static void iommufd(SystemCalls calls, Examination examination) {
        if (KernelPart.IOMMUFD.isThere(calls)) {
            examination.check(
                    "node-iommu",
                    "Node of iommufd",
                    check -> new NodeChecks(calls).required(check, "/dev/iommu", NodeChecks.Rule.IOMMUFD));
        }
    }

    private static void kvmNode(SystemCalls calls, Examination examination, boolean needed) {
        if (calls.exists("/sys/class/misc/kvm")) {
            NodeChecks nodes = new NodeChecks(calls);
            examination.check(
                    "node-kvm",
                    "Node of KVM",
                    check -> needed
                            ? nodes.required(check, "/dev/kvm", NodeChecks.Rule.KVM)
                            : nodes.wanted(check, "/dev/kvm", NodeChecks.Rule.KVM));
        }
    }

    private static void process(SystemCalls calls, Examination examination) {
        ProcessChecks process = new ProcessChecks(calls);
        examination
                .check("memlock", "Locked memory", process::memlock)
                .check("ptrace", "Other processes", process::ptrace)
                .checkIf("surroundings", "Surroundings", process::surroundings);
    }

    /**
     * Looks at a device by its name, and at the host as far as it concerns the device.
     *
     * @param calls the host
     * @param name a UUID, a path {@code /sys/bus/mdev/devices/UUID}, or a PCI address {@code 0000:00:02.0}
     * @return what was found; a device that is not there is a finding
     * @throws IllegalArgumentException when the text is none of these
     */
    public static Diagnosis of(SystemCalls calls, String name) {
        String plain = name.startsWith(MdevDevice.BUS + "/") ? name.substring(MdevDevice.BUS.length() + 1) : name;
        boolean uuid = MdevDevice.isUuid(plain);
        if (!uuid && !HostDevice.isPciAddress(plain)) {
            throw new IllegalArgumentException(
                    "'" + name + "' is neither a UUID nor a PCI address such as 0000:00:02.0");
        }
        try {
            return uuid
                    ? of(calls, MdevDevice.find(calls, UUID.fromString(plain)))
                    : of(calls, HostDevice.findPci(calls, plain));
        } catch (LinuxException e) {
            return missing(calls, name, uuid, e);
        }
    }

    private static Diagnosis missing(SystemCalls calls, String name, boolean mediated, LinuxException reason) {
        Examination examination = basics(calls);
        if (mediated) {
            examination.check("mdev", "Mediated devices", new KernelChecks(calls)::mdev);
        }
        String found = reason.operation() + " " + reason.target() + ": " + reason.errnoName() + ".";
        examination.check(
                "device",
                "Device",
                check -> reason.errno() == Errno.ENODEV
                        ? check.problem(found, reason.advice())
                        : check.unknown(found, reason.advice()));
        process(calls, examination);
        return new Diagnosis(name, examination.findings());
    }

    /**
     * Looks at a mediated device, and at the host as far as it concerns the device.
     *
     * @param calls the host
     * @param mdev the device
     * @return what was found
     */
    public static Diagnosis of(SystemCalls calls, MdevDevice mdev) {
        try {
            return of(calls, HostDevice.of(calls, mdev));
        } catch (LinuxException e) {
            return missing(calls, mdev.uuid().toString(), true, e);
        }
    }

    /**
     * Looks at a device, and at the host as far as it concerns the device.
     *
     * @param calls the host
     * @param device the device
     * @return what was found
     */
    public static Diagnosis of(SystemCalls calls, HostDevice device) {
        KernelChecks kernel = new KernelChecks(calls);
        DeviceChecks checks = new DeviceChecks(calls, device);
        boolean mediated = device.mdev().isPresent();
        Examination host = basics(calls)
                .check(
                        mediated ? "mdev" : "iommu",
                        mediated ? "Mediated devices" : "IOMMU",
                        mediated ? kernel::mdev : kernel::iommu);
        boolean ownNode = checks.usesOwnNode();
        host.check(
                ownNode ? "node-iommu" : "node-vfio",
                ownNode ? "Node of iommufd" : "Node of the container",
                checks::common);
        // Before we have it open ourselves.
        Examination outside = new Examination()
                .check("device", "Device", checks::device)
                .check("group", "Group", checks::group)
                .check("node-device", "Node of the device", checks::node)
                .check("free", "Owner", checks::free);
        Examination inside = new Examination();
        List<Finding> problems = Stream.of(host, outside)
                .flatMap(examination -> examination.findings().stream())
                .filter(finding -> finding.state() == State.PROBLEM)
                .toList();
        try (Opening opening = checks.open(problems)) {
            if (opening.needsKvm() || device.mdev().filter(MdevDevice::isGvtG).isPresent()) {
                host.check("kvm", "KVM", check -> kernel.kvm(check, true));
                kvmNode(calls, host, true);
            }
            inside.check("opening", "Opening", check -> DeviceChecks.opening(check, opening))
                    .checkIf("kvm-needed", "KVM needed", check -> checks.kvmNeeded(check, opening));
            if (mediated) {
                display(inside, opening);
            } else {
                inside.check("display", "Display", DisplayChecks::ofPci);
            }
        }
        process(calls, inside);
        return new Diagnosis(
                device.name(),
                Stream.of(host, outside, inside)
                        .flatMap(examination -> examination.findings().stream())
                        .toList());
    }

    private static void display(Examination examination, Opening opening) {
        if (opening.device().isPresent()) {
            display(examination, opening.device().get());
        } else {
            String why = "The device is not open, so it could not be asked.";
            examination
                    .check("display", "Display", check -> check.unknown(why, ""))
                    .check("display-irq", "Display irq", check -> check.unknown(why, ""));
        }
    }

    private static void display(Examination examination, VfioDevice device) {
        DisplayChecks display = new DisplayChecks(device);
        examination.check("display", "Display", display::display).check("display-irq", "Display irq", display::irq);
    }

    /**
     * Looks at a device that is open already, perhaps in another process too.
     *
     * @param device the device; stays open
     * @return what it says of itself
     */
    public static Diagnosis of(VfioDevice device) {
        Examination examination = new Examination();
        display(examination, device);
        return new Diagnosis(device.name(), examination.findings());
    }

    /**
     * Explains why a device could not be opened, for who has tried: another process's device, for example.
     *
     * @param calls the host
     * @param subject what was to be opened
     * @param refusal what came of it
     * @return the refusal as a problem, and the host as far as it may be the cause
     */
    public static Diagnosis of(SystemCalls calls, String subject, IOException refusal) {
        Examination examination =
                basics(calls).check("opening", "Opening", check -> DeviceChecks.refused(check, refusal));
        process(calls, examination);
        return new Diagnosis(subject, examination.findings());
    }

    /**
     * Says whether Java reaches the kernel; all that can be said where it does not.
     *
     * @param access what {@code JnaLinux} knows
     * @return what was found
     */
    public static Diagnosis of(NativeAccess access) {
        Examination examination = new Examination().check("native-access", "Native access", access::access);
        if (access.missing().isEmpty()) {
            examination.check("bridge", "Bridge", access::bridge);
        }
        return new Diagnosis(HOST, examination.findings());
    }

    /**
     * Puts other findings in front.
     *
     * @param others another diagnosis
     * @return its findings, then these
     */
    public Diagnosis after(Diagnosis others) {
        List<Finding> all = new ArrayList<>(others.findings());
        all.addAll(findings);
        return new Diagnosis(subject, all);
    }

    /**
     * What one check found.
     *
     * @param id the check
     * @return empty where it does not concern the subject
     */
    public Optional<Finding> finding(String id) {
        return findings.stream().filter(finding -> finding.id().equals(id)).findFirst();
    }

    /**
     * What was found in one state.
     *
     * @param state the state
     * @return in the order of the findings
     */
    public List<Finding> in(State state) {
        return findings.stream().filter(finding -> finding.state() == state).toList();
    }

    /**
     * Whether nothing was found to stand in the way. What could not be seen may still do.
     *
     * @return true where there is no problem
     */
    public boolean isClear() {
        return in(State.PROBLEM).isEmpty();
    }
}
