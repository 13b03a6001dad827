package io.vfio4j.cli;

import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.frontend.swing.Scaling;
import java.awt.event.WindowAdapter;
import java.awt.event.WindowEvent;
import java.util.ArrayList;
import java.util.List;

/** All windows of a view. For the event dispatch thread, except the constructor. */
final class ViewWindows {
    /** How several displays are shown. */
    enum Arrangement {
        TABS,
        WINDOWS,
        WALL
    }

    /** What the command line says. */
    record Wishes(Arrangement arrangement, Scaling scaling, boolean fullScreen, boolean overlay) {}

    private final Wishes wishes;
    private final Runnable lastClosed;
    private final List<ViewWindow> windows = new ArrayList<>();

    ViewWindows(Wishes wishes, Runnable lastClosed) {
        this.wishes = wishes;
        this.lastClosed = lastClosed;
    }

    void open(List<LiveScreen> screens) {
        List<DisplayPanel> panels = screens.stream().map(this::panel).toList();
        switch (wishes.arrangement()) {
            case WALL -> open(ViewContent.wall(panels));
            case WINDOWS -> panels.forEach(panel -> open(ViewContent.tabs(List.of(panel))));
            case TABS -> open(ViewContent.tabs(panels));
        }
    }

    private DisplayPanel panel(LiveScreen screen) {
        DisplayPanel panel = new DisplayPanel(screen);
        panel.setScaling(wishes.scaling());
        panel.setOverlay(wishes.overlay());
        return panel;
    }

    private void open(ViewContent content) {
        ViewWindow window = new ViewWindow(content, this::close);
        windows.add(window);
        window.frame().addWindowListener(new WindowAdapter() {
            @Override
            public void windowClosed(WindowEvent event) {
                windows.remove(window);
                if (windows.isEmpty()) {
                    lastClosed.run();
                }
            }
        });
        window.open(wishes.fullScreen());
    }

    void close() {
        List.copyOf(windows).forEach(window -> window.frame().dispose());
    }
}
