package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.AWTEvent;
import java.awt.Dimension;
import java.awt.EventQueue;
import java.awt.Frame;
import java.awt.Point;
import java.awt.Toolkit;
import java.awt.event.InputEvent;
import java.awt.event.KeyEvent;
import java.awt.event.WindowEvent;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.swing.JFrame;
import javax.swing.JPanel;
import javax.swing.JTabbedPane;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A panel in a window, on an X server, compared pixel by pixel with what the emulated guest has drawn. */
@Tag("desktop")
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class PanelOnScreenTest {
    private static final int LEFT = 60;
    private static final int TOP = 40;

    private ShownGuest shown;
    private OnScreen onScreen;
    private JFrame frame;
    private DisplayPanel panel;
    private final List<Shown> told = new ArrayList<>();

    @BeforeEach
    void open() throws Exception {
        shown = new ShownGuest();
        shown.guest.flip();
        onScreen = new OnScreen();
        OnScreen.inSwing(() -> {
            frame = new JFrame();
            frame.setUndecorated(true);
            panel = new DisplayPanel(shown.screen);
            panel.addPropertyChangeListener(DisplayPanel.SHOWN, change -> told.add((Shown) change.getNewValue()));
        });
    }

    @AfterEach
    void close() throws Exception {
        OnScreen.inSwing(frame::dispose);
        assertEquals(0, shown.screen.stats().viewers());
        shown.close();
        assertEquals(List.of(), shown.host.openFiles());
    }

    private void show(Scaling scaling, int width, int height) throws Exception {
        OnScreen.inSwing(() -> {
            panel.setScaling(scaling);
            frame.add(panel);
            frame.setBounds(LEFT, TOP, width, height);
            frame.setVisible(true);
        });
    }

    private void settle() throws Exception {
        shown.settle();
        OnScreen.inSwing(() -> {});
    }

    private void assertOnScreen(BufferedImage expected) throws Exception {
        settle();
        onScreen.await(() -> expected, LEFT, TOP);
    }

    @Test
    void flipsCursorsAndModesAreOnTheScreenPixelForPixel() throws Exception {
        show(Scaling.NONE, 400, 300);
        for (int i = 0; i < 10; i++) {
            assertOnScreen(Pictures.centred(shown.picture(), 400, 300));
            shown.guest.flip();
            shown.guest.moveCursor(20 * i, 15 * i);
            shown.guest.cursor();
            if (i % 3 == 2) {
                shown.guest.setMode(200 + 20 * i, 100 + 20 * i);
            }
        }
        assertEquals(new Shown(360, 260, Optional.empty()), OnScreen.inSwing(() -> panel.shown()));
        assertEquals(new Dimension(360, 260), OnScreen.inSwing(() -> panel.getPreferredSize()));
        assertTrue(OnScreen.inSwing(() -> told.contains(new Shown(240, 140, Optional.empty()))));
    }

    @Test
    void wholeFactorsAreSharp() throws Exception {
        show(Scaling.INTEGER, 700, 500);
        shown.guest.moveCursor(100, 50);
        shown.guest.cursor();
        assertOnScreen(Pictures.centred(Pictures.enlarged(shown.picture(), 2), 700, 500));
        OnScreen.inSwing(() -> frame.setSize(1000, 620));
        assertOnScreen(Pictures.centred(Pictures.enlarged(shown.picture(), 3), 1000, 620));
    }

    @Test
    void whatIsFittedIsWhatTheSurfacePaints() throws Exception {
        show(Scaling.FIT, 500, 500);
        for (int i = 0; i < 5; i++) {
            settle();
            BufferedImage expected = new BufferedImage(500, 500, BufferedImage.TYPE_INT_RGB);
            OnScreen.inSwing(() -> {
                java.awt.Graphics2D graphics = expected.createGraphics();
                panel.paint(graphics);
                graphics.dispose();
            });
            onScreen.await(() -> expected, LEFT, TOP);
            shown.guest.flip();
            shown.guest.moveCursor(33 * i, 17 * i);
            shown.guest.cursor();
        }
        Optional<Point> middle = OnScreen.inSwing(() -> panel.toScreen(new Point(250, 250)));
        assertEquals(Optional.of(new Point(160, 100)), middle);
        assertEquals(Optional.empty(), OnScreen.inSwing(() -> panel.toScreen(new Point(250, 50))));
    }

    @Test
    void aGuestThatShowsNothingHasAPlaceholder() throws Exception {
        show(Scaling.NONE, 320, 200);
        assertOnScreen(shown.picture());
        shown.screen.detach("unplugged");
        OnScreen.inSwing(() -> {});
        assertEquals(
                Optional.of("unplugged"), OnScreen.inSwing(() -> panel.shown().absence()));
        assertEquals(Optional.empty(), OnScreen.inSwing(() -> panel.toScreen(new Point(1, 1))));
        shown.screen.attach(shown.display);
        assertOnScreen(shown.picture());
    }

    @Test
    void nobodyLooksWhileItIsNotShowing() throws Exception {
        JTabbedPane tabs = new JTabbedPane();
        OnScreen.inSwing(() -> {
            tabs.addTab("display", panel);
            tabs.addTab("other", new JPanel());
            frame.add(tabs);
            frame.setBounds(LEFT, TOP, 400, 300);
            frame.setVisible(true);
        });
        assertEquals(1, shown.screen.stats().viewers());
        OnScreen.inSwing(() -> tabs.setSelectedIndex(1));
        assertEquals(0, shown.screen.stats().viewers());
        shown.settle();
        long before = shown.screen.stats().captures();
        shown.guest.flip();
        shown.settle();
        assertEquals(before, shown.screen.stats().captures());
        OnScreen.inSwing(() -> tabs.setSelectedIndex(0));
        assertEquals(1, shown.screen.stats().viewers());
        Point at = OnScreen.inSwing(() -> panel.getLocationOnScreen());
        Dimension size = OnScreen.inSwing(() -> panel.getSize());
        OnScreen.inSwing(() -> panel.setScaling(Scaling.NONE));
        settle();
        onScreen.await(() -> Pictures.centred(shown.picture(), size.width, size.height), at.x, at.y);

        // Without a window manager nobody iconifies it; the window hears of it as from one.
        OnScreen.inSwing(() -> {
            frame.setExtendedState(Frame.ICONIFIED);
            frame.dispatchEvent(new WindowEvent(frame, WindowEvent.WINDOW_ICONIFIED));
        });
        assertEquals(0, shown.screen.stats().viewers());
        OnScreen.inSwing(() -> {
            frame.setExtendedState(Frame.NORMAL);
            frame.dispatchEvent(new WindowEvent(frame, WindowEvent.WINDOW_DEICONIFIED));
        });
        assertEquals(1, shown.screen.stats().viewers());
        OnScreen.inSwing(() -> frame.setVisible(false));
        assertEquals(0, shown.screen.stats().viewers());
    }

    @Test
    void f1ShowsNumbersOverTheCornerOnly() throws Exception {
        show(Scaling.NONE, 320, 200);
        assertOnScreen(shown.picture());
        onScreen.robot().mouseMove(LEFT + 300, TOP + 190);
        onScreen.robot().mousePress(InputEvent.BUTTON1_DOWN_MASK);
        onScreen.robot().mouseRelease(InputEvent.BUTTON1_DOWN_MASK);
        onScreen.await(() -> panel.isFocusOwner(), () -> "no focus");
        onScreen.press(KeyEvent.VK_F1);
        onScreen.await(() -> panel.isOverlay(), () -> "no overlay");
        onScreen.await(
                () -> {
                    shown.guest.flip();
                    shown.settle();
                    return lines().size() == 5
                            && lines().get(2).matches("[1-9].* pictures/s painted")
                            && lines().get(3).matches("events: irq \\(v6\\) [1-9].*/s.*");
                },
                () -> "overlay: " + lines());
        assertEquals("guest", lines().get(0));
        assertEquals("320x200, shown at 100 %", lines().get(1));
        // Virtual time does not pass while we paint.
        onScreen.await(
                () -> {
                    shown.guest.flip();
                    shown.settle();
                    return lines().get(4).matches("painted \\d+\\.\\d ms after notice, at worst \\d+\\.\\d ms");
                },
                () -> "overlay: " + lines());
        assertFalse(Pictures.difference(shown.picture(), onScreen.whole(), LEFT, TOP)
                .isEmpty());
        onScreen.press(KeyEvent.VK_F1);
        onScreen.await(() -> !panel.isOverlay(), () -> "still an overlay");
        assertOnScreen(shown.picture());
    }

    private List<String> lines() {
        try {
            return OnScreen.inSwing(() -> panel.overlayLines());
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aSlowDispatchThreadGetsOnlyTheNewestPicture() throws Exception {
        show(Scaling.NONE, 320, 200);
        assertOnScreen(shown.picture());
        AtomicInteger queued = new AtomicInteger();
        EventQueue counting = new EventQueue() {
            @Override
            public void postEvent(AWTEvent event) {
                queued.incrementAndGet();
                super.postEvent(event);
            }
        };
        Toolkit.getDefaultToolkit().getSystemEventQueue().push(counting);
        OnScreen.inSwing(() -> {
            queued.set(0);
            // Nothing is painted while we are here, however often the guest flips.
            for (int i = 0; i < 20; i++) {
                shown.guest.flip();
                shown.settle();
            }
            assertEquals(1, queued.get());
        });
        assertOnScreen(shown.picture());
        assertEquals(0, shown.screen.stats().skipped());
    }

    @Test
    void aPanelThatIsTakenOutAndPutBackGoesOn() throws Exception {
        show(Scaling.NONE, 320, 200);
        assertOnScreen(shown.picture());
        OnScreen.inSwing(() -> frame.remove(panel));
        assertEquals(0, shown.screen.stats().viewers());
        shown.guest.flip();
        shown.settle();
        OnScreen.inSwing(() -> {
            frame.add(panel);
            frame.validate();
        });
        assertOnScreen(shown.picture());
    }
}
