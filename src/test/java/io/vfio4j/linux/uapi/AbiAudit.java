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
final class AbiAudit {
    /** Which headers a class speaks for. A class of the package that is neither here nor in the test's exceptions fails. */
    static final Map<Class<?>, List<String>> HEADERS = Map.of(
            Vfio.class, List.of("linux/vfio.h"),
            Kvm.class, List.of("linux/kvm.h"),
            Errno.class, List.of("errno.h"),
            PciRegs.class, List.of("linux/pci_regs.h"),
            SerialRegs.class, List.of("linux/serial_reg.h"),
            io.vfio4j.linux.uapi.Files.class,
                    List.of(
                            "fcntl.h",
                            "sys/mman.h",
                            "sys/eventfd.h",
                            "sys/timerfd.h",
                            "sys/epoll.h",
                            "time.h",
                            "stdint.h"));

    /** What a constant is in C, where the rule does not tell. */
    private static final Map<String, String> EXPRESSIONS = Map.of(
            "Vfio.RegionInfo.CAP_START", "sizeof(struct vfio_region_info)",
            "Files.EpollEvent.X86_64_SIZE", "sizeof(struct packed_epoll_event)",
            "Files.EpollEvent.X86_64_DATA", "offsetof(struct packed_epoll_event, data)",
            "Files.EpollEvent.ALIGNED_SIZE", "sizeof(struct aligned_epoll_event)",
            "Files.EpollEvent.ALIGNED_DATA", "offsetof(struct aligned_epoll_event, data)");

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
    enum Kind {
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
    record Claim(String constant, String claim) {}

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
    static List<Field> constantsOf(Class<?> type) {
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
    static String nameOf(Field constant) {
        return constant.getDeclaringClass()
                        .getName()
                        .substring(Vfio.class.getPackageName().length() + 1)
                        .replace('$', '.')
                + "." + constant.getName();
    }

    static Claim claim(Field constant) throws IllegalAccessException {
        String name = nameOf(constant);
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
    record Compiler(String program, List<String> options) {
        boolean isThere() {
            return Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
                    .anyMatch(directory -> Files.isExecutable(Path.of(directory, program)));
        }

        /** Whether a header can be included, by which we tell "not here" from "wrong". */
        boolean has(String header, Path workspace) throws IOException, InterruptedException {
            return run("#include <" + header + ">\n", workspace).isEmpty();
        }

        /**
         * Has the compiler check the claims.
         *
         * @return what is wrong, by constant; empty when all is right
         * @throws IllegalStateException when the compiler says something that is about none of the claims: the audit itself is
         *     broken then, and proves nothing
         */
        Map<String, Kind> check(List<String> headers, List<Claim> claims, Path workspace)
                throws IOException, InterruptedException {
            StringBuilder source = new StringBuilder("#define _GNU_SOURCE\n#include <stddef.h>\n");
            headers.forEach(header -> source.append("#include <").append(header).append(">\n"));
            source.append(EPOLL_EVENTS);
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
