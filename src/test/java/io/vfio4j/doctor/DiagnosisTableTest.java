package io.vfio4j.doctor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.doctor.Finding.State;
import io.vfio4j.emulator.DeviceNodes;
import io.vfio4j.emulator.EmulatedFiles;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Errno;
import io.vfio4j.linux.uapi.Vfio;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Each check in each of its states, on emulated hosts that are put into the condition that the check is about. */
class DiagnosisTableTest {
    private static final String GPU = "/sys/devices/pci0000:00/0000:00:02.0";
    private static final String NIC = "0000:00:03.0";
    private static final String MODULES = "/lib/modules/5.4.0-emulated";
    private static final String HYPERVISOR = "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu hypervisor";
    private static final int SOMEBODY = 1000;
    private static final int KVM_GROUP = 106;

    private interface Preparation {
        void prepare(EmulatedHost host) throws IOException;
    }

    private interface Look {
        Diagnosis at(EmulatedHost host) throws IOException;
    }

    /** A row: a host in some condition, a check, and what it has to say. */
    private static final class Row {
        private final String condition;
        private final List<Consumer<EmulatedHost.Builder>> kinds = new ArrayList<>();
        private final List<Preparation> preparations = new ArrayList<>();
        private final List<String> fragments = new ArrayList<>();
        private VgpuProfile profile = VgpuProfile.V5;
        private boolean vgpu = true;
        private Look look = host -> Diagnosis.of(host.systemCalls());
        private String id = "";
        private State state = State.OK;

        private Row(String condition) {
            this.condition = condition;
        }

        Row of(VgpuProfile wanted) {
            profile = wanted;
            return this;
        }

        Row withoutVgpu() {
            vgpu = false;
            return this;
        }

        Row kind(Consumer<EmulatedHost.Builder> kind) {
            kinds.add(kind);
            return this;
        }

        Row with(Preparation preparation) {
            preparations.add(preparation);
            return this;
        }

        Row files(Consumer<EmulatedFiles> change) {
            return with(host -> change.accept(host.files()));
        }

        /** Looks at the vGPU rather than the host. */
        Row device() {
            look = host -> Diagnosis.of(host.systemCalls(), host.vgpu().uuid().toString());
            return this;
        }

        Row device(String name) {
            look = host -> Diagnosis.of(host.systemCalls(), name);
            return this;
        }

        Row finds(String wantedId, State wantedState, String... wantedFragments) {
            id = wantedId;
            state = wantedState;
            fragments.addAll(List.of(wantedFragments));
            return this;
        }

        Finding finding() throws IOException {
            EmulatedHost.Builder builder = EmulatedHost.builder();
            kinds.forEach(kind -> kind.accept(builder));
            if (vgpu) {
                builder.vgpu(profile);
            }
            try (EmulatedHost host = builder.build()) {
                for (Preparation preparation : preparations) {
                    preparation.prepare(host);
                }
                int before = host.openDescriptors();
                Diagnosis diagnosis = look.at(host);
                assertEquals(before, host.openDescriptors(), "descriptors are left open");
                return diagnosis.finding(id).orElseThrow(() -> new AssertionError("not found in " + diagnosis));
            }
        }

        @Override
        public String toString() {
            return id + " " + state + ": " + condition;
        }
    }

    private static Row on(String condition) {
        return new Row(condition);
    }

    private static void pciDevice(EmulatedFiles files, String address, String classCode, String ids, String driver) {
        String path = "/sys/devices/pci0000:00/" + address;
        files.put(path + "/class", classCode);
        files.put(path + "/vendor", "0x" + ids.substring(0, 4));
        files.put(path + "/device", "0x" + ids.substring(5));
        files.link("/sys/bus/pci/devices/" + address, path);
        if (!driver.isEmpty()) {
            files.put("/sys/bus/pci/drivers/" + driver + "/uevent", "");
            files.link(path + "/driver", "/sys/bus/pci/drivers/" + driver);
        }
    }

    private static void group(EmulatedFiles files, int number, String... addresses) {
        for (String address : addresses) {
            String path = "/sys/devices/pci0000:00/" + address;
            files.link("/sys/kernel/iommu_groups/" + number + "/devices/" + address, path);
            files.link(path + "/iommu_group", "/sys/kernel/iommu_groups/" + number);
        }
    }

    private static void nic(EmulatedFiles files, String driver) {
        pciDevice(files, NIC, "0x020000", "8086:10d3", driver);
    }

    private static void gpuId(EmulatedFiles files, String vendor, String device) {
        files.remove("/sys/class/mdev_bus/0000:00:02.0");
        files.put(GPU + "/vendor", "0x" + vendor);
        files.put(GPU + "/device", "0x" + device);
    }

    private static void unload(EmulatedFiles files, String module) {
        files.remove("/sys/module/" + module);
    }

    /** The GPU is there, but GVT-g does not offer it. */
    private static void withdraw(EmulatedFiles files) {
        files.remove("/sys/class/mdev_bus/0000:00:02.0");
    }

    private static void unloadVfio(EmulatedFiles files) {
        unload(files, "vfio");
        files.remove("/sys/class/vfio");
    }

    private static void openGroup(SystemCalls calls, EmulatedHost host) throws IOException {
        calls.open(host.vgpu().groupPath(), Access.READ_WRITE);
    }

    private static void openDeviceAlone(EmulatedHost host) throws IOException {
        SystemCalls vmm = host.process("qemu").systemCalls();
        try (Descriptor container = vmm.open("/dev/vfio/vfio", Access.READ_WRITE);
                Descriptor group = vmm.open(host.vgpu().groupPath(), Access.READ_WRITE);
                NativeMemory argument = vmm.allocate(64)) {
            argument.putInt(0, container.acquire());
            container.release();
            vmm.ioctl(group, Vfio.VFIO_GROUP_SET_CONTAINER, argument);
            vmm.ioctl(container, Vfio.VFIO_SET_IOMMU, Vfio.VFIO_TYPE1v2_IOMMU);
            argument.putBytes(0, (host.vgpu().uuid() + "\0").getBytes(StandardCharsets.US_ASCII));
            vmm.adopt(vmm.ioctl(group, Vfio.VFIO_GROUP_GET_DEVICE_FD, argument), "the device");
        }
    }

    static Stream<Row> rows() {
        return Stream.of(
                        kernel(),
                        vfio(),
                        mdev(),
                        graphics(),
                        kvm(),
                        iommu(),
                        nodes(),
                        process(),
                        devices(),
                        displays(),
                        broken())
                .flatMap(rows -> rows);
    }

    private static Stream<Row> kernel() {
        return Stream.of(
                on("a kernel of 2019").finds("kernel", State.OK, "Linux 5.4.0-emulated."),
                on("a kernel that names the architecture")
                        .of(VgpuProfile.MAINLINE)
                        .finds("kernel", State.OK, "Linux 6.12.0-emulated on x86_64."),
                on("another architecture")
                        .files(files -> files.put("/proc/sys/kernel/arch", "ppc64le"))
                        .finds("kernel", State.PROBLEM, "on ppc64le", "x86-64 and aarch64 only"),
                on("a kernel without displays of mediated devices")
                        .files(files -> files.put("/proc/sys/kernel/osrelease", "4.15.0-generic"))
                        .finds("kernel", State.PROBLEM, "Linux 4.15.0-generic", "update the kernel"),
                on("a release that no kernel has")
                        .files(files -> files.put("/proc/sys/kernel/osrelease", "../../etc"))
                        .finds("kernel", State.UNKNOWN, "does not say"),
                on("no /proc")
                        .files(files -> files.remove("/proc"))
                        .finds("kernel", State.UNKNOWN, "Is /proc mounted?"));
    }

    private static Stream<Row> vfio() {
        return Stream.of(
                on("the module loaded").finds("vfio", State.OK, "vfio (a module)."),
                on("it is built in")
                        .files(files -> files.remove("/sys/module/vfio/initstate"))
                        .finds("vfio", State.OK, "vfio (built in)."),
                on("it is not loaded")
                        .files(DiagnosisTableTest::unloadVfio)
                        .finds("vfio", State.PROBLEM, "As root: modprobe vfio.", "/etc/modules-load.d/vfio.conf"),
                on("the module is compressed")
                        .files(DiagnosisTableTest::unloadVfio)
                        .files(files -> files.remove(MODULES + "/kernel/drivers/vfio/vfio.ko"))
                        .files(files -> files.put(MODULES + "/kernel/drivers/vfio/vfio.ko.zst", ""))
                        .finds("vfio", State.PROBLEM, "As root: modprobe vfio."),
                on("there is no such module")
                        .files(DiagnosisTableTest::unloadVfio)
                        .files(files -> files.remove(MODULES + "/kernel/drivers/vfio/vfio.ko"))
                        .finds("vfio", State.PROBLEM, "no such module", "start a kernel with CONFIG_VFIO."),
                on("modules of this kernel cannot be seen")
                        .files(DiagnosisTableTest::unloadVfio)
                        .files(files -> files.remove(MODULES))
                        .finds("vfio", State.PROBLEM, "restart first", "on the host"),
                on("a kernel without modules")
                        .files(DiagnosisTableTest::unloadVfio)
                        .files(files -> files.remove("/proc/modules"))
                        .finds("vfio", State.PROBLEM, "cannot load modules", "CONFIG_VFIO built in"),
                on("loading was switched off")
                        .files(DiagnosisTableTest::unloadVfio)
                        .files(files -> files.put("/proc/sys/kernel/modules_disabled", "1"))
                        .finds("vfio", State.PROBLEM, "kernel.modules_disabled=1", "restart"),
                on("type 1").finds("vfio-iommu", State.OK, "vfio_iommu_type1 (a module)."),
                on("iommufd alone")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .finds("vfio-iommu", State.OK, "iommufd (a module)."),
                on("neither")
                        .files(files -> unload(files, "vfio_iommu_type1"))
                        .finds("vfio-iommu", State.PROBLEM, "As root: modprobe vfio_iommu_type1."));
    }

    private static Stream<Row> mdev() {
        return Stream.of(
                on("a vGPU").finds("mdev", State.OK, "mdev (a module); 1 mediated device."),
                on("two vGPUs")
                        .with(host -> host.create(VgpuProfile.V5))
                        .finds("mdev", State.OK, "2 mediated devices."),
                on("none yet").withoutVgpu().finds("mdev", State.OK, "no mediated device was created yet."),
                on("no bus")
                        .withoutVgpu()
                        .files(files -> {
                            unload(files, "mdev");
                            files.remove("/sys/bus/mdev");
                        })
                        .finds("mdev", State.PROBLEM, "As root: modprobe mdev.", "kvmgt"),
                on("no bus, but a PCI device that VFIO has")
                        .withoutVgpu()
                        .files(files -> {
                            unload(files, "mdev");
                            files.remove("/sys/bus/mdev");
                            nic(files, "vfio-pci");
                        })
                        .finds("mdev", State.ADVICE, "As root: modprobe mdev."),
                on("types with room").finds("mdev-types", State.OK, "0000:00:02.0 offers i915-GVTg_V5_1 (", "left)"),
                on("no device yet")
                        .withoutVgpu()
                        .kind(builder -> builder.parent(VgpuProfile.V5))
                        .finds(
                                "mdev-types",
                                State.ADVICE,
                                "There is no mediated device yet.",
                                "As root: vfio4j mdev create 0000:00:02.0 i915-GVTg_V5_1."),
                on("no room beside the device")
                        .kind(builder -> builder.instanceLimit(1))
                        .finds("mdev-types", State.ADVICE, "(0 left)", "remove one"),
                on("no room at all")
                        .withoutVgpu()
                        .kind(builder -> builder.parent(VgpuProfile.V5).instanceLimit(0))
                        .finds("mdev-types", State.PROBLEM, "No more can be created, and there is none"),
                on("no parent").withoutVgpu().finds("mdev-types", State.PROBLEM, "No device offers mediated devices."),
                on("no parent, but a PCI device that VFIO has")
                        .withoutVgpu()
                        .files(files -> nic(files, "vfio-pci"))
                        .finds("mdev-types", State.ADVICE, "No device offers mediated devices."));
    }

    private static Stream<Row> graphics() {
        return Stream.of(
                on("Skylake").finds("gpu", State.OK, "0000:00:02.0 is Intel Skylake (8086:1912), driver i915."),
                on("a sample device")
                        .of(VgpuProfile.MDPY)
                        .finds("gpu", State.OK, "No PCI graphics device; mediated devices come from another driver."),
                on("Tiger Lake")
                        .files(files -> gpuId(files, "8086", "9a49"))
                        .finds("gpu", State.PROBLEM, "Tiger Lake (8086:9a49)", "Broadwell to Comet Lake", "No setting"),
                on("an unknown Intel GPU")
                        .files(files -> gpuId(files, "8086", "ffff"))
                        .finds("gpu", State.UNKNOWN, "is Intel 8086:ffff", "does not know its generation"),
                on("another vendor's")
                        .files(files -> gpuId(files, "10de", "1b80"))
                        .finds("gpu", State.ADVICE, "10de:1b80", "GVT-g needs an Intel GPU"),
                on("no GPU").withoutVgpu().finds("gpu", State.ADVICE, "There is no PCI graphics device."),
                on("GVT-g at work").finds("gvt", State.OK, "0000:00:02.0 offers vGPUs."),
                on("GVT-g switched off")
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> files.put("/sys/module/i915/parameters/enable_gvt", "N"))
                        .finds("gvt", State.PROBLEM, "enable_gvt=N", "i915.enable_gvt=1", "modprobe.d"),
                on("kvmgt not loaded")
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> unload(files, "kvmgt"))
                        .finds("gvt", State.PROBLEM, "The module kvmgt is not loaded.", "modprobe kvmgt"),
                on("i915 built without it")
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> files.remove("/sys/module/i915/parameters"))
                        .finds("gvt", State.PROBLEM, "built without GVT-g", "CONFIG_DRM_I915_GVT"),
                on("the GPU was given away")
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> files.link(GPU + "/driver", "/sys/bus/pci/drivers/vfio-pci"))
                        .finds("gvt", State.PROBLEM, "by vfio-pci", "/sys/bus/pci/drivers/i915/bind"),
                on("no driver at all")
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> {
                            files.remove(GPU + "/driver");
                            files.remove("/sys/bus/pci/drivers/i915");
                            unload(files, "i915");
                        })
                        .finds("gvt", State.PROBLEM, "by no driver", "modprobe i915"),
                on("GuC submission")
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> files.put("/sys/module/i915/parameters/enable_guc", "3"))
                        .finds("gvt", State.PROBLEM, "GuC submission (enable_guc=3)", "i915.enable_guc=0"),
                on("all there, and yet nothing")
                        .files(DiagnosisTableTest::withdraw)
                        .finds("gvt", State.PROBLEM, "though kvmgt is there and GVT-g is on.", "dmesg"),
                on("parameters for root's eyes only")
                        .kind(builder -> builder.user(SOMEBODY))
                        .files(DiagnosisTableTest::withdraw)
                        .files(files -> files.put("/proc/cmdline", "quiet"))
                        .finds("gvt", State.UNKNOWN, "only root may read"));
    }

    private static Stream<Row> kvm() {
        return Stream.of(
                on("KVM of Intel").finds("kvm", State.OK, "kvm_intel (a module)."),
                on("no KVM, and a GPU for GVT-g")
                        .files(DiagnosisTableTest::withoutKvm)
                        .finds("kvm", State.PROBLEM, "It is needed", "modprobe kvm_intel"),
                on("no KVM, and none needed")
                        .of(VgpuProfile.MDPY)
                        .files(DiagnosisTableTest::withoutKvm)
                        .finds("kvm", State.ADVICE, "Only GVT-g needs it."),
                on("kvm without a driver of the processor's")
                        .files(files -> {
                            unload(files, "kvm_intel");
                            files.remove("/sys/class/misc/kvm");
                        })
                        .finds("kvm", State.PROBLEM, "no driver of the processor's", "modprobe kvm_intel"),
                on("a processor of AMD's")
                        .files(DiagnosisTableTest::withoutKvm)
                        .files(files -> files.put("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t: fpu svm"))
                        .finds("kvm", State.PROBLEM, "no such module", "CONFIG_KVM_AMD"),
                on("switched off in the firmware")
                        .files(DiagnosisTableTest::withoutKvm)
                        .files(files -> files.put("/proc/cpuinfo", "vendor_id\t: GenuineIntel\nflags\t: fpu"))
                        .finds("kvm", State.PROBLEM, "neither vmx nor svm", "in the firmware"),
                on("a VM without nested virtualization")
                        .files(DiagnosisTableTest::withoutKvm)
                        .files(files -> files.put("/proc/cpuinfo", HYPERVISOR))
                        .finds("kvm", State.PROBLEM, "nested virtualization"),
                on("a processor that tells nothing")
                        .files(DiagnosisTableTest::withoutKvm)
                        .files(files -> files.remove("/proc/cpuinfo"))
                        .finds("kvm", State.PROBLEM, "modprobe kvm_intel", "(On AMD: kvm_amd.)"));
    }

    private static void withoutKvm(EmulatedFiles files) {
        unload(files, "kvm_intel");
        unload(files, "kvm");
        files.remove("/sys/class/misc/kvm");
        files.remove("/dev/kvm");
    }

    private static Stream<Row> iommu() {
        return Stream.of(
                on("an IOMMU").finds("iommu", State.OK, "On: 1 IOMMU, 1 PCI devices in groups."),
                on("none, on Intel")
                        .files(DiagnosisTableTest::withoutIommu)
                        .finds("iommu", State.ADVICE, "Mediated devices need none", "Add intel_iommu=on"),
                on("switched off on the command line")
                        .files(DiagnosisTableTest::withoutIommu)
                        .files(files -> files.put("/proc/cmdline", "password=secret intel_iommu=off"))
                        .finds("iommu", State.ADVICE, "Remove intel_iommu=off from"),
                on("switched off in the firmware")
                        .files(DiagnosisTableTest::withoutIommu)
                        .files(files -> files.remove("/sys/firmware/acpi/tables/DMAR"))
                        .files(files -> files.put("/sys/firmware/acpi/tables/FACP", ""))
                        .finds("iommu", State.ADVICE, "VT-d on in the firmware", "no ACPI table DMAR"),
                on("none, on AMD")
                        .files(DiagnosisTableTest::withoutIommu)
                        .files(files -> files.put("/proc/cpuinfo", "vendor_id\t: AuthenticAMD\nflags\t: fpu svm"))
                        .finds("iommu", State.ADVICE, "AMD-Vi", "no ACPI table IVRS"),
                on("none, in a VM")
                        .files(DiagnosisTableTest::withoutIommu)
                        .files(files -> files.put("/proc/cpuinfo", HYPERVISOR))
                        .finds("iommu", State.ADVICE, "-device intel-iommu"),
                on("VFIO without an IOMMU")
                        .files(DiagnosisTableTest::withoutIommu)
                        .files(files -> files.put("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y"))
                        .finds("iommu", State.ADVICE, "can write to any memory"));
    }

    private static void withoutIommu(EmulatedFiles files) {
        files.remove("/sys/class/iommu/dmar0");
        files.remove(GPU + "/iommu_group");
    }

    private static Stream<Row> nodes() {
        return Stream.of(
                on("as the kernel makes it")
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds(
                                "node-vfio",
                                State.OK,
                                "/dev/vfio/vfio: crw-rw-rw- root root; this process may open it."),
                on("it is closed")
                        .kind(builder -> builder.user(SOMEBODY))
                        .files(files -> files.own("/dev/vfio/vfio", 0600, 0, 0))
                        .finds(
                                "node-vfio",
                                State.PROBLEM,
                                "crw------- root root; this process, as user, may not open it (EACCES).",
                                "KERNEL==\"vfio\", SUBSYSTEM==\"misc\", MODE=\"0666\"",
                                "udevadm trigger --subsystem-match=misc"),
                on("it is missing")
                        .files(files -> files.remove("/dev/vfio/vfio"))
                        .finds("node-vfio", State.PROBLEM, "is not there", "--device=/dev/vfio/vfio"),
                on("a bind mount of nothing")
                        .files(files -> files.remove("/dev/vfio/vfio"))
                        .files(files -> files.put("/dev/vfio/vfio/file", ""))
                        .finds("node-vfio", State.PROBLEM, "is no device node"),
                on("a device control group")
                        .with(host -> host.faults().failOn("access", "/dev/vfio/vfio", Errno.EPERM))
                        .finds("node-vfio", State.PROBLEM, "(EPERM)", "device control group"),
                on("root")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .finds("node-iommu", State.OK, "/dev/iommu: crw-rw---- root root; this process may open it."),
                on("somebody else")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds(
                                "node-iommu",
                                State.PROBLEM,
                                "KERNEL==\"iommu\", SUBSYSTEM==\"misc\", GROUP=\"kvm\", MODE=\"0660\"",
                                "usermod -aG kvm user"),
                on("a member of kvm")
                        .kind(builder -> builder.user(SOMEBODY, KVM_GROUP))
                        .finds("node-kvm", State.OK, "/dev/kvm: crw-rw---- root kvm; this process may open it."),
                on("no member of kvm")
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("node-kvm", State.PROBLEM, "As root: usermod -aG kvm user, and log in again."),
                on("no member of kvm, and no need")
                        .of(VgpuProfile.MDPY)
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("node-kvm", State.ADVICE, "usermod -aG kvm user"),
                on("no member of a group without a name")
                        .kind(builder -> builder.user(SOMEBODY))
                        .files(files -> files.own("/dev/kvm", 0660, 0, 77))
                        .finds("node-kvm", State.PROBLEM, "crw-rw---- root 77"),
                on("root")
                        .finds(
                                "node-devices",
                                State.OK,
                                "/dev/vfio/1: crw------- root root; this process may open it."),
                on("root, several")
                        .with(host -> host.create(VgpuProfile.V5))
                        .finds(
                                "node-devices",
                                State.OK,
                                "2 nodes, and this process may open each: /dev/vfio/1, /dev/vfio/2."),
                on("somebody else")
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds(
                                "node-devices",
                                State.PROBLEM,
                                "/dev/vfio/1: crw------- root root",
                                "SUBSYSTEM==\"vfio\", GROUP=\"kvm\", MODE=\"0660\"",
                                "usermod -aG kvm user"),
                on("a member of kvm already")
                        .kind(builder -> builder.user(SOMEBODY, KVM_GROUP))
                        .finds("node-devices", State.PROBLEM, "SUBSYSTEM==\"vfio\"", "--subsystem-match=vfio."),
                on("no group kvm")
                        .kind(builder -> builder.user(SOMEBODY))
                        .files(files -> files.put("/etc/group", "root:x:0:"))
                        .finds("node-devices", State.PROBLEM, "Then groupadd -r kvm; usermod -aG kvm user"),
                on("one of two")
                        .kind(builder -> builder.user(SOMEBODY, KVM_GROUP))
                        .with(host -> host.create(VgpuProfile.V5))
                        .files(files -> files.own("/dev/vfio/2", 0660, 0, KVM_GROUP))
                        .finds("node-devices", State.ADVICE, "/dev/vfio/1: crw-------"),
                on("many")
                        .kind(builder -> builder.user(SOMEBODY).instanceLimit(64))
                        .with(host -> {
                            for (int i = 0; i < 10; i++) {
                                host.create(VgpuProfile.V5);
                            }
                        })
                        .finds("node-devices", State.PROBLEM, "/dev/vfio/1, ", " and 3 more (the first: /dev/vfio/1:"),
                on("nodes of single devices")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("node-devices", State.PROBLEM, "/dev/vfio/devices/vfio0", "SUBSYSTEM==\"vfio-dev\""));
    }

    private static Stream<Row> process() {
        long mebibyte = 1 << 20;
        return Stream.of(
                on("no limit")
                        .kind(builder -> builder.lockedMemoryLimit(Long.MAX_VALUE))
                        .finds("memlock", State.OK, "Unlimited."),
                on("a limit that does not bind root")
                        .kind(builder -> builder.lockedMemoryLimit(8 * mebibyte))
                        .finds("memlock", State.OK, "At most 8 MiB", "CAP_IPC_LOCK"),
                on("a limit")
                        .kind(builder -> builder.user(SOMEBODY).lockedMemoryLimit(64 << 10))
                        .finds(
                                "memlock",
                                State.ADVICE,
                                "At most 64 KiB",
                                "Watching a display maps nothing",
                                "echo 'user - memlock unlimited' > /etc/security/limits.d/vfio.conf",
                                "LimitMEMLOCK=infinity"),
                on("no /proc").files(files -> files.remove("/proc")).finds("memlock", State.UNKNOWN, "does not tell"),
                on("no Yama")
                        .kind(builder -> builder.user(SOMEBODY))
                        .files(files -> files.remove("/proc/sys/kernel/yama"))
                        .finds("ptrace", State.OK, "others of the same user"),
                on("root under Yama")
                        .kind(builder -> builder.ptraceScope(2))
                        .finds("ptrace", State.OK, "CAP_SYS_PTRACE"),
                on("Yama 1")
                        .kind(builder -> builder.user(SOMEBODY).ptraceScope(1))
                        .finds("ptrace", State.ADVICE, "ptrace_scope=1", "sysctl kernel.yama.ptrace_scope=0"),
                on("Yama 2")
                        .kind(builder -> builder.user(SOMEBODY).ptraceScope(2))
                        .finds("ptrace", State.ADVICE, "ptrace_scope=2", "socket:PATH"),
                on("Yama 3")
                        .kind(builder -> builder.ptraceScope(3))
                        .finds("ptrace", State.ADVICE, "Nobody may look", "before a restart"),
                on("Yama that cannot be read")
                        .with(host -> host.faults().failOn("open", "ptrace_scope", Errno.EACCES))
                        .finds("ptrace", State.UNKNOWN, "EACCES"),
                on("a container")
                        .kind(EmulatedHost.Builder::inContainer)
                        .finds("surroundings", State.ADVICE, "in a container", "on the host as well"),
                on("a VM with nothing to give away")
                        .withoutVgpu()
                        .files(files -> files.remove("/sys/class/iommu/dmar0"))
                        .files(files -> files.put("/proc/cpuinfo", HYPERVISOR))
                        .finds("surroundings", State.ADVICE, "This is a VM"));
    }

    private static Stream<Row> devices() {
        String absent = UUID.randomUUID().toString();
        return Stream.of(
                on("a vGPU")
                        .device()
                        .finds("device", State.OK, "type i915-GVTg_V5_4 of 0000:00:02.0, driver vfio_mdev."),
                on("no such vGPU").device(absent).finds("device", State.PROBLEM, "ENODEV", "vfio4j list"),
                on("no such vGPU, by its path")
                        .device("/sys/bus/mdev/devices/" + absent)
                        .finds("device", State.PROBLEM, "ENODEV"),
                on("no such PCI device").device("0000:7f:00.0").finds("device", State.PROBLEM, "ENODEV", "lspci"),
                on("vfio_mdev not loaded")
                        .device()
                        .with(host -> host.files().remove(realPath(host) + "/driver"))
                        .finds("device", State.PROBLEM, "no VFIO driver is bound", "CONFIG_VFIO_MDEV_DEVICE"),
                on("a vGPU that is being removed")
                        .of(VgpuProfile.MAINLINE)
                        .device()
                        .with(host -> host.files().remove(realPath(host) + "/driver"))
                        .finds("device", State.PROBLEM, "It is being removed"),
                on("a PCI device that VFIO has")
                        .files(files -> nic(files, "vfio-pci"))
                        .device(NIC)
                        .finds("device", State.OK, "A PCI device, driver vfio-pci."),
                on("a PCI device that the host has")
                        .files(files -> nic(files, "e1000e"))
                        .device(NIC)
                        .finds(
                                "device",
                                State.PROBLEM,
                                "the driver e1000e is bound",
                                "modprobe vfio_pci",
                                "echo vfio-pci > /sys/bus/pci/devices/0000:00:03.0/driver_override; echo 0000:00:03.0 >"
                                        + " /sys/bus/pci/devices/0000:00:03.0/driver/unbind; echo 0000:00:03.0 >"
                                        + " /sys/bus/pci/drivers_probe."),
                on("a PCI device that nobody has")
                        .files(files -> nic(files, ""))
                        .device(NIC)
                        .finds("device", State.PROBLEM, "no driver is bound", "drivers_probe"),
                on("a vGPU").device().finds("group", State.OK, "Group 1, of this device alone."),
                on("a node of its own")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .device()
                        .finds("group", State.OK, "/dev/vfio/devices/vfio0"),
                on("a viable group of three")
                        .files(files -> {
                            nic(files, "vfio-pci");
                            pciDevice(files, "0000:00:03.1", "0x020000", "8086:10d3", "");
                            pciDevice(files, "0000:00:1c.0", "0x060400", "8086:9d10", "pcieport");
                            group(files, 7, NIC, "0000:00:03.1", "0000:00:1c.0");
                        })
                        .device(NIC)
                        .finds("group", State.OK, "Group 7, 3 devices, none of them used by the host"),
                on("a group with a device of the host's")
                        .files(files -> {
                            nic(files, "vfio-pci");
                            pciDevice(files, "0000:00:03.1", "0x020000", "8086:10d3", "e1000e");
                            group(files, 7, NIC, "0000:00:03.1");
                        })
                        .device(NIC)
                        .finds(
                                "group",
                                State.PROBLEM,
                                "the host uses 0000:00:03.1 (driver e1000e).",
                                "/sys/bus/pci/devices/0000:00:03.1/driver_override"),
                on("a PCI device without a group")
                        .files(files -> nic(files, "vfio-pci"))
                        .device(NIC)
                        .finds("group", State.PROBLEM, "no IOMMU group", "intel_iommu=on"),
                on("a group without an IOMMU")
                        .files(files -> {
                            nic(files, "vfio-pci");
                            group(files, 7, NIC);
                            files.put("/dev/vfio/noiommu-7", "");
                        })
                        .device(NIC)
                        .finds("group", State.PROBLEM, "without an IOMMU"),
                on("a vGPU whose group is gone")
                        .device()
                        .with(host -> host.files().remove(realPath(host) + "/iommu_group"))
                        .finds("group", State.PROBLEM, "It has no IOMMU group."),
                on("root").device().finds("node-device", State.OK, "/dev/vfio/1: crw------- root root"),
                on("somebody else")
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("node-device", State.PROBLEM, "SUBSYSTEM==\"vfio\""),
                on("somebody else, and a node of its own")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("node-device", State.PROBLEM, "SUBSYSTEM==\"vfio-dev\""),
                on("somebody else who may use the group")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV))
                        .device()
                        .kind(builder -> builder.user(SOMEBODY, KVM_GROUP))
                        .files(files -> files.own("/dev/vfio/1", 0660, 0, KVM_GROUP))
                        .finds("node-device", State.OK, "/dev/vfio/1: crw-rw---- root kvm"),
                on("root who may use both")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.GROUP_AND_CDEV))
                        .device()
                        .finds("node-device", State.OK, "/dev/vfio/devices/vfio0: crw-------"),
                on("a node that is hidden")
                        .device()
                        .files(files -> files.remove("/dev/vfio/1"))
                        .finds("node-device", State.PROBLEM, "/dev/vfio/1 is not there."),
                on("no group, no node")
                        .files(files -> nic(files, "vfio-pci"))
                        .device(NIC)
                        .finds("node-device", State.UNKNOWN, "no group"),
                on("nobody has it").device().finds("free", State.OK, "Nobody has it open."),
                on("a VMM has it")
                        .device()
                        .with(host ->
                                openGroup(host.process("qemu-system-x86_64").systemCalls(), host))
                        .finds("free", State.PROBLEM, "It is open in 1001 (qemu-system-x86).", "pid:1001"),
                on("a VMM has it, and its node of its own")
                        .of(VgpuProfile.PORT.withNodes(DeviceNodes.CDEV))
                        .device()
                        .with(host ->
                                host.process("qemu").systemCalls().open("/dev/vfio/devices/vfio0", Access.READ_WRITE))
                        .finds("free", State.PROBLEM, "It is open in 1001 (qemu)."),
                on("a VMM that hides")
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .files(files -> files.own("/dev/vfio/1", 0666, 0, 0))
                        .with(host -> openGroup(host.process("qemu", 0).systemCalls(), host))
                        .finds("free", State.PROBLEM, "in a process that could not be found", "doctor as root"),
                on("a VMM that has closed the node and kept the device")
                        .device()
                        .with(DiagnosisTableTest::openDeviceAlone)
                        .finds(
                                "free",
                                State.PROBLEM,
                                "could not be found",
                                "is open in 1001 (qemu); it may be this one"),
                on("this process has it")
                        .device()
                        .with(host -> openGroup(host.systemCalls(), host))
                        .finds("free", State.OK, "This process has it open."),
                on("who does not see every process")
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .with(host -> host.process("sshd", 0))
                        .finds("free", State.UNKNOWN, "Nobody was seen", "Root sees every process."));
    }

    private static String realPath(EmulatedHost host) {
        return GPU + "/" + host.vgpu().uuid();
    }

    private static Stream<Row> displays() {
        VgpuProfile withKvm = VgpuProfile.V6.withKvmRequired(true);
        return Stream.of(
                on("a vGPU").device().finds("opening", State.OK, "It opens."),
                on("a vGPU that wants KVM").of(withKvm).device().finds("opening", State.OK, "a KVM VM", "and is gone"),
                on("a vGPU that wants KVM, without KVM")
                        .of(withKvm)
                        .device()
                        .files(DiagnosisTableTest::withoutKvm)
                        .finds("opening", State.UNKNOWN, "wants a KVM VM", "open /dev/kvm: ENOENT"),
                on("a driver that refuses")
                        .device()
                        .with(host -> host.faults().failOn("VFIO_GROUP_GET_DEVICE_FD", "", Errno.EIO))
                        .finds("opening", State.PROBLEM, "VFIO_GROUP_GET_DEVICE_FD /dev/vfio/1: EIO."),
                on("a PCI device")
                        .files(files -> nic(files, "vfio-pci"))
                        .device(NIC)
                        .finds("opening", State.UNKNOWN, "resets it"),
                on("this process has it")
                        .device()
                        .with(host -> openGroup(host.systemCalls(), host))
                        .finds("opening", State.UNKNOWN, "this process has the device open already"),
                on("no right to the node")
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("opening", State.UNKNOWN, "because of the problem with: Node of the device."),
                on("a VMM has it")
                        .device()
                        .with(host -> openGroup(host.process("qemu").systemCalls(), host))
                        .finds("opening", State.UNKNOWN, "somebody has the device open"),
                on("no IOMMU backend")
                        .device()
                        .files(files -> unload(files, "vfio_iommu_type1"))
                        .finds("opening", State.UNKNOWN, "because of the problem with: IOMMU backend."),
                on("the driver says so")
                        .of(withKvm)
                        .device()
                        .finds("kvm-needed", State.ADVICE, "the KVM VM it belongs to.", "pid:PID or socket:PATH"),
                on("known of GVT-g")
                        .device()
                        .with(host -> openGroup(host.process("qemu").systemCalls(), host))
                        .finds("kvm-needed", State.ADVICE, "(GVT-g does)"),
                on("dma-bufs").device().finds("display", State.OK, "as dma-bufs."),
                on("a region").of(VgpuProfile.MDPY).device().finds("display", State.OK, "in a region."),
                on("none")
                        .device()
                        .with(host -> host.faults().failOn("VFIO_DEVICE_QUERY_GFX_PLANE", "", Errno.ENOTTY))
                        .finds("display", State.ADVICE, "The device has none"),
                on("a PCI device")
                        .files(files -> nic(files, "vfio-pci"))
                        .device(NIC)
                        .finds("display", State.ADVICE, "vfio-pci does not hand it out"),
                on("a device that is not open")
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("display", State.UNKNOWN, "not open"),
                on("v2").of(VgpuProfile.V2)
                        .device()
                        .finds("display-irq", State.OK, "v2, irq 5 and 6, not maskable, tells planes."),
                on("v3").of(VgpuProfile.V3)
                        .device()
                        .finds("display-irq", State.OK, "v3, irq 5, maskable, does not tell planes."),
                on("v4").of(VgpuProfile.V4)
                        .device()
                        .finds("display-irq", State.OK, "v4, irq 5, maskable, tells planes."),
                on("v5").of(VgpuProfile.V5)
                        .device()
                        .finds("display-irq", State.OK, "v5, irq 5, maskable, tells planes."),
                on("v6").of(VgpuProfile.V6)
                        .device()
                        .finds("display-irq", State.OK, "v6, irq 5, maskable, tells planes."),
                on("page flips").of(VgpuProfile.PAGE_FLIP).device().finds("display-irq", State.OK, "pageflip, irq 5"),
                on("a port").of(VgpuProfile.PORT).device().finds("display-irq", State.OK, "port, irq 5"),
                on("a port with values")
                        .of(VgpuProfile.PORT_DISPLAY)
                        .device()
                        .finds("display-irq", State.OK, "port-display, irq 5"),
                on("mainline")
                        .of(VgpuProfile.MAINLINE)
                        .device()
                        .finds("display-irq", State.OK, "none. That is normal on mainline", "the timer does the job"),
                on("a device that is not open")
                        .device()
                        .kind(builder -> builder.user(SOMEBODY))
                        .finds("display-irq", State.UNKNOWN, "not open"));
    }

    /** What cannot be looked at is said to be unknown. */
    private static Stream<Row> broken() {
        return Stream.of(
                on("a bus that cannot be listed")
                        .with(host -> host.faults().failOn("opendir", "/sys/bus/mdev", Errno.EIO))
                        .finds("mdev", State.UNKNOWN, "It could not be looked at: opendir /sys/bus/mdev"),
                on("PCI devices that cannot be listed")
                        .with(host -> host.faults().failOn("opendir", "/sys/bus/pci", Errno.EACCES))
                        .finds("gpu", State.UNKNOWN, "EACCES"),
                on("parents that cannot be listed")
                        .with(host -> host.faults().failOn("opendir", "/sys/class/mdev_bus", Errno.EIO))
                        .finds("mdev-types", State.UNKNOWN, "EIO"),
                on("IOMMUs that cannot be listed")
                        .with(host -> host.faults().failOn("opendir", "/sys/class/iommu", Errno.EIO))
                        .finds("iommu", State.UNKNOWN, "EIO"),
                on("a node that cannot be looked at")
                        .with(host -> host.faults().failOn("stat", "/dev/kvm", Errno.ELOOP))
                        .finds("node-kvm", State.UNKNOWN, "ELOOP"),
                on("a directory that may not be searched")
                        .with(host -> host.faults().failOn("stat", "/dev/vfio/vfio", Errno.EACCES))
                        .finds("node-vfio", State.PROBLEM, "hidden", "may not be searched"),
                on("a group that cannot be listed")
                        .device()
                        .with(host -> host.faults().failOn("opendir", "/sys/kernel/iommu_groups", Errno.EIO))
                        .finds("group", State.UNKNOWN, "EIO"),
                on("a driver link that cannot be read")
                        .device()
                        .with(host -> host.faults().failOn("readlink", "/driver", Errno.EIO))
                        .finds("device", State.UNKNOWN, "EIO"),
                on("an answer that is malformed")
                        .device()
                        .with(host -> host.faults().rewrite(Vfio.VFIO_DEVICE_GET_INFO, bytes -> {
                            Arrays.fill(bytes, 8, 16, (byte) 0xff);
                            return bytes;
                        }))
                        .finds("display-irq", State.UNKNOWN, "VFIO_DEVICE_GET_INFO"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("rows")
    void theFindingIsRight(Row row) throws IOException {
        Finding finding = row.finding();
        assertEquals(row.state, finding.state(), finding.toString());
        String text = finding.found() + " " + finding.advice();
        row.fragments.forEach(fragment -> assertTrue(text.contains(fragment), fragment + "\nis not in\n" + text));
        boolean wantsAdvice = finding.state() == State.PROBLEM || finding.state() == State.ADVICE;
        assertTrue(!wantsAdvice || !finding.advice().isEmpty(), "no advice: " + finding);
        assertTrue(finding.state() != State.OK || finding.advice().isEmpty(), "advice without need: " + finding);
        assertTrue(finding.found().endsWith(".") || finding.state() == State.UNKNOWN, finding.toString());
    }

    @Test
    void everyCheckIsInTheTableInEveryStateItCanHave() {
        Map<String, TreeSet<State>> seen = new TreeMap<>();
        rows().forEach(row ->
                seen.computeIfAbsent(row.id, id -> new TreeSet<>()).add(row.state));
        TreeSet<String> ids = new TreeSet<>(seen.keySet());
        // What it says of JNA is in DiagnosisTest: an emulated host needs none.
        assertEquals(
                new TreeSet<>(List.of(
                        "device",
                        "display",
                        "display-irq",
                        "free",
                        "gpu",
                        "group",
                        "gvt",
                        "iommu",
                        "kernel",
                        "kvm",
                        "kvm-needed",
                        "mdev",
                        "mdev-types",
                        "memlock",
                        "node-device",
                        "node-devices",
                        "node-iommu",
                        "node-kvm",
                        "node-vfio",
                        "opening",
                        "ptrace",
                        "surroundings",
                        "vfio",
                        "vfio-iommu")),
                ids);
        List<String> withoutProblem =
                List.of("display", "display-irq", "iommu", "kvm-needed", "memlock", "ptrace", "surroundings");
        ids.forEach(
                id -> assertEquals(!withoutProblem.contains(id), seen.get(id).contains(State.PROBLEM), id));
        List<String> neverOk = List.of("kvm-needed", "surroundings");
        ids.forEach(id -> assertEquals(!neverOk.contains(id), seen.get(id).contains(State.OK), id));
    }
}
