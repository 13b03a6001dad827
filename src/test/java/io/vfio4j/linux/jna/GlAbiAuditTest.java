package io.vfio4j.linux.jna;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.vfio4j.linux.uapi.AbiAudit;
import io.vfio4j.linux.uapi.AbiAudit.Claim;
import io.vfio4j.linux.uapi.AbiAudit.Compiler;
import java.io.File;
import java.lang.reflect.Field;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The constants of GL against its C headers: the system's, or those in the directories that the system property {@code
 * io.vfio4j.headers} lists. They are the same on every architecture.
 */
@EnabledOnOs(OS.LINUX)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class GlAbiAuditTest {
    private static final String HEADERS = System.getProperty("io.vfio4j.headers", "");

    @TempDir
    Path workspace;

    static Stream<Arguments> audits() {
        return Stream.of(
                Arguments.of(EglAbi.class, List.of("EGL/egl.h", "EGL/eglext.h")),
                Arguments.of(GlesAbi.class, List.of("GLES2/gl2.h", "GLES2/gl2ext.h")),
                Arguments.of(GbmAbi.class, List.of("gbm.h")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("audits")
    void the_headers_say_the_same(Class<?> type, List<String> headers) throws Exception {
        // Headers of X11 need not be there for what has nothing to do with it.
        Compiler compiler = new Compiler("cc", List.of("-DEGL_NO_X11"));
        assumeTrue(compiler.isThere(), "there is no " + compiler);
        List<Claim> claims = new ArrayList<>();
        for (Field constant : AbiAudit.constantsOf(type)) {
            claims.add(AbiAudit.claim(constant));
        }
        assertFalse(claims.isEmpty());
        for (String directory : HEADERS.split(File.pathSeparator)) {
            Compiler source = directory.isEmpty() ? compiler : compiler.withHeaders(Path.of(directory));
            // The second needs the first, and comes with it.
            if (source.has(headers.get(0), workspace)) {
                assertEquals(Map.of(), source.check(headers, claims, workspace));
                return;
            }
        }
        String message = "NOT AUDITED, because no header of this system has them: the constants of "
                + type.getSimpleName() + ". scripts/test gets the headers and audits all.";
        assertEquals("", HEADERS, message);
        System.getLogger("io.vfio4j.report").log(System.Logger.Level.WARNING, message);
        assumeTrue(false, message);
    }
}
