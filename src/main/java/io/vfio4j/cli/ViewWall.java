package io.vfio4j.cli;

import io.vfio4j.frontend.swing.DisplayPanel;
import java.awt.BorderLayout;
import java.awt.Color;
import java.awt.Component;
import java.awt.Container;
import java.awt.Dimension;
import java.awt.LayoutManager;
import java.awt.event.MouseAdapter;
import java.awt.event.MouseEvent;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.swing.BorderFactory;
import javax.swing.JLabel;
import javax.swing.JPanel;

/** Displays side by side, with their names; or one of them alone. */
final class ViewWall extends JPanel {
    /** The property that changes with {@link #enlarged}. */
    static final String ENLARGED = "enlarged";

    private static final long serialVersionUID = 1;
    private static final Dimension TILE = new Dimension(480, 300);
    private static final int GAP = 4;
    private static final Color GROUND = new Color(0x20262c);
    private static final Color LETTERS = new Color(0xd8e0e8);

    private final transient List<DisplayPanel> panels;
    private transient Optional<DisplayPanel> enlarged = Optional.empty();

    ViewWall(List<DisplayPanel> panels) {
        super(new Grid());
        this.panels = panels;
        setBackground(GROUND);
        setBorder(BorderFactory.createEmptyBorder(GAP, GAP, GAP, GAP));
        panels.forEach(panel -> add(tile(panel)));
    }

    private JPanel tile(DisplayPanel panel) {
        JPanel tile = new JPanel(new BorderLayout());
        tile.setBackground(GROUND);
        tile.add(panel, BorderLayout.CENTER);
        JLabel caption = new JLabel(panel.screen().name(), JLabel.CENTER);
        caption.setForeground(LETTERS);
        caption.setBorder(BorderFactory.createEmptyBorder(2, 2, 2, 2));
        tile.add(caption, BorderLayout.SOUTH);
        panel.addMouseListener(new MouseAdapter() {
            @Override
            public void mousePressed(MouseEvent event) {
                if (event.getButton() == MouseEvent.BUTTON1) {
                    enlarge(enlarged.isPresent() ? Optional.empty() : Optional.of(panel));
                }
            }
        });
        return tile;
    }

    /** The one that is shown alone. */
    Optional<DisplayPanel> enlarged() {
        return enlarged;
    }

    boolean back() {
        boolean alone = enlarged.isPresent();
        enlarge(Optional.empty());
        return alone;
    }

    private void enlarge(Optional<DisplayPanel> alone) {
        Optional<DisplayPanel> before = enlarged;
        enlarged = alone;
        panels.forEach(panel -> panel.getParent().setVisible(alone.isEmpty() || alone.get() == panel));
        revalidate();
        repaint();
        firePropertyChange(ENLARGED, before, alone);
    }

    /** Equal cells for what is visible, in as many columns as make them largest for pictures of the usual shape. */
    private static final class Grid implements LayoutManager {
        private static final double SHAPE = 16.0 / 10;

        @Override
        public void addLayoutComponent(String name, Component component) {}

        @Override
        public void removeLayoutComponent(Component component) {}

        @Override
        public Dimension preferredLayoutSize(Container wall) {
            int count = Math.max(1, wall.getComponentCount());
            int columns = (int) Math.ceil(Math.sqrt(count));
            int rows = (count + columns - 1) / columns;
            return new Dimension(columns * (TILE.width + GAP) + GAP, rows * (TILE.height + GAP) + GAP);
        }

        @Override
        public Dimension minimumLayoutSize(Container wall) {
            return new Dimension();
        }

        @Override
        public void layoutContainer(Container wall) {
            List<Component> visible = Arrays.stream(wall.getComponents())
                    .filter(Component::isVisible)
                    .toList();
            if (visible.isEmpty()) {
                return;
            }
            int width = wall.getWidth() - wall.getInsets().left - wall.getInsets().right;
            int height = wall.getHeight() - wall.getInsets().top - wall.getInsets().bottom;
            int columns = columns(visible.size(), width, height);
            int rows = (visible.size() + columns - 1) / columns;
            for (int i = 0; i < visible.size(); i++) {
                int left = edge(i % columns, columns, width);
                int top = edge(i / columns, rows, height);
                visible.get(i)
                        .setBounds(
                                wall.getInsets().left + left,
                                wall.getInsets().top + top,
                                Math.max(0, edge(i % columns + 1, columns, width) - GAP - left),
                                Math.max(0, edge(i / columns + 1, rows, height) - GAP - top));
            }
        }

        /** Where a column or row begins, of so many that share a length and the gaps between them. */
        private static int edge(int index, int of, int length) {
            return (length + GAP) * index / of;
        }

        private static int columns(int count, int width, int height) {
            int best = 1;
            double largest = 0;
            for (int columns = 1; columns <= count; columns++) {
                int rows = (count + columns - 1) / columns;
                double size = Math.min((double) width / columns, SHAPE * height / rows);
                if (size > largest) {
                    largest = size;
                    best = columns;
                }
            }
            return best;
        }
    }
}
