package io.vfio4j.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.EmulatedHost;
import io.vfio4j.emulator.Removal;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.Vgpu;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.frontend.swing.OnScreen;
import io.vfio4j.frontend.swing.Pictures;
import java.awt.Component;
import java.awt.Container;
import java.awt.Frame;
import java.awt.Point;
import java.awt.Rectangle;
import java.awt.event.InputEvent;
import java.awt.event.KeyEvent;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.swing.JFrame;
import javax.swing.JTabbedPane;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** {@code view} in this JVM, of guests of an emulated host in real time, on an X server; its keys and clicks are typed there. */
@Tag("desktop")
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ViewTest {
    private static final VgpuProfile PROFILE =
            VgpuProfile.V6.withSize(480, 300).withBuffers(8).withMappableDmabufs(true);

    private final EmulatedHost host = EmulatedHost.builder()
            .vgpu(PROFILE)
            .vgpu(PROFILE.withSize(320, 200))
            .vgpu(PROFILE.withSize(400, 240))
            .realTime()
            .build();
    private final List<Vgpu> vgpus = host.vgpus();
    private final EmulatedGuest guest = vgpus.get(0).guest();
    private OnScreen onScreen;
    private CompletableFuture<CommandRun> running = CompletableFuture.completedFuture(new CommandRun(0, "", ""));
    private Optional<Process> process = Optional.empty();

    @BeforeEach
    void start() throws Exception {
        onScreen = new OnScreen();
        vgpus.forEach(vgpu -> vgpu.guest().flip());
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        OnScreen.inSwing(() -> Arrays.stream(Frame.getFrames()).forEach(Frame::dispose));
        process.ifPresent(Process::destroyForcibly);
        running.get(60, TimeUnit.SECONDS);
        assertEquals(List.of(), host.openFiles());
        host.close();
    }

    private void view(String... arguments) {
        List<String> line = new ArrayList<>(List.of("view"));
        line.addAll(List.of(arguments));
        running = CompletableFuture.supplyAsync(() -> CommandRun.on(host, line.toArray(String[]::new)));
    }

    private String uuid(int index) {
        return vgpus.get(index).uuid().toString();
    }

    private static List<JFrame> frames() {
        return Arrays.stream(Frame.getFrames())
                .filter(frame -> frame instanceof JFrame && frame.isDisplayable())
                .map(JFrame.class::cast)
                .toList();
    }

    private static List<DisplayPanel> panels(Container container) {
        List<DisplayPanel> found = new ArrayList<>();
        for (Component component : container.getComponents()) {
            if (component instanceof DisplayPanel panel) {
                found.add(panel);
            } else if (component instanceof Container inner) {
                found.addAll(panels(inner));
            }
        }
        return found;
    }

    private static Rectangle place(DisplayPanel panel) {
        return new Rectangle(panel.getLocationOnScreen(), panel.getSize());
    }

    private JFrame awaitTitle(String title) {
        onScreen.await(
                () -> frames().stream().anyMatch(frame -> frame.isShowing() && title.equals(frame.getTitle())),
                () -> "titles: " + frames().stream().map(Frame::getTitle).toList() + ", " + running);
        return frames().stream()
                .filter(frame -> title.equals(frame.getTitle()))
                .findFirst()
                .orElseThrow();
    }

    /** Exactly the guest's picture is on the screen where the panel is. */
    private void awaitPicture(DisplayPanel panel, EmulatedGuest shown) throws Exception {
        onScreen.await(
                () -> {
                    Rectangle at = place(panel);
                    BufferedImage picture = Pictures.of(shown);
                    return at.width == picture.getWidth()
                            && at.height == picture.getHeight()
                            && Pictures.isAt(picture, onScreen.whole(), at.x, at.y);
                },
                () -> "the panel at " + place(panel) + " does not show the guest's " + shown.width() + "x"
                        + shown.height() + " pixels");
    }

    private void click(Point place) {
        onScreen.robot().mouseMove(place.x, place.y);
        onScreen.robot().mousePress(InputEvent.BUTTON1_DOWN_MASK);
        onScreen.robot().mouseRelease(InputEvent.BUTTON1_DOWN_MASK);
    }

    private void awaitFocus(JFrame frame) {
        onScreen.await(frame::isFocused, () -> "no focus");
    }

    private void quit() throws Exception {
        onScreen.robot().keyPress(KeyEvent.VK_CONTROL);
        onScreen.press(KeyEvent.VK_Q);
        onScreen.robot().keyRelease(KeyEvent.VK_CONTROL);
        CommandRun run = running.get(30, TimeUnit.SECONDS);
        assertEquals("", run.err());
        assertEquals("", run.out());
        assertEquals(0, run.exitCode());
        assertEquals(List.of(), frames());
    }

    @Test
    void theWindowHasTheGuestsPictureThroughFlipsModesAndCursors() throws Exception {
        view(uuid(0));
        JFrame frame = awaitTitle(uuid(0) + " - 480x300 - vfio4j");
        DisplayPanel panel = panels(frame).get(0);
        for (int i = 0; i < 5; i++) {
            awaitPicture(panel, guest);
            guest.flip();
            guest.moveCursor(40 * i, 30 * i);
            guest.cursor();
        }
        guest.setMode(640, 360);
        awaitTitle(uuid(0) + " - 640x360 - vfio4j");
        awaitPicture(panel, guest);
        awaitFocus(frame);
        quit();
    }

    @Test
    void whileTheGuestFlipsEveryPictureOnTheScreenIsOneOfItsFrames() throws Exception {
        view(uuid(0));
        DisplayPanel panel = panels(awaitTitle(uuid(0) + " - 480x300 - vfio4j")).get(0);
        awaitPicture(panel, guest);
        guest.run(Scenario.FLIP);
        List<BufferedImage> seen = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            long frame = guest.frame();
            onScreen.await(() -> guest.frame() > frame + 5, () -> "the guest does not flip");
            // Painted in the dispatch thread, so that between two pictures nobody sees parts of both.
            seen.add(OnScreen.inSwing(() -> onScreen.robot().createScreenCapture(place(panel))));
        }
        guest.stop();
        awaitPicture(panel, guest);
        try (EmulatedHost twin = EmulatedHost.of(PROFILE)) {
            for (BufferedImage picture : seen) {
                while (twin.vgpu().guest().frame() < Pictures.frameNumber(picture)) {
                    twin.vgpu().guest().flip();
                }
                Pictures.assertSame(Pictures.of(twin.vgpu().guest()), picture);
            }
        }
        assertTrue(seen.stream().mapToLong(Pictures::frameNumber).distinct().count() > 2);
    }

    @Test
    void tabsShowOneDisplayAtATimeAndReadNoOther() throws Exception {
        view(uuid(0), uuid(1));
        JFrame frame = awaitTitle(uuid(0) + " - 480x300 - vfio4j");
        JTabbedPane tabs = (JTabbedPane) frame.getContentPane().getComponent(0);
        List<DisplayPanel> panels = OnScreen.inSwing(() -> panels(tabs));
        assertEquals(2, panels.size());
        assertEquals(1, panels.get(0).screen().stats().viewers());
        assertEquals(0, panels.get(1).screen().stats().viewers());
        assertEquals(0, panels.get(1).screen().stats().captures());
        Rectangle second = OnScreen.inSwing(() -> {
            Rectangle bounds = tabs.getBoundsAt(1);
            bounds.translate(tabs.getLocationOnScreen().x, tabs.getLocationOnScreen().y);
            return bounds;
        });
        click(new Point((int) second.getCenterX(), (int) second.getCenterY()));
        awaitTitle(uuid(1) + " - 320x200 - vfio4j");
        onScreen.await(() -> panels.get(0).screen().stats().viewers() == 0, () -> "the other tab still looks");
        awaitFocus(frame);
        quit();
    }

    @Test
    void eachDisplayHasAWindowAndTheLastOneEndsTheCommand() throws Exception {
        view(uuid(0), uuid(1), "--windows", "--scale", "1:1");
        JFrame first = awaitTitle(uuid(0) + " - 480x300 - vfio4j");
        JFrame second = awaitTitle(uuid(1) + " - 320x200 - vfio4j");
        OnScreen.inSwing(() -> {
            first.setLocation(50, 50);
            second.setLocation(700, 500);
        });
        awaitPicture(panels(first).get(0), guest);
        awaitPicture(panels(second).get(0), vgpus.get(1).guest());
        OnScreen.inSwing(first::dispose);
        assertFalse(running.isDone());
        OnScreen.inSwing(second::dispose);
        assertEquals(0, running.get(30, TimeUnit.SECONDS).exitCode());
    }

    @Test
    void aWallHasAllAndAClickEnlargesOne() throws Exception {
        view("--wall", uuid(0), uuid(1), uuid(2));
        JFrame frame = awaitTitle("3 displays - vfio4j");
        List<DisplayPanel> panels = OnScreen.inSwing(() -> panels(frame));
        onScreen.await(
                () -> panels.stream().allMatch(panel -> panel.shown().absence().isEmpty()), () -> "placeholders");
        for (int i = 0; i < 3; i++) {
            DisplayPanel panel = panels.get(i);
            awaitPainted(panel);
            assertEquals(vgpus.get(i).guest().width(), panel.shown().width());
        }
        awaitFocus(frame);
        Rectangle at = OnScreen.inSwing(() -> place(panels.get(1)));
        click(new Point((int) at.getCenterX(), (int) at.getCenterY()));
        awaitTitle(uuid(1) + " - 320x200 - vfio4j");
        onScreen.await(() -> panels.get(0).screen().stats().viewers() == 0, () -> "a hidden tile still looks");
        onScreen.await(() -> panels.get(1).getWidth() > at.width, () -> "the tile is not larger");
        awaitPainted(panels.get(1));
        onScreen.press(KeyEvent.VK_ESCAPE);
        awaitTitle("3 displays - vfio4j");
        onScreen.await(() -> panels.get(0).screen().stats().viewers() == 1, () -> "a tile does not look");
        quit();
    }

    /** What the panel paints is on the screen, and it is a picture. */
    private void awaitPainted(DisplayPanel panel) {
        onScreen.await(
                () -> {
                    try {
                        BufferedImage painted = OnScreen.inSwing(() -> Pictures.painted(panel));
                        Rectangle at = place(panel);
                        return Pictures.colours(painted) > 100 && Pictures.isAt(painted, onScreen.whole(), at.x, at.y);
                    } catch (Exception e) {
                        throw new AssertionError(e);
                    }
                },
                () -> "the tile of " + panel.screen().name() + " is not on the screen");
    }

    @Test
    void f11FillsTheScreenAndEscLeadsBack() throws Exception {
        view(uuid(1), "--scale", "integer");
        JFrame frame = awaitTitle(uuid(1) + " - 320x200 - vfio4j");
        DisplayPanel panel = panels(frame).get(0);
        EmulatedGuest shown = vgpus.get(1).guest();
        awaitPicture(panel, shown);
        awaitFocus(frame);
        onScreen.press(KeyEvent.VK_F11);
        onScreen.await(() -> place(panel).equals(new Rectangle(1600, 1200)), () -> "panel at " + place(panel));
        onScreen.await(
                () -> Pictures.isAt(
                        Pictures.centred(Pictures.enlarged(Pictures.of(shown), 5), 1600, 1200), onScreen.whole(), 0, 0),
                () -> "not five times as large");
        onScreen.press(KeyEvent.VK_ESCAPE);
        awaitPicture(panel, shown);
        onScreen.press(KeyEvent.VK_F1);
        onScreen.await(panel::isOverlay, () -> "no overlay");
        quit();
    }

    @Test
    void aDeviceThatVanishesLeavesTheWindowAndComesBack() throws Exception {
        view(uuid(1));
        JFrame frame = awaitTitle(uuid(1) + " - 320x200 - vfio4j");
        DisplayPanel panel = panels(frame).get(0);
        Removal removal = vgpus.get(1).remove();
        awaitTitle(uuid(1) + " - vfio4j");
        onScreen.await(removal::isComplete, () -> "it is not removed");
        assertTrue(OnScreen.inSwing(() -> panel.shown().absence().isPresent()));
        Vgpu again =
                host.create(PROFILE.withSize(320, 200).withUuid(vgpus.get(1).uuid()));
        again.guest().flip();
        awaitTitle(uuid(1) + " - 320x200 - vfio4j");
        awaitPicture(panel, again.guest());
        OnScreen.inSwing(frame::dispose);
        CommandRun run = running.get(30, TimeUnit.SECONDS);
        assertEquals(0, run.exitCode());
        assertTrue(run.err().contains(uuid(1) + " is not shown: "), run.err());
        assertTrue(run.err().contains(uuid(1) + " is shown again"), run.err());
    }

    @Test
    void aProcessShowsWhatItsGuestHasDrawnAndSigtermEndsIt() throws Exception {
        String name = "emulated:v5:idle,size=500x320,mappable";
        Process view = OwnJvm.start("view", name);
        process = Optional.of(view);
        BufferedImage expected = inTheEnd(name);
        onScreen.await(
                () -> Pictures.find(expected, onScreen.whole()).isPresent(),
                () -> "the picture is nowhere on the screen");
        view.toHandle().destroy();
        assertEquals(128 + 15, view.waitFor());
        assertEquals("", new String(view.getErrorStream().readAllBytes(), UTF_8));
        assertEquals("", new String(view.getInputStream().readAllBytes(), UTF_8));
    }

    @Test
    void onAScreenOfTwiceTheDensityAPixelIsStillAPixel() throws Exception {
        String name = "emulated:v5:idle,size=500x320,mappable";
        ProcessBuilder builder = OwnJvm.builder(Main.class, "view", name, "--scale", "1:1");
        builder.environment().put("JAVA_TOOL_OPTIONS", "-Dsun.java2d.uiScale=2");
        Process view = builder.redirectErrorStream(true).start();
        process = Optional.of(view);
        BufferedImage expected = inTheEnd(name);
        onScreen.await(
                () -> Pictures.find(expected, onScreen.whole()).isPresent(),
                () -> "the picture is nowhere on the screen");
        view.toHandle().destroy();
        assertEquals(128 + 15, view.waitFor());
        assertEquals(
                1,
                new String(view.getInputStream().readAllBytes(), UTF_8).lines().count());
    }

    /** What an idle emulated guest shows in the end: it flips ten times. */
    private static BufferedImage inTheEnd(String name) {
        DeviceName.Emulated device = (DeviceName.Emulated) DeviceName.parse(name);
        assertEquals(Scenario.IDLE, device.scenario());
        try (EmulatedHost twin = EmulatedHost.of(device.profile())) {
            for (int i = 0; i < 10; i++) {
                twin.vgpu().guest().flip();
            }
            return Pictures.of(twin.vgpu().guest());
        }
    }
}
