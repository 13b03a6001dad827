package io.vfio4j.linux.uapi;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Holds our constants against the C headers: turns each into a static assertion and has a compiler check them all.
 *
 * <p>The conventions are those of {@link Vfio}: a constant has the name of its macro or enumerator; in a nested class with
 * {@code STRUCT}, {@code SIZE} is the sizeof and every other number the offset of the member with that name in lower case.
 * What follows another rule is listed in {@link #EXPRESSIONS}.
 */
public final class AbiAudit {
    /** Which headers a class speaks for. A class of the package that is neither here nor in the test's exceptions fails. */
    static final Map<Class<?>, List<String>> HEADERS = Map.ofEntries(
            Map.entry(Vfio.class, List.of("linux/vfio.h")),
            Map.entry(Iommufd.class, List.of("linux/iommufd.h")),
            Map.entry(Kvm.class, List.of("linux/kvm.h", "linux/kvm_para.h")),
            Map.entry(DmaBuf.class, List.of("linux/dma-buf.h")),
            Map.entry(Drm.class, List.of("drm/drm.h")),
            Map.entry(DrmFourcc.class, List.of("drm/drm_fourcc.h")),
            Map.entry(Errno.class, List.of("errno.h")),
            Map.entry(PciRegs.class, List.of("linux/pci_regs.h")),
            Map.entry(SerialRegs.class, List.of("linux/serial_reg.h")),
            Map.entry(Processes.class, List.of("sys/syscall.h", "linux/capability.h")),
            Map.entry(Sockets.class, List.of("sys/socket.h", "sys/un.h", "sys/uio.h", "sys/time.h", "poll.h")),
            Map.entry(
                    io.vfio4j.linux.uapi.Files.class,
                    List.of(
                            "fcntl.h",
                            "sys/stat.h",
                            "unistd.h",
                            "sys/mman.h",
                            "sys/eventfd.h",
                            "sys/timerfd.h",
                            "sys/epoll.h",
                            "time.h",
                            "stdint.h")));

    /** What a constant is in C, where the rule does not tell. */
    private static final Map<String, String> EXPRESSIONS = Map.ofEntries(
            Map.entry("Vfio.RegionInfo.CAP_START", "sizeof(struct vfio_region_info)"),
            Map.entry("Vfio.DeviceBindIommufd.MINSZ", endOf("vfio_device_bind_iommufd", "out_devid")),
            Map.entry("Vfio.DeviceAttachIommufdPt.MINSZ", endOf("vfio_device_attach_iommufd_pt", "pt_id")),
            Map.entry("Vfio.DeviceDetachIommufdPt.MINSZ", endOf("vfio_device_detach_iommufd_pt", "flags")),
            Map.entry("Sockets.SockaddrUn.SUN_PATH_SIZE", "sizeof(((struct sockaddr_un *)0)->sun_path)"),
            Map.entry("Sockets.Cmsghdr.ALIGNMENT", "CMSG_ALIGN(1)"),
            Map.entry("Kvm.IrqRoutingEntry.IRQCHIP_IRQCHIP", member("kvm_irq_routing_entry", "u.irqchip.irqchip")),
            Map.entry("Kvm.IrqRoutingEntry.IRQCHIP_PIN", member("kvm_irq_routing_entry", "u.irqchip.pin")),
            Map.entry("Kvm.IrqRoutingEntry.MSI_ADDRESS_LO", member("kvm_irq_routing_entry", "u.msi.address_lo")),
            Map.entry("Kvm.IrqRoutingEntry.MSI_ADDRESS_HI", member("kvm_irq_routing_entry", "u.msi.address_hi")),
            Map.entry("Kvm.IrqRoutingEntry.MSI_DATA", member("kvm_irq_routing_entry", "u.msi.data")),
            Map.entry("Kvm.Run.IO_DIRECTION", member("kvm_run", "io.direction")),
            Map.entry("Kvm.Run.IO_SIZE", member("kvm_run", "io.size")),
            Map.entry("Kvm.Run.IO_PORT", member("kvm_run", "io.port")),
            Map.entry("Kvm.Run.IO_COUNT", member("kvm_run", "io.count")),
            Map.entry("Kvm.Run.MMIO_PHYS_ADDR", member("kvm_run", "mmio.phys_addr")),
            Map.entry("Kvm.Run.INTERNAL_SUBERROR", member("kvm_run", "internal.suberror")),
            Map.entry(
                    "Kvm.Run.FAIL_ENTRY_HARDWARE_ENTRY_FAILURE_REASON",
                    member("kvm_run", "fail_entry.hardware_entry_failure_reason")),
            Map.entry("Files.EpollEvent.X86_64_SIZE", "sizeof(struct packed_epoll_event)"),
            Map.entry("Files.EpollEvent.X86_64_DATA", member("packed_epoll_event", "data")),
            Map.entry("Files.EpollEvent.ALIGNED_SIZE", "sizeof(struct aligned_epoll_event)"),
            Map.entry("Files.EpollEvent.ALIGNED_DATA", member("aligned_epoll_event", "data")));

    /** What {@code asm/kvm.h} has on x86 only, where the interrupt controllers are these. */
    static final Set<String> X86_ONLY = Set.of(
            "Kvm.KVM_GET_SUPPORTED_CPUID",
            "Kvm.KVM_GET_REGS",
            "Kvm.KVM_SET_REGS",
            "Kvm.KVM_GET_SREGS",
            "Kvm.KVM_SET_SREGS",
            "Kvm.KVM_CPUID_FEATURES",
            "Kvm.KVM_FEATURE_PV_SCHED_YIELD",
            "Kvm.Cpuid2.SIZE",
            "Kvm.Cpuid2.NENT",
            "Kvm.Cpuid2.ENTRIES",
            "Kvm.CpuidEntry2.SIZE",
            "Kvm.CpuidEntry2.FUNCTION",
            "Kvm.CpuidEntry2.EAX",
            "Kvm.Regs.SIZE",
            "Kvm.Regs.RAX",
            "Kvm.Regs.RBX",
            "Kvm.Regs.RSP",
            "Kvm.Regs.RIP",
            "Kvm.Regs.RFLAGS",
            "Kvm.Sregs.SIZE",
            "Kvm.Sregs.CS",
            "Kvm.Sregs.DS",
            "Kvm.Segment.SIZE",
            "Kvm.Segment.BASE",
            "Kvm.Segment.LIMIT",
            "Kvm.Segment.SELECTOR",
            "Kvm.Segment.G",
            "Kvm.KVM_IRQCHIP_PIC_MASTER",
            "Kvm.KVM_IRQCHIP_PIC_SLAVE",
            "Kvm.KVM_IRQCHIP_IOAPIC",
            "Kvm.KVM_IOAPIC_NUM_PINS");

    private static String member(String struct, String path) {
        return "offsetof(struct " + struct + ", " + path + ")";
    }

    /** offsetofend() of the kernel, of a member of four bytes. */
    private static String endOf(String struct, String path) {
        return "(" + member(struct, path) + " + 4)";
    }

    /** Headers before Linux 6.6 have the numbers under the names that later ones define as the same. */
    private static final String KVM_VFIO_FILE = """
            #if defined(KVM_DEV_VFIO_GROUP) && !defined(KVM_DEV_VFIO_FILE)
            #define KVM_DEV_VFIO_FILE KVM_DEV_VFIO_GROUP
            #define KVM_DEV_VFIO_FILE_ADD KVM_DEV_VFIO_GROUP_ADD
            #define KVM_DEV_VFIO_FILE_DEL KVM_DEV_VFIO_GROUP_DEL
            #endif
            """;

    /**
     * The header has the layout of the architecture that is compiled for. That the other one is what it is said to be is known
     * from what that architecture would make of the same members.
     */
    private static final String EPOLL_EVENTS = """
            #ifdef EPOLLIN
            struct other_packed_epoll_event { uint32_t events; epoll_data_t data; } __attribute__((packed));
            struct other_aligned_epoll_event { uint32_t events; epoll_data_t data; };
            #ifdef __x86_64__
            #define packed_epoll_event epoll_event
            #define aligned_epoll_event other_aligned_epoll_event
            #else
            #define packed_epoll_event other_packed_epoll_event
            #define aligned_epoll_event epoll_event
            #endif
            #endif
            """;

    private static final Pattern ERROR = Pattern.compile("^.*?audit\\.c:(\\d+):.*error: (.*)$");

    /** What the compiler found. */
    public enum Kind {
        /** The header says something else. */
        MISMATCH,
        /** The header does not know the constant, structure or member. */
        NOT_COVERED
    }

    /**
     * What is claimed.
     *
     * @param constant its name, for people
     * @param claim a C expression that is true if the constant is right
     */
    public record Claim(String constant, String claim) {}

    private AbiAudit() {}

    /** Every top-level class of the package; those of a test that lives in the same package excepted. */
    static List<Class<?>> classesOfThePackage() throws IOException, URISyntaxException, ReflectiveOperationException {
        Path directory = Path.of(Vfio.class.getResource("Vfio.class").toURI()).getParent();
        List<Class<?>> classes = new ArrayList<>();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString().replace(".class", "");
                if (!name.contains("$") && !name.equals("package-info")) {
                    classes.add(Class.forName(Vfio.class.getPackageName() + "." + name));
                }
            }
        }
        return classes;
    }

    /** The constants of a class and of the classes nested in it; private ones are nobody's ABI. */
    public static List<Field> constantsOf(Class<?> type) {
        List<Field> constants = new ArrayList<>();
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers())
                    && !Modifier.isPrivate(field.getModifiers())
                    && !field.isSynthetic()
                    && !field.getName().equals("STRUCT")) {
                constants.add(field);
            }
        }
        for (Class<?> nested : type.getDeclaredClasses()) {
            constants.addAll(constantsOf(nested));
        }
        return constants;
    }

    /** For example {@code Vfio.RegionInfo.FLAGS}. */
    public static String nameOf(Field constant) {
        Class<?> owner = constant.getDeclaringClass();
        return owner.getName().substring(owner.getPackageName().length() + 1).replace('$', '.') + "."
                + constant.getName();
    }

    public static Claim claim(Field constant) throws IllegalAccessException {
        String name = nameOf(constant);
        // Those of GL are nobody's API.
        constant.setAccessible(true);
        Object value = constant.get(null);
        String expression = EXPRESSIONS.containsKey(name) ? EXPRESSIONS.get(name) : expression(constant);
        if (value instanceof Ioctl ioctl) {
            if (!ioctl.name().equals(constant.getName())) {
                throw new AssertionError(name + " calls itself " + ioctl.name());
            }
            return new Claim(name, "(unsigned long)(" + expression + ") == " + ioctl.number() + "UL");
        }
        if (value instanceof Integer number) {
            return new Claim(
                    name,
                    number >= 0
                            ? "(long long)(" + expression + ") == " + number + "LL"
                            : "(unsigned int)(" + expression + ") == " + Integer.toUnsignedString(number) + "U");
        }
        if (value instanceof Long number) {
            return new Claim(
                    name, "(unsigned long long)(" + expression + ") == " + Long.toUnsignedString(number) + "ULL");
        }
        throw new AssertionError("there is no rule for " + name + ", a " + constant.getType());
    }

    private static String expression(Field constant) throws IllegalAccessException {
        Class<?> owner = constant.getDeclaringClass();
        String name = constant.getName();
        String struct;
        try {
            struct = (String) owner.getDeclaredField("STRUCT").get(null);
        } catch (NoSuchFieldException none) {
            return name;
        }
        if (name.equals("SIZE")) {
            return "sizeof(" + struct + ")";
        }
        String member = name.equals("SIZE_MEMBER") ? "size" : name.toLowerCase(Locale.ROOT);
        return "offsetof(" + struct + ", " + member + ")";
    }

    /** A C compiler with options. */
    public record Compiler(String program, List<String> options) {
        public boolean isThere() {
            return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                    .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
        }

        /**
         * The same compiler, with the kernel's headers of a directory in front of the system's; of what depends on the
         * architecture, those of the one it compiles for, as Debian lays them out.
         */
        public Compiler withHeaders(Path directory) throws IOException, InterruptedException {
            Process process = new ProcessBuilder(program, "-dumpmachine").start();
            String architecture = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            process.waitFor();
            List<String> all = new ArrayList<>(options);
            for (Path include : List.of(directory, directory.resolve(architecture))) {
                if (Files.isDirectory(include)) {
                    all.add("-isystem");
                    all.add(include.toString());
                }
            }
            return new Compiler(program, List.copyOf(all));
        }

        /** Whether a header can be included, by which we tell "not here" from "wrong". */
        public boolean has(String header, Path workspace) throws IOException, InterruptedException {
            return run("#include <" + header + ">\n", workspace).isEmpty();
        }

        /** Whether it compiles for x86-64. */
        boolean isForX86(Path workspace) throws IOException, InterruptedException {
            return run("#ifndef __x86_64__\n#error another architecture\n#endif\n", workspace)
                    .isEmpty();
        }

        /**
         * Has the compiler check the claims.
         *
         * @return what is wrong, by constant; empty when all is right
         * @throws IllegalStateException when the compiler says something that is about none of the claims: the audit itself is
         *     broken then, and proves nothing
         */
        public Map<String, Kind> check(List<String> headers, List<Claim> claims, Path workspace)
                throws IOException, InterruptedException {
            StringBuilder source = new StringBuilder("#define _GNU_SOURCE\n#include <stddef.h>\n");
            headers.forEach(header -> source.append("#include <").append(header).append(">\n"));
            source.append(EPOLL_EVENTS).append(KVM_VFIO_FILE);
            int first = (int) source.chars().filter(c -> c == '\n').count() + 1;
            for (Claim claim : claims) {
                source.append("_Static_assert(")
                        .append(claim.claim())
                        .append(", \"")
                        .append(claim.constant())
                        .append("\");\n");
            }
            Map<String, Kind> wrong = new TreeMap<>();
            for (Map.Entry<Integer, List<String>> errors :
                    run(source.toString(), workspace).entrySet()) {
                int index = errors.getKey() - first;
                if (index < 0 || index >= claims.size()) {
                    throw new IllegalStateException("the audit is broken: " + program + " says " + errors);
                }
                boolean mismatch =
                        errors.getValue().stream().allMatch(text -> text.contains("static assertion failed"));
                wrong.put(claims.get(index).constant(), mismatch ? Kind.MISMATCH : Kind.NOT_COVERED);
            }
            return wrong;
        }

        /** The errors by line; line 0 where the compiler names none. */
        private Map<Integer, List<String>> run(String source, Path workspace) throws IOException, InterruptedException {
            Path file = workspace.resolve("audit.c");
            Files.writeString(file, source);
            List<String> command = new ArrayList<>(List.of(program, "-std=gnu11", "-fsyntax-only", "-fmax-errors=0"));
            command.addAll(options);
            command.add(file.toString());
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().put("LC_ALL", "C");
            Process process = builder.start();
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            int exit = process.waitFor();
            Map<Integer, List<String>> errors = new LinkedHashMap<>();
            for (String line : output.split("\n")) {
                Matcher matcher = ERROR.matcher(line);
                if (matcher.matches()) {
                    errors.computeIfAbsent(Integer.valueOf(matcher.group(1)), none -> new ArrayList<>())
                            .add(matcher.group(2));
                }
            }
            if (exit != 0 && errors.isEmpty()) {
                errors.put(0, List.of("exit status " + exit + ": " + output));
            }
            return errors;
        }

        @Override
        public String toString() {
            return program;
        }
    }
}
