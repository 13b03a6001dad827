package io.vfio4j.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.contract.VncViewer;
import io.vfio4j.display.Display;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.loop.EventLoop;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.VfioDevice;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.SwingUtilities;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The examples do what they say, on the emulated host. */
@Timeout(60)
@DisabledOnOs(OS.WINDOWS)
class ExamplesTest {
    private static final int SIGTERM = 15;
    private static final int SIGNALLED = 128;

    @TempDir
    private Path directory;

    @Test
    void twelveLinesPrintsEventsOfTheIrq() throws Exception {
        try (ExampleProcess example = new ExampleProcess(TwelveLines.class)) {
            example.await(line -> line.startsWith("RESYNC ["));
            for (int i = 0; i < 3; i++) {
                example.await(line -> line.startsWith("IRQ [PRIMARY"));
            }
            List<String> rest = example.pressEnter();
            assertEquals(0, example.exitCode(), rest::toString);
        }
    }

    @Test
    void twelveLinesHasTwelveLines() throws Exception {
        List<String> source = Files.readAllLines(Path.of("src/examples/java/io/vfio4j/examples/TwelveLines.java"));
        int main = source.indexOf("    public static void main(String[] arguments) throws IOException {");
        int end = main + 1 + source.subList(main + 1, source.size()).indexOf("    }");
        assertEquals(12, end - main - 1);
    }

    @Test
    void anExampleSaysThatADeviceIsNotThere() throws Exception {
        String absent = "8f9c1a8e-3f5d-4b2a-9a55-0d0f1d5a7b11";
        try (ExampleProcess example = new ExampleProcess(TwelveLines.class, absent)) {
            String failure = example.await(line -> line.startsWith("Exception in thread \"main\""));
            assertTrue(failure.contains(absent) || failure.contains("native"), failure);
            assertEquals(1, example.exitCode());
        }
    }

    @Test
    void theScreenshotServiceKeepsAPictureAndLeavesNothingHalf() throws Exception {
        Path file = directory.resolve("now.png");
        try (ExampleProcess example = new ExampleProcess(ScreenshotService.class, "emulated", file.toString())) {
            for (int i = 0; i < 2; i++) {
                assertEquals(file + ": 1920x1200", example.await(line -> line.contains("now.png")));
                BufferedImage picture = ImageIO.read(file.toFile());
                assertEquals(1200, picture.getHeight());
            }
            List<String> rest = example.terminate();
            assertTrue(rest.stream().allMatch(line -> line.equals(file + ": 1920x1200")), rest.toString());
            assertEquals(SIGNALLED + SIGTERM, example.exitCode());
        }
        assertFalse(Files.exists(directory.resolve("now.png.part")));
    }

    @Test
    void theEmbeddedServerAsksForItsPasswordAndHandsOutWhatIsTyped() throws Exception {
        try (ExampleProcess example = new ExampleProcess(EmbeddedVncServer.class)) {
            Matcher said = Pattern.compile("VNC on 127\\.0\\.0\\.1:(\\d+), password (\\w{8})")
                    .matcher(example.await(line -> line.startsWith("VNC on")));
            assertTrue(said.matches());
            try (VncViewer viewer = VncViewer.connect(Integer.parseInt(said.group(1)), Optional.of(said.group(2)))) {
                viewer.await("the picture", image -> image.getWidth() == 1920);
                viewer.type('a');
                assertEquals("key 0x61 pressed", example.await(line -> line.startsWith("key")));
                assertEquals("key 0x61 released", example.await(line -> line.startsWith("key")));
                viewer.moveTo(12, 34);
                assertEquals("pointer at 12,34, buttons 0", example.await(line -> line.startsWith("pointer")));
            }
            List<String> rest = example.pressEnter();
            assertTrue(rest.stream().anyMatch(line -> line.contains("accepted=1")), rest.toString());
            assertEquals(0, example.exitCode());
        }
    }

    /** Without a window: what the example puts into one. */
    @Test
    void theSwingFrontendIsAPanelAndALine() throws Exception {
        try (EmulatedHost host = EmulatedHost.of(VgpuProfile.V5.withSize(320, 200));
                EventLoop loop = EventLoop.stepped(host.systemCalls());
                Display display = Display.attach(
                        loop,
                        VfioDevice.open(
                                host.systemCalls(),
                                MdevDevice.find(host.systemCalls(), host.vgpu().uuid())));
                LiveScreen screen = LiveScreen.named("example", LiveOptions.DEFAULTS.on(Runnable::run))) {
            screen.attach(display);
            SwingUtilities.invokeAndWait(() -> {
                JPanel content = SwingFrontend.content(screen);
                assertInstanceOf(DisplayPanel.class, content.getComponent(0));
                assertEquals(screen, ((DisplayPanel) content.getComponent(0)).screen());
                assertInstanceOf(JLabel.class, content.getComponent(1));
            });
        }
    }
}
