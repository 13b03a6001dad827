package io.vfio4j.cli;

import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.frontend.swing.Scaling;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import javax.swing.BorderFactory;
import javax.swing.JComponent;
import javax.swing.JScrollPane;
import javax.swing.JTabbedPane;

/**
 * What is in a window.
 *
 * @param component all of it
 * @param panels the displays
 * @param current the one that the window is about; empty where it is about all
 * @param back leads back from one to all; returns whether there was a way back
 * @param followsPictures whether the window takes the size of its pictures
 */
record ViewContent(
        JComponent component,
        List<DisplayPanel> panels,
        Supplier<Optional<DisplayPanel>> current,
        Supplier<Boolean> back,
        boolean followsPictures) {

    /** One for each; a single one needs no tab. */
    static ViewContent tabs(List<DisplayPanel> panels) {
        if (panels.size() == 1) {
            DisplayPanel only = panels.get(0);
            return new ViewContent(scrolled(only), panels, () -> Optional.of(only), () -> false, true);
        }
        JTabbedPane tabs = new JTabbedPane();
        tabs.setName("tabs");
        panels.forEach(panel -> tabs.addTab(panel.screen().name(), scrolled(panel)));
        return new ViewContent(tabs, panels, () -> Optional.of(panels.get(tabs.getSelectedIndex())), () -> false, true);
    }

    /** All at once; the one that is clicked alone. */
    static ViewContent wall(List<DisplayPanel> panels) {
        ViewWall wall = new ViewWall(panels);
        return new ViewContent(wall, panels, wall::enlarged, wall::back, false);
    }

    /** Where nothing is made smaller, it may be larger than the window. */
    private static JComponent scrolled(DisplayPanel panel) {
        if (panel.getScaling() != Scaling.NONE) {
            return panel;
        }
        JScrollPane pane = new JScrollPane(panel);
        pane.setBorder(BorderFactory.createEmptyBorder());
        return pane;
    }
}
