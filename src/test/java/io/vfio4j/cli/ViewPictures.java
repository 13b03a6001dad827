package io.vfio4j.cli;

import io.vfio4j.frontend.swing.DisplayPanel;
import io.vfio4j.frontend.swing.OnScreen;
import java.awt.Component;
import java.awt.Container;
import java.awt.Dimension;
import java.awt.Frame;
import java.awt.image.BufferedImage;
import java.io.File;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.swing.JFrame;

/** Makes the README's pictures of {@code view}: run by scripts/pictures. */
final class ViewPictures {
    /** Enough for the numbers in the overlay to be those of a view that has been running. */
    private static final int SETTLED_MILLIS = 4000;

    private ViewPictures() {}

    public static void main(String[] arguments) throws Exception {
        File directory = new File(arguments[0]);
        // Small enough for a page, and a whole fraction of the guests' pixels, which is what PNG is good at.
        shoot(
                new File(directory, "view.png"),
                Optional.empty(),
                "emulated:v5:cursor,size=496x310,mappable",
                "--overlay");
        shoot(
                new File(directory, "wall.png"),
                Optional.of(new Dimension(732, 472)),
                "--wall",
                "emulated:v5:flip,size=720x420,mappable",
                "emulated:v6:cursor,size=720x420,mappable",
                "emulated:v2:console,size=720x420,mappable",
                "emulated:v4:display=off");
        System.exit(0);
    }

    private static void shoot(File file, Optional<Dimension> size, String... arguments) throws Exception {
        List<String> line = new ArrayList<>(List.of("view"));
        line.addAll(List.of(arguments));
        PrintWriter err = new PrintWriter(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        CompletableFuture<Integer> view = CompletableFuture.supplyAsync(
                () -> new Vfio4j(LocalHost.REAL, false).execute(err, err, line.toArray(String[]::new)));
        OnScreen onScreen = new OnScreen();
        onScreen.await(
                () -> panels().count() > 0 && panels().anyMatch(ViewPictures::showsAPicture), () -> "no pictures");
        OnScreen.inSwing(() -> size.ifPresent(frame()::setSize));
        onScreen.robot().delay(SETTLED_MILLIS);
        BufferedImage picture = OnScreen.inSwing(() -> {
            onScreen.robot().mouseMove(1599, 1199);
            return onScreen.robot().createScreenCapture(frame().getBounds());
        });
        ImageIO.write(picture, "png", file);
        err.println(file + ": " + picture.getWidth() + "x" + picture.getHeight() + ", " + file.length() + " bytes");
        OnScreen.inSwing(() -> frame().dispose());
        view.join();
    }

    private static boolean showsAPicture(DisplayPanel panel) {
        return panel.shown().absence().isEmpty();
    }

    private static JFrame frame() {
        return (JFrame) Arrays.stream(Frame.getFrames())
                .filter(Frame::isDisplayable)
                .findFirst()
                .orElseThrow();
    }

    private static Stream<DisplayPanel> panels() {
        return Arrays.stream(Frame.getFrames()).filter(Frame::isShowing).flatMap(ViewPictures::panels);
    }

    private static Stream<DisplayPanel> panels(Component component) {
        if (component instanceof DisplayPanel panel) {
            return Stream.of(panel);
        }
        return component instanceof Container container
                ? Arrays.stream(container.getComponents()).flatMap(ViewPictures::panels)
                : Stream.empty();
    }
}
