package io.vfio4j.linux.uapi;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vfio4j.linux.uapi.AbiAudit.Claim;
import io.vfio4j.linux.uapi.AbiAudit.Compiler;
import io.vfio4j.linux.uapi.AbiAudit.Kind;
import java.io.File;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The constants of {@code linux.uapi} against the headers of the system, by every C compiler that is here. Headers that the
 * system lacks, or has in too old a version, are looked for in the directories that the system property
 * {@code io.vfio4j.headers} lists; with it, a constant that no header has is a failure. {@code scripts/test} sets it.
 */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AbiAuditTest {
    /** What no header has, and why that is all right. */
    private static final Map<String, String> EXCEPTIONS = Map.of(
            "Vfio.DrmPlaneType.OVERLAY", "enum drm_plane_type is in the kernel's own drm/drm_plane.h only",
            "Vfio.DrmPlaneType.PRIMARY", "enum drm_plane_type is in the kernel's own drm/drm_plane.h only",
            "Vfio.DrmPlaneType.CURSOR", "enum drm_plane_type is in the kernel's own drm/drm_plane.h only");

    /** Classes without a header: their reasons. */
    private static final Map<Class<?>, String> WITHOUT_HEADER = Map.of(
            DisplayIrq.class, "never reached mainline; DisplayIrqVectorTest holds it against byte vectors",
            Ioctl.class, "no constants, but the encoding that those of the other classes went through");

    /** The machine's own, and those that build the bridge for the other architecture. */
    private static final List<Compiler> COMPILERS = List.of(
            new Compiler("cc", List.of()),
            new Compiler("aarch64-linux-gnu-gcc", List.of()),
            new Compiler("x86_64-linux-gnu-gcc", List.of()));

    private static final List<Path> NEWER_HEADERS = Stream.of(
                    System.getProperty("io.vfio4j.headers", "").split(File.pathSeparator))
            .filter(directory -> !directory.isEmpty())
            .map(Path::of)
            .toList();

    @TempDir
    Path workspace;

    static Stream<Arguments> audits() {
        return COMPILERS.stream()
                .flatMap(compiler -> AbiAudit.HEADERS.keySet().stream()
                        .sorted((a, b) -> a.getName().compareTo(b.getName()))
                        .map(type -> Arguments.of(type, compiler)));
    }

    @ParameterizedTest(name = "{0} by {1}")
    @MethodSource("audits")
    void the_headers_say_the_same(Class<?> type, Compiler compiler) throws Exception {
        assumeTrue(compiler.isThere(), "there is no " + compiler);
        List<Claim> claims = new ArrayList<>();
        boolean x86 = compiler.isForX86(workspace);
        for (Field constant : AbiAudit.constantsOf(type)) {
            String name = AbiAudit.nameOf(constant);
            if (!EXCEPTIONS.containsKey(name) && (x86 || !AbiAudit.X86_ONLY.contains(name))) {
                claims.add(AbiAudit.claim(constant));
            }
        }
        assertFalse(claims.isEmpty());
        List<String> headers = AbiAudit.HEADERS.get(type);
        Map<String, Kind> wrong = new TreeMap<>();
        claims.forEach(claim -> wrong.put(claim.constant(), Kind.NOT_COVERED));
        // What one set of headers does not know the next one may; what one contradicts stays wrong.
        for (Compiler source : sources(compiler)) {
            if (!hasAll(source, headers)) {
                continue;
            }
            List<Claim> open = claims.stream()
                    .filter(claim -> wrong.get(claim.constant()) == Kind.NOT_COVERED)
                    .toList();
            open.forEach(claim -> wrong.remove(claim.constant()));
            wrong.putAll(source.check(headers, open, workspace));
        }
        if (NEWER_HEADERS.isEmpty() || !hasLibrary(compiler)) {
            assertFalse(wrong.containsValue(Kind.MISMATCH), wrong::toString);
            assumeTrue(wrong.isEmpty(), () -> sayNotAudited(compiler, wrong.keySet()));
        }
        assertEquals(Map.of(), wrong);
    }

    /** Said on the console as well, because Maven only counts what is skipped. */
    private static String sayNotAudited(Compiler compiler, Set<String> constants) {
        String nested = "([^.]*\\.[^.]*)\\..*";
        Set<String> names = constants.stream()
                .map(name -> name.replaceFirst(nested, "$1.*"))
                .collect(Collectors.toCollection(TreeSet::new));
        String message = "NOT AUDITED by " + compiler + ", because no header of this system has them: " + names
                + ". scripts/test gets newer headers and audits all.";
        if (compiler.equals(COMPILERS.get(0))) {
            System.getLogger("io.vfio4j.report").log(System.Logger.Level.WARNING, message);
        }
        return message;
    }

    /** A compiler for another architecture may lack the C library of it, so that nothing can be included. */
    private boolean hasLibrary(Compiler compiler) throws Exception {
        return compiler.has("errno.h", workspace);
    }

    private static List<Compiler> sources(Compiler compiler) throws Exception {
        List<Compiler> sources = new ArrayList<>(List.of(compiler));
        for (Path directory : NEWER_HEADERS) {
            sources.add(compiler.withHeaders(directory));
        }
        return sources;
    }

    private boolean hasAll(Compiler compiler, List<String> headers) throws Exception {
        for (String header : headers) {
            if (!compiler.has(header, workspace)) {
                return false;
            }
        }
        return true;
    }

    @Test
    void the_newer_headers_are_there_if_there_are_to_be_any() {
        assumeTrue(!NEWER_HEADERS.isEmpty(), "there are to be none");
        assertTrue(
                NEWER_HEADERS.stream()
                        .anyMatch(directory -> java.nio.file.Files.isRegularFile(directory.resolve("linux/iommufd.h"))),
                () -> "io.vfio4j.headers has " + NEWER_HEADERS + ", of which none holds linux/iommufd.h");
    }

    @Test
    void no_class_escapes_the_audit() throws Exception {
        assumeTrue(Vfio.class.getResource("Vfio.class").getProtocol().equals("file"), "the classes are in a jar here");
        Set<Class<?>> known = new TreeSet<>((a, b) -> a.getName().compareTo(b.getName()));
        known.addAll(AbiAudit.HEADERS.keySet());
        known.addAll(WITHOUT_HEADER.keySet());
        assertEquals(new ArrayList<>(known), AbiAudit.classesOfThePackage());
    }

    @Test
    void every_exception_is_about_a_constant_that_is_there() {
        Set<String> constants = new TreeSet<>();
        AbiAudit.HEADERS
                .keySet()
                .forEach(type ->
                        AbiAudit.constantsOf(type).forEach(constant -> constants.add(AbiAudit.nameOf(constant))));
        assertTrue(constants.containsAll(EXCEPTIONS.keySet()), EXCEPTIONS::toString);
        assertTrue(constants.containsAll(AbiAudit.X86_ONLY), AbiAudit.X86_ONLY::toString);
        assertEquals(List.of(), AbiAudit.constantsOf(Ioctl.class), "Ioctl has constants now, which nothing audits");
    }

    @Test
    void the_audit_finds_what_is_wrong_and_only_that() throws Exception {
        Compiler cc = COMPILERS.get(0);
        assumeTrue(cc.isThere(), "there is no " + cc);
        assumeTrue(cc.has("errno.h", workspace), "there is no errno.h");
        List<Claim> claims = List.of(
                new Claim("right", "EPERM == 1"),
                new Claim("wrong value", "EPERM == 2"),
                new Claim("also right", "sizeof(struct known) == 8"),
                new Claim("wrong offset", "offsetof(struct known, second) == 0"),
                new Claim("unknown constant", "ENOSUCHTHING == 1"),
                new Claim("unknown structure", "sizeof(struct unknown) == 1"),
                new Claim("unknown member", "offsetof(struct known, third) == 1"),
                new Claim("right again", "ENOENT == 2"));
        java.nio.file.Files.writeString(workspace.resolve("known.h"), "struct known { int first; int second; };\n");
        Compiler compiler = new Compiler(cc.program(), List.of("-isystem", workspace.toString()));
        assertEquals(
                Map.of(
                        "wrong value", Kind.MISMATCH,
                        "wrong offset", Kind.MISMATCH,
                        "unknown constant", Kind.NOT_COVERED,
                        "unknown structure", Kind.NOT_COVERED,
                        "unknown member", Kind.NOT_COVERED),
                compiler.check(List.of("errno.h", "known.h"), claims, workspace));
    }

    @Test
    void the_audit_says_when_it_is_itself_broken() throws Exception {
        Compiler cc = COMPILERS.get(0);
        assumeTrue(cc.isThere(), "there is no " + cc);
        List<Claim> claims = List.of(new Claim("right", "1 == 1"));
        assertThrows(IllegalStateException.class, () -> cc.check(List.of("no/such/header.h"), claims, workspace));
        Compiler confused = new Compiler(cc.program(), List.of("--no-such-option"));
        assertThrows(IllegalStateException.class, () -> confused.check(List.of(), claims, workspace));
        java.nio.file.Files.writeString(workspace.resolve("broken.h"), "this is no C\n");
        Compiler compiler = new Compiler(cc.program(), List.of("-isystem", workspace.toString()));
        assertThrows(IllegalStateException.class, () -> compiler.check(List.of("broken.h"), claims, workspace));
    }

    @Test
    void the_rules_make_of_a_constant_what_its_name_says() throws Exception {
        assertEquals("(long long)(VFIO_TYPE1v2_IOMMU) == 3LL", claimOf(Vfio.class, "VFIO_TYPE1v2_IOMMU"));
        assertEquals("(unsigned long)(VFIO_DEVICE_SET_IRQS) == 15214UL", claimOf(Vfio.class, "VFIO_DEVICE_SET_IRQS"));
        assertEquals(
                "(long long)(offsetof(struct vfio_region_info, size)) == 16LL",
                claimOf(Vfio.RegionInfo.class, "SIZE_MEMBER"));
        assertEquals(
                "(long long)(sizeof(struct vfio_region_info)) == 32LL", claimOf(Vfio.RegionInfo.class, "CAP_START"));
        assertEquals(
                "(long long)(offsetof(struct vfio_device_gfx_plane_info, x_pos)) == 40LL",
                claimOf(Vfio.DeviceGfxPlaneInfo.class, "X_POS"));
    }

    private static String claimOf(Class<?> type, String constant) throws Exception {
        return AbiAudit.claim(type.getField(constant)).claim();
    }
}
