package io.vfio4j.frontend.swing;

import io.vfio4j.display.Display;
import io.vfio4j.frontend.CursorStyle;
import io.vfio4j.frontend.LiveScreen;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Viewing;
import io.vfio4j.linux.ClosedException;
import java.awt.Dimension;
import java.awt.Graphics;
import java.awt.Graphics2D;
import java.awt.GraphicsConfiguration;
import java.awt.Point;
import java.awt.Rectangle;
import java.awt.Window;
import java.awt.event.ActionEvent;
import java.awt.event.HierarchyEvent;
import java.awt.event.KeyEvent;
import java.awt.event.MouseAdapter;
import java.awt.event.MouseEvent;
import java.awt.event.WindowAdapter;
import java.awt.event.WindowEvent;
import java.awt.event.WindowListener;
import java.awt.geom.AffineTransform;
import java.io.NotSerializableException;
import java.io.ObjectOutputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.accessibility.AccessibleContext;
import javax.accessibility.AccessibleRole;
import javax.swing.AbstractAction;
import javax.swing.JComponent;
import javax.swing.KeyStroke;
import javax.swing.SwingUtilities;
import javax.swing.Timer;

/**
 * Shows a screen: the guest's picture and cursor, scaled, or a sentence that says why there is none.
 *
 * <p>When something changed, the panel takes the newest picture as soon as the event dispatch thread gets to it, and paints what is
 * different from the last one that it took; so on a slow display it paints fewer, newer pictures, and nothing queues. It looks while it is
 * showing: not in a tab that is not selected, not in a window that is iconified or closed; while nobody looks at a screen, the guest's
 * memory is not read.
 *
 * <p>The preferred size is that of the guest's picture, one of the screen's pixels for each of the guest's. When the guest changes its mode,
 * or shows nothing any more, listeners of the property {@link #SHOWN} are told.
 *
 * <p>What the user types and clicks is not passed to the guest: that is the business of whoever runs its machine. The panel can have the
 * focus, so listeners can be added as to any component; {@link #toScreen} tells where in the guest's picture a click was. F1 shows and
 * hides the overlay; who wants that key for the guest consumes it, or takes it out of the input map.
 *
 * <p>As with all of Swing, every method is for the event dispatch thread, and none blocks. A panel is not serializable. On the module path it
 * takes {@code requires java.desktop}.
 */
@SuppressWarnings("exports") // java.desktop is optional; whoever has windows requires it.
public final class DisplayPanel extends JComponent {
    /** The bound property that changes when the picture's size does, and when the guest begins or ceases to show something. */
    public static final String SHOWN = "shown";

    private static final long serialVersionUID = 1;
    private static final String TOGGLE_OVERLAY = "overlay";
    private static final int OVERLAY_PERIOD_MILLIS = 500;
    /** What takes longer was not noticed by the clock that we have. */
    private static final long LONGEST_LATENCY = TimeUnit.MINUTES.toNanos(1);

    private final transient LiveScreen screen;
    private final transient Surface surface = new Surface();
    private final transient AtomicBoolean news = new AtomicBoolean();
    private final transient WindowListener iconification = new WindowAdapter() {
        @Override
        public void windowIconified(WindowEvent event) {
            lookWhileShowing();
        }

        @Override
        public void windowDeiconified(WindowEvent event) {
            lookWhileShowing();
        }
    };

    private transient Optional<Viewing> viewing = Optional.empty();
    private boolean attached;
    private transient Optional<Window> window = Optional.empty();
    private transient Shown shown = Shown.NOTHING;
    private transient Optional<Overlay> overlay = Optional.empty();
    private transient Meter meter = new Meter(0);
    private transient EventSources sources;
    private final Timer overlayTimer = new Timer(OVERLAY_PERIOD_MILLIS, tick -> updateOverlay());
    private Scaling scaling = Scaling.FIT;
    private boolean overlayWanted;
    private boolean looking;

    /**
     * Makes a panel that shows a screen whenever it is showing itself.
     *
     * @param screen stays the caller's, who closes it after the window
     */
    public DisplayPanel(LiveScreen screen) {
        this.screen = screen;
        this.sources = EventSources.of(screen);
        setOpaque(true);
        setFocusable(true);
        setBackground(Surface.GROUND);
        setDoubleBuffered(true);
        addHierarchyListener(event -> {
            if ((event.getChangeFlags() & HierarchyEvent.SHOWING_CHANGED) != 0) {
                lookWhileShowing();
            }
        });
        addPropertyChangeListener("graphicsConfiguration", change -> {
            revalidate();
            repaint();
        });
        addMouseListener(new MouseAdapter() {
            @Override
            public void mousePressed(MouseEvent event) {
                requestFocusInWindow();
            }
        });
        getInputMap(WHEN_FOCUSED).put(KeyStroke.getKeyStroke(KeyEvent.VK_F1, 0), TOGGLE_OVERLAY);
        getActionMap().put(TOGGLE_OVERLAY, new AbstractAction() {
            private static final long serialVersionUID = 1;

            @Override
            public void actionPerformed(ActionEvent event) {
                setOverlay(!isOverlay());
            }
        });
    }

    /**
     * The screen that is shown.
     *
     * @return always the same
     */
    public LiveScreen screen() {
        return screen;
    }

    /**
     * How large the guest's pixels are.
     *
     * @return FIT at first
     */
    public Scaling getScaling() {
        return scaling;
    }

    /**
     * Changes how large the guest's pixels are.
     *
     * @param changed from now on
     */
    public void setScaling(Scaling changed) {
        Scaling before = scaling;
        scaling = changed;
        firePropertyChange("scaling", before, changed);
        repaint();
    }

    /**
     * Whether there are numbers over the picture.
     *
     * @return false at first
     */
    public boolean isOverlay() {
        return overlayWanted;
    }

    /**
     * Shows or hides, over the picture's corner: its size and scale, pictures per second, where events come from, and the time from an
     * event's notice until its picture was painted. Updated twice a second.
     *
     * @param visible from now on
     */
    public void setOverlay(boolean visible) {
        boolean before = overlayWanted;
        overlayWanted = visible;
        firePropertyChange(TOGGLE_OVERLAY, before, visible);
        measureWhileShowing();
    }

    /**
     * What is shown at the moment.
     *
     * @return nothing before the panel is in a window
     */
    public Shown shown() {
        return shown;
    }

    /**
     * Where a place of this panel is on the guest's screen.
     *
     * @param place as mouse events tell it
     * @return in the guest's pixels; empty outside of the picture, and where a placeholder is shown
     */
    public Optional<Point> toScreen(Point place) {
        if (surface.isEmpty() || shown.absence().isPresent()) {
            return Optional.empty();
        }
        fit();
        // The middle of the pixel, so that rounding does not move it into the next one.
        AffineTransform scale = deviceScale();
        int x = surface.fitting().column((place.x + 0.5) * scale.getScaleX());
        int y = surface.fitting().line((place.y + 0.5) * scale.getScaleY());
        boolean inside = x >= 0 && y >= 0 && x < surface.pictureWidth() && y < surface.pictureHeight();
        return inside ? Optional.of(new Point(x, y)) : Optional.empty();
    }

    /**
     * What the layout gives it if there is room: one of the screen's pixels for each of the guest's.
     *
     * @return in Java's pixels
     */
    @Override
    public Dimension getPreferredSize() {
        if (isPreferredSizeSet() || surface.isEmpty()) {
            return isPreferredSizeSet() ? super.getPreferredSize() : new Dimension(640, 480);
        }
        AffineTransform scale = deviceScale();
        return new Dimension((int) Math.ceil(surface.pictureWidth() / scale.getScaleX()), (int)
                Math.ceil(surface.pictureHeight() / scale.getScaleY()));
    }

    /** Begins to look, if it is showing. Called by Swing. */
    @Override
    public void addNotify() {
        super.addNotify();
        window = Optional.ofNullable(SwingUtilities.getWindowAncestor(this));
        window.ifPresent(ancestor -> ancestor.addWindowListener(iconification));
        attached = true;
        lookWhileShowing();
    }

    /** Not before it is seen: the screen of a tab that nobody has opened is not read. */
    private void open() {
        try {
            viewing = Optional.of(screen.view(CursorStyle.SEPARATE, this::onNews));
            looking = true;
        } catch (ClosedException gone) {
            // What was shown last stays.
        }
    }

    /** Ends looking. Called by Swing. */
    @Override
    public void removeNotify() {
        attached = false;
        viewing.ifPresent(Viewing::close);
        viewing = Optional.empty();
        looking = false;
        window.ifPresent(ancestor -> ancestor.removeWindowListener(iconification));
        window = Optional.empty();
        measureWhileShowing();
        super.removeNotify();
    }

    private void lookWhileShowing() {
        boolean wanted = attached && isShowing() && !isIconified();
        if (wanted && viewing.isEmpty()) {
            open();
        } else if (viewing.isPresent() && wanted != looking) {
            looking = wanted;
            viewing.ifPresent(wanted ? Viewing::resume : Viewing::pause);
        }
        measureWhileShowing();
    }

    private boolean isIconified() {
        return window.filter(ancestor -> ancestor instanceof java.awt.Frame frame
                        && (frame.getExtendedState() & java.awt.Frame.ICONIFIED) != 0)
                .isPresent();
    }

    /** Any thread. */
    private void onNews() {
        if (news.compareAndSet(false, true)) {
            SwingUtilities.invokeLater(this::look);
        }
    }

    private void look() {
        news.set(false);
        if (looking) {
            viewing.flatMap(Viewing::look).ifPresent(this::show);
        }
    }

    private void show(Look look) {
        OptionalLong noticed;
        Surface.Change change;
        try (look) {
            fit();
            noticed = look.noticedNanos();
            change = surface.take(look);
            setShown(new Shown(look.frame().width(), look.frame().height(), look.absence()));
        }
        if (change instanceof Surface.Change.Parts parts) {
            parts.parts().forEach(part -> paintImmediately(toUser(part)));
        } else {
            revalidate();
            paintImmediately(0, 0, getWidth(), getHeight());
        }
        // The X server has it then; a slow one holds up the next look, not a queue.
        getToolkit().sync();
        if (overlayWanted) {
            meter.painted(latency(noticed));
        }
    }

    private void setShown(Shown now) {
        Shown before = shown;
        shown = now;
        firePropertyChange(SHOWN, before, now);
    }

    private OptionalLong latency(OptionalLong noticedNanos) {
        Optional<Display> display = screen.display();
        if (noticedNanos.isEmpty() || display.isEmpty()) {
            return OptionalLong.empty();
        }
        long nanos = display.get().nanoTime() - noticedNanos.getAsLong();
        return nanos >= 0 && nanos < LONGEST_LATENCY ? OptionalLong.of(nanos) : OptionalLong.empty();
    }

    /** How many of the screen's pixels one of Java's is. */
    private AffineTransform deviceScale() {
        GraphicsConfiguration configuration = getGraphicsConfiguration();
        return configuration == null ? new AffineTransform() : configuration.getDefaultTransform();
    }

    private void fit() {
        AffineTransform scale = deviceScale();
        surface.fit(scaling, (int) Math.floor(getWidth() * scale.getScaleX()), (int)
                Math.floor(getHeight() * scale.getScaleY()));
    }

    /** Rounded outwards. */
    private Rectangle toUser(Rectangle device) {
        AffineTransform scale = deviceScale();
        int x = (int) Math.floor(device.x / scale.getScaleX());
        int y = (int) Math.floor(device.y / scale.getScaleY());
        return new Rectangle(
                x,
                y,
                (int) Math.ceil((device.x + device.width) / scale.getScaleX()) - x,
                (int) Math.ceil((device.y + device.height) / scale.getScaleY()) - y);
    }

    @Override
    protected void paintComponent(Graphics graphics) {
        fit();
        Graphics2D pixels = (Graphics2D) graphics.create();
        try {
            AffineTransform here = pixels.getTransform();
            AffineTransform scale = deviceScale();
            if (here.getScaleX() == scale.getScaleX()
                    && here.getScaleY() == scale.getScaleY()
                    && here.getShearX() == 0
                    && here.getShearY() == 0) {
                // To whole pixels of the screen: between them everything would be blurred.
                pixels.setTransform(AffineTransform.getTranslateInstance(
                        Math.rint(here.getTranslateX()), Math.rint(here.getTranslateY())));
            } else {
                // On paper, or in somebody's picture.
                pixels.scale(1 / scale.getScaleX(), 1 / scale.getScaleY());
            }
            surface.paint(pixels);
        } finally {
            pixels.dispose();
        }
        paintOverlay(graphics);
    }

    private void paintOverlay(Graphics graphics) {
        if (overlay.isEmpty()) {
            return;
        }
        Graphics2D letters = (Graphics2D) graphics.create();
        try {
            overlay.get().paint(letters);
        } finally {
            letters.dispose();
        }
    }

    private void measureWhileShowing() {
        boolean wanted = overlayWanted && looking;
        if (wanted == overlayTimer.isRunning()) {
            return;
        }
        if (wanted) {
            meter = new Meter(System.nanoTime());
            sources = EventSources.of(screen);
            overlayTimer.start();
            setOverlayLines(List.of(screen.name()));
        } else {
            overlayTimer.stop();
            overlay.ifPresent(last -> repaint(last.bounds()));
            overlay = Optional.empty();
        }
    }

    private void updateOverlay() {
        Meter.Reading reading = meter.read(System.nanoTime());
        EventSources before = sources;
        sources = EventSources.of(screen);
        setOverlayLines(List.of(
                screen.name(),
                shown.width() + "x" + shown.height()
                        + shown.absence().map(why -> ", placeholder").orElse("") + ", " + percent(),
                String.format(Locale.ROOT, "%.1f pictures/s painted", reading.perSecond()),
                sources.since(before, reading.passedNanos()),
                reading.meanNanos().isEmpty()
                        ? "nothing painted"
                        : String.format(
                                Locale.ROOT,
                                "painted %.1f ms after notice, at worst %.1f ms",
                                reading.meanNanos().getAsLong() / 1e6,
                                reading.worstNanos().getAsLong() / 1e6)));
    }

    private String percent() {
        return surface.isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        "shown at %.0f %%",
                        100.0 * surface.fitting().width() / surface.pictureWidth());
    }

    private void setOverlayLines(List<String> lines) {
        Overlay next = new Overlay(lines, getFontMetrics(Overlay.font()));
        Rectangle area = next.bounds();
        overlay.ifPresent(last -> area.add(last.bounds()));
        overlay = Optional.of(next);
        repaint(area);
    }

    /** What the overlay says; for tests. */
    List<String> overlayLines() {
        return overlay.map(Overlay::lines).orElse(List.of());
    }

    private void writeObject(ObjectOutputStream out) throws NotSerializableException {
        throw new NotSerializableException(getClass().getName());
    }

    /**
     * What assistive technology is told.
     *
     * @return a canvas, called after the screen
     */
    @Override
    public AccessibleContext getAccessibleContext() {
        if (accessibleContext == null) {
            accessibleContext = new AccessibleDisplay();
        }
        return accessibleContext;
    }

    private final class AccessibleDisplay extends AccessibleJComponent {
        private static final long serialVersionUID = 1;

        private AccessibleDisplay() {
            setAccessibleName("Display of " + screen.name());
        }

        @Override
        public AccessibleRole getAccessibleRole() {
            return AccessibleRole.CANVAS;
        }

        @Override
        public String getAccessibleDescription() {
            return shown.absence().orElse(shown.width() + "x" + shown.height());
        }
    }
}
