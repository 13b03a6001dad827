package io.vfio4j.cli;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.OutputStream;
import javax.imageio.ImageIO;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.internal.chartpart.Chart;

/** A chart as a PNG file. */
final class ChartImage {
    static {
        // No window is opened, so no display is looked for.
        System.setProperty("java.awt.headless", "true");
    }

    private ChartImage() {}

    /** Before a long computation: whether a chart can be drawn on this machine at all. */
    static void requireFonts() throws IOException {
        drawing(() -> {
            Graphics2D graphics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
            graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, 12));
            graphics.getFontMetrics().stringWidth("x");
            graphics.dispose();
        });
    }

    /** Draws it, on white. */
    static void write(Chart<?, ?> chart, OutputFile file) throws IOException {
        chart.getStyler().setChartBackgroundColor(Color.WHITE);
        file.write(
                OutputStream.nullOutputStream(),
                out -> drawing(() -> ImageIO.write(BitmapEncoder.getBufferedImage(chart), "png", out)));
    }

    private interface Drawing {
        void draw() throws IOException;
    }

    /** A JRE without fonts, or without what reads them, fails in many ways: errors of linking, of initializing, and plain exceptions. */
    private static void drawing(Drawing drawing) throws IOException {
        try {
            drawing.draw();
        } catch (LinkageError | InternalError | RuntimeException noFonts) {
            throw new IOException(
                    "Java cannot draw text on this machine ("
                            + Vfio4j.oneLine(rootOf(noFonts).toString())
                            + "); it needs fontconfig, libfreetype6 and a font. On Debian: apt install fontconfig"
                            + " libfreetype6 fonts-dejavu-core",
                    noFonts);
        }
    }

    private static Throwable rootOf(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}
