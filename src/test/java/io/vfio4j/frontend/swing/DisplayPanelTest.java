package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.frontend.LiveOptions;
import io.vfio4j.frontend.LiveScreen;
import java.awt.Dimension;
import java.awt.Graphics2D;
import java.awt.Point;
import java.awt.event.ActionEvent;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.Optional;
import javax.accessibility.AccessibleRole;
import javax.swing.JComponent;
import javax.swing.JPanel;
import javax.swing.KeyStroke;
import javax.swing.SwingUtilities;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a panel is without a screen to be on. */
class DisplayPanelTest {
    private final LiveScreen screen = LiveScreen.named("desk", LiveOptions.DEFAULTS.on(Runnable::run));

    @AfterEach
    void close() {
        screen.close();
    }

    private interface Body {
        void run(DisplayPanel panel) throws Exception;
    }

    private void onPanel(Body body) throws Exception {
        Exception[] failure = {null};
        SwingUtilities.invokeAndWait(() -> {
            try {
                body.run(new DisplayPanel(screen));
            } catch (Exception e) {
                failure[0] = e;
            }
        });
        if (failure[0] != null) {
            throw failure[0];
        }
    }

    @Test
    void itSaysWhatItIs() throws Exception {
        onPanel(panel -> {
            assertEquals("Display of desk", panel.getAccessibleContext().getAccessibleName());
            assertEquals(AccessibleRole.CANVAS, panel.getAccessibleContext().getAccessibleRole());
            assertEquals("nothing was seen yet", panel.getAccessibleContext().getAccessibleDescription());
            assertEquals(Shown.NOTHING, panel.shown());
            assertEquals(screen, panel.screen());
            assertTrue(panel.isFocusable());
            assertTrue(panel.isOpaque());
        });
    }

    @Test
    void beforeItIsInAWindowNobodyLooksAndItIsBlack() throws Exception {
        onPanel(panel -> {
            assertEquals(0, screen.stats().viewers());
            assertEquals(new Dimension(640, 480), panel.getPreferredSize());
            panel.setSize(50, 40);
            BufferedImage image = new BufferedImage(50, 40, BufferedImage.TYPE_INT_RGB);
            Graphics2D graphics = image.createGraphics();
            panel.paint(graphics);
            graphics.dispose();
            Pictures.assertSame(new BufferedImage(50, 40, BufferedImage.TYPE_INT_RGB), image);
            assertEquals(Optional.empty(), panel.toScreen(new Point(10, 10)));
        });
    }

    @Test
    void whatIsInNoVisibleWindowDoesNotLook() throws Exception {
        onPanel(panel -> {
            new JPanel().add(panel);
            panel.addNotify();
            assertEquals(0, screen.stats().viewers());
            panel.removeNotify();
            assertEquals(0, screen.stats().viewers());
        });
    }

    @Test
    void f1TogglesTheOverlay() throws Exception {
        onPanel(panel -> {
            Object name = panel.getInputMap(JComponent.WHEN_FOCUSED).get(KeyStroke.getKeyStroke("F1"));
            panel.getActionMap().get(name).actionPerformed(new ActionEvent(panel, 0, "F1"));
            assertTrue(panel.isOverlay());
            panel.getActionMap().get(name).actionPerformed(new ActionEvent(panel, 0, "F1"));
            assertFalse(panel.isOverlay());
        });
    }

    @Test
    void aPreferredSizeThatWasSetStays() throws Exception {
        onPanel(panel -> {
            panel.setPreferredSize(new Dimension(12, 34));
            assertEquals(new Dimension(12, 34), panel.getPreferredSize());
            panel.setScaling(Scaling.INTEGER);
            assertEquals(Scaling.INTEGER, panel.getScaling());
        });
    }

    @Test
    void itIsNotSerializable() throws Exception {
        onPanel(panel -> {
            try (ObjectOutputStream out = new ObjectOutputStream(new ByteArrayOutputStream())) {
                assertThrows(NotSerializableException.class, () -> out.writeObject(panel));
            }
        });
    }
}
