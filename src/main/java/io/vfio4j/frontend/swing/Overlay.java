package io.vfio4j.frontend.swing;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.Rectangle;
import java.awt.RenderingHints;
import java.util.List;

/** A few lines over the picture's upper left corner. */
final class Overlay {
    private static final int MARGIN = 8;
    private static final int PADDING = 6;
    private static final int CORNER = 8;
    private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    private static final Color GROUND = new Color(0x10, 0x14, 0x18, 0xb0);
    private static final Color LETTERS = new Color(0xf0f4f8);

    private final List<String> lines;
    private final Rectangle bounds;
    private final int ascent;
    private final int lineHeight;

    Overlay(List<String> lines, FontMetrics metrics) {
        this.lines = lines;
        ascent = metrics.getAscent();
        lineHeight = metrics.getHeight();
        int width = lines.stream().mapToInt(metrics::stringWidth).max().orElse(0);
        bounds = new Rectangle(MARGIN, MARGIN, width + 2 * PADDING, lines.size() * lineHeight + 2 * PADDING);
    }

    static Font font() {
        return FONT;
    }

    List<String> lines() {
        return lines;
    }

    Rectangle bounds() {
        return new Rectangle(bounds);
    }

    void paint(Graphics2D graphics) {
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setColor(GROUND);
        graphics.fillRoundRect(bounds.x, bounds.y, bounds.width, bounds.height, CORNER, CORNER);
        graphics.setColor(LETTERS);
        graphics.setFont(FONT);
        int baseline = bounds.y + PADDING + ascent;
        for (String line : lines) {
            graphics.drawString(line, bounds.x + PADDING, baseline);
            baseline += lineHeight;
        }
    }
}
