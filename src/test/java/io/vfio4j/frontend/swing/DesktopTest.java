package io.vfio4j.frontend.swing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.awt.Color;
import java.awt.GraphicsEnvironment;
import java.awt.Rectangle;
import java.awt.Robot;
import javax.swing.JWindow;
import javax.swing.SwingUtilities;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What the tests with this tag rest on: a screen of a known size, and a robot that reads it. */
@Tag("desktop")
class DesktopTest {
    @Test
    void whatAWindowPaintsIsOnTheScreen() throws Exception {
        Rectangle screen = GraphicsEnvironment.getLocalGraphicsEnvironment()
                .getDefaultScreenDevice()
                .getDefaultConfiguration()
                .getBounds();
        assertEquals(new Rectangle(1600, 1200), screen);
        JWindow[] window = new JWindow[1];
        SwingUtilities.invokeAndWait(() -> {
            window[0] = new JWindow();
            window[0].setBounds(100, 50, 300, 200);
            window[0].getContentPane().setBackground(new Color(0x2040a0));
            window[0].setVisible(true);
        });
        Robot robot = new Robot();
        robot.waitForIdle();
        assertEquals(new Color(0x2040a0), robot.getPixelColor(399, 249));
        SwingUtilities.invokeAndWait(window[0]::dispose);
    }
}
