package io.vfio4j.cli;

import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.frontend.swing.Shown;
import java.awt.Color;
import java.awt.Dimension;
import java.awt.Frame;
import java.awt.GraphicsConfiguration;
import java.awt.GraphicsDevice;
import java.awt.Insets;
import java.awt.Rectangle;
import java.awt.Toolkit;
import java.awt.event.ActionEvent;
import java.awt.event.InputEvent;
import java.awt.event.KeyEvent;
import java.util.Optional;
import javax.swing.AbstractAction;
import javax.swing.Action;
import javax.swing.JComponent;
import javax.swing.JFrame;
import javax.swing.JTabbedPane;
import javax.swing.KeyStroke;

/** One window, its title and its keys. For the event dispatch thread. */
final class ViewWindow {
    private final JFrame frame = new JFrame();
    private final ViewContent content;
    private final Runnable closeAll;
    private boolean overlay;
    /** The size that we gave it; another one is the user's wish. */
    private Dimension packed = new Dimension();

    ViewWindow(ViewContent content, Runnable closeAll) {
        this.content = content;
        this.closeAll = closeAll;
        this.overlay = content.panels().stream().anyMatch(DisplayPanel::isOverlay);
        frame.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
        frame.getContentPane().setBackground(Color.BLACK);
        frame.getContentPane().add(content.component());
        content.panels()
                .forEach(panel -> panel.addPropertyChangeListener(DisplayPanel.SHOWN, change -> {
                    tellTitle();
                    followPicture((Shown) change.getOldValue(), (Shown) change.getNewValue());
                }));
        content.component().addPropertyChangeListener(ViewWall.ENLARGED, change -> tellTitle());
        if (content.component() instanceof JTabbedPane tabs) {
            tabs.addChangeListener(change -> tellTitle());
        }
        bindKeys();
        tellTitle();
    }

    JFrame frame() {
        return frame;
    }

    void open(boolean fullScreen) {
        pack();
        frame.setLocationByPlatform(true);
        frame.setVisible(true);
        content.panels().get(0).requestFocusInWindow();
        if (fullScreen) {
            setFullScreen(true);
        }
    }

    private void bindKeys() {
        bind("toggle overlay", KeyStroke.getKeyStroke(KeyEvent.VK_F1, 0), this::toggleOverlay);
        bind("full screen", KeyStroke.getKeyStroke(KeyEvent.VK_F11, 0), () -> setFullScreen(!isFullScreen()));
        bind("back", KeyStroke.getKeyStroke(KeyEvent.VK_ESCAPE, 0), this::goBack);
        bind("quit", KeyStroke.getKeyStroke(KeyEvent.VK_Q, InputEvent.CTRL_DOWN_MASK), closeAll);
    }

    private void bind(String name, KeyStroke key, Runnable body) {
        Action action = new AbstractAction(name) {
            private static final long serialVersionUID = 1;

            @Override
            public void actionPerformed(ActionEvent event) {
                body.run();
            }
        };
        frame.getRootPane().getInputMap(JComponent.WHEN_IN_FOCUSED_WINDOW).put(key, name);
        frame.getRootPane().getActionMap().put(name, action);
        // A panel has a meaning of its own for one of them; here it is for all panels of the window.
        content.panels().forEach(panel -> {
            panel.getInputMap(JComponent.WHEN_FOCUSED).put(key, name);
            panel.getActionMap().put(name, action);
        });
    }

    private void toggleOverlay() {
        overlay = !overlay;
        content.panels().forEach(panel -> panel.setOverlay(overlay));
    }

    /** From one display to the wall, then from the full screen. */
    private void goBack() {
        if (!content.back().get() && isFullScreen()) {
            setFullScreen(false);
        }
    }

    private GraphicsDevice device() {
        return frame.getGraphicsConfiguration().getDevice();
    }

    private boolean isFullScreen() {
        return device().getFullScreenWindow() == frame;
    }

    private void setFullScreen(boolean wanted) {
        device().setFullScreenWindow(wanted ? frame : null);
        frame.validate();
    }

    private void tellTitle() {
        Optional<DisplayPanel> current = content.current().get();
        frame.setTitle(
                current.map(ViewWindow::title).orElseGet(() -> content.panels().size() + " displays") + " - vfio4j");
    }

    private static String title(DisplayPanel panel) {
        Shown shown = panel.shown();
        return panel.screen().name()
                + (shown.absence().isPresent() ? "" : " - " + shown.width() + "x" + shown.height());
    }

    /** The window takes the size of the picture until the user gives it another one. */
    private void followPicture(Shown before, Shown now) {
        boolean otherSize = before.width() != now.width() || before.height() != now.height();
        boolean ours = frame.getContentPane().getSize().equals(packed);
        if (content.followsPictures()
                && otherSize
                && ours
                && frame.isDisplayable()
                && !isFullScreen()
                && frame.getExtendedState() == Frame.NORMAL) {
            pack();
        }
    }

    /** A picture that is larger than the screen keeps its shape. */
    private void pack() {
        frame.pack();
        Rectangle room = room();
        Dimension whole = frame.getSize();
        Dimension inner = content.component().getSize();
        int widthAround = whole.width - inner.width;
        int heightAround = whole.height - inner.height;
        double factor = Math.min(
                (double) (room.width - widthAround) / inner.width,
                (double) (room.height - heightAround) / inner.height);
        if (factor < 1) {
            frame.setSize(
                    widthAround + (int) Math.round(inner.width * factor),
                    heightAround + (int) Math.round(inner.height * factor));
            frame.validate();
        }
        packed = frame.getContentPane().getSize();
    }

    /** What of the screen is not taken by the desktop's own bars. */
    private Rectangle room() {
        GraphicsConfiguration configuration = frame.getGraphicsConfiguration();
        Rectangle bounds = configuration.getBounds();
        Insets taken = Toolkit.getDefaultToolkit().getScreenInsets(configuration);
        return new Rectangle(
                bounds.x + taken.left,
                bounds.y + taken.top,
                bounds.width - taken.left - taken.right,
                bounds.height - taken.top - taken.bottom);
    }
}
