package io.vfio4j.frontend.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** noVNC as the build lays it out. */
class NoVncTest {
    private static final Pattern IMPORT = Pattern.compile(
            "(?m)^(?:import|export)\\s(?:[^'\";]*?\\sfrom\\s)?['\"]([^'\"]+)['\"]|\\bimport\\(['\"]([^'\"]+)['\"]\\)");

    private WebFiles files;

    @BeforeEach
    void load() throws IOException {
        files = WebFiles.load();
        // Elsewhere it may be missing, for want of npm or a network, which the build says; but not where it is to be
        // tested.
        if (!"true".equals(System.getenv("CI"))) {
            assumeTrue(files.noVnc().isPresent(), "the build could not get noVNC");
        }
    }

    @Test
    void itIsPartOfThisBuild() {
        assertEquals("noVNC 1.7.0", files.noVnc().orElse("missing"));
    }

    @Test
    void itsLicencesAreThere() {
        for (String name : new String[] {"LICENSE.txt", "AUTHORS", "docs/LICENSE.MPL-2.0", "vendor/pako/LICENSE"}) {
            WebFile licence = files.at("/novnc/" + name).orElseThrow();
            assertEquals("text/plain; charset=utf-8", licence.type());
            assertTrue(licence.bytes().length > 100, name);
        }
    }

    @Test
    void everythingThatOurPagesImportIsServed() {
        Deque<String> left = new ArrayDeque<>(Set.of("/assets/viewer.js", "/assets/index.js", "/assets/snapshots.js"));
        Set<String> seen = new HashSet<>();
        while (!left.isEmpty()) {
            String path = left.remove();
            if (!seen.add(path)) {
                continue;
            }
            WebFile module = files.at(path).orElseThrow(() -> new AssertionError(path + " is imported and not served"));
            assertEquals("text/javascript; charset=utf-8", module.type(), path);
            Matcher imports = IMPORT.matcher(new String(module.bytes(), StandardCharsets.UTF_8));
            while (imports.find()) {
                String target = imports.group(1) != null ? imports.group(1) : imports.group(2);
                left.add(URI.create(path).resolve(target).toString());
            }
        }
        assertTrue(seen.contains("/novnc/core/decoders/zrle.js")
                && seen.contains("/novnc/vendor/pako/lib/zlib/inflate.js"));
    }
}
