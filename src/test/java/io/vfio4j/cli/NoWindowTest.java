package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** {@code view} where there can be no window, in a JVM of its own. */
@EnabledOnOs(OS.LINUX)
@Timeout(60)
class NoWindowTest {
    /** Is not there; so if it were looked for, that would be said instead. */
    private static final String ABSENT = "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11";

    private static void assertRefused(Map<String, String> environment, String sentence)
            throws IOException, InterruptedException {
        ProcessBuilder builder = OwnJvm.builder(Main.class, "view", ABSENT);
        builder.environment().remove("DISPLAY");
        builder.environment().putAll(environment);
        Process view = builder.start();
        String out = new String(view.getInputStream().readAllBytes(), UTF_8);
        String err = new String(view.getErrorStream().readAllBytes(), UTF_8)
                .replaceFirst("(?s)^Picked up JAVA_TOOL_OPTIONS:[^\\n]*\\n", "");
        assertEquals(1, view.waitFor(), err);
        assertEquals("", out);
        assertTrue(err.startsWith("vfio4j: " + sentence), err);
        assertTrue(err.endsWith("; 'vfio4j serve " + ABSENT + "' shows it to VNC clients\n"), err);
        assertEquals(1, err.lines().count(), err);
    }

    @Test
    void withoutAnXServerItIsOneSentence() throws Exception {
        assertRefused(Map.of(), "there can be no window: DISPLAY names no X server");
    }

    @Test
    void anXServerThatDoesNotAnswerIsNamed() throws Exception {
        assertRefused(Map.of("DISPLAY", ":4711"), "there can be no window: the X server :4711 cannot be reached");
    }

    @Test
    void aJavaWithoutWindowsIsSaidToBeOne() throws Exception {
        assertRefused(
                Map.of("DISPLAY", ":4711", "JAVA_TOOL_OPTIONS", "-Djava.awt.headless=true"),
                "there can be no window: this Java was started, or is installed, without windows");
    }
}
