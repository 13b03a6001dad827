package io.vfio4j.frontend.swing;

import io.vfio4j.display.pixels.Rectangle;
import io.vfio4j.frontend.CursorLook;
import io.vfio4j.frontend.Look;
import io.vfio4j.frontend.Move;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.util.List;
import java.util.Optional;

/**
 * The guest's picture as it is on a panel, in the screen's pixels: takes what changed, keeps it in the size in which it is shown, and
 * paints parts of it by copying. For one thread.
 */
final class Surface {
    static final Color GROUND = Color.BLACK;

    private Scaling scaling = Scaling.FIT;
    private int panelWidth = 1;
    private int panelHeight = 1;

    private Picture picture = Picture.opaque(1, 1);
    private CursorLook cursor = CursorLook.HIDDEN;
    private boolean empty = true;

    private Fitting fitting = Fitting.of(Scaling.NONE, 1, 1, 1, 1);
    /** Empty where each pixel is one of the screen. */
    private Optional<Scaled> scaled = Optional.empty();

    private Optional<Sprite> sprite = Optional.empty();

    /** The picture in another size. */
    private record Scaled(Shrunken source, Picture target) {}

    Fitting fitting() {
        return fitting;
    }

    /** Whether no picture was taken yet. */
    boolean isEmpty() {
        return empty;
    }

    int pictureWidth() {
        return picture.width();
    }

    int pictureHeight() {
        return picture.height();
    }

    /** The panel's size in the screen's pixels, and how the picture is fitted into it; returns whether something is elsewhere now. */
    boolean fit(Scaling how, int width, int height) {
        int wide = Math.max(1, width);
        int high = Math.max(1, height);
        if (how == scaling && wide == panelWidth && high == panelHeight) {
            return false;
        }
        scaling = how;
        panelWidth = wide;
        panelHeight = high;
        Fitting before = fitting;
        refit();
        return !fitting.equals(before);
    }

    private void refit() {
        Fitting next = Fitting.of(scaling, panelWidth, panelHeight, picture.width(), picture.height());
        boolean otherSize = next.width() != fitting.width() || next.height() != fitting.height();
        fitting = next;
        if (fitting.isOneToOne()) {
            scaled = Optional.empty();
        } else if (otherSize || scaled.isEmpty()) {
            scale();
        }
    }

    private void scale() {
        Scaled other = new Scaled(
                new Shrunken(picture, fitting.width(), fitting.height()),
                Picture.opaque(fitting.width(), fitting.height()));
        scaled = Optional.of(other);
        draw(other, new java.awt.Rectangle(fitting.width(), fitting.height()));
    }

    private void draw(Scaled other, java.awt.Rectangle part) {
        other.target.draw(other.source.smallest(), !fitting.isWhole(), part);
    }

    /** What a look has changed. */
    sealed interface Change {
        /** The picture has another size: all of the panel. */
        record Everything() implements Change {}

        /** These parts of the panel, within it; none where nothing is seen of it. */
        record Parts(List<java.awt.Rectangle> parts) implements Change {}
    }

    /** Takes what changed since the look before. */
    Change take(Look look) {
        int width = look.frame().width();
        int height = look.frame().height();
        if (empty || width != picture.width() || height != picture.height()) {
            picture = Picture.opaque(width, height);
            picture.copy(look.frame(), new Rectangle(0, 0, width, height));
            cursor = look.cursor();
            empty = false;
            scaled = Optional.empty();
            refit();
            return new Change.Everything();
        }
        Regions regions = new Regions();
        for (Move move : look.moves()) {
            picture.move(move.sourceX(), move.sourceY(), move.target());
        }
        look.moves().forEach(move -> regions.add(update(move.target())));
        for (Rectangle part : look.changes()) {
            picture.copy(look.frame(), part);
            regions.add(update(part));
        }
        if (!look.cursor().equals(cursor)) {
            regions.add(visible(cursorArea()));
            cursor = look.cursor();
            regions.add(visible(cursorArea()));
        }
        return new Change.Parts(regions.merged());
    }

    /** Brings what is shown up to date with a part of the picture; returns where that is. */
    private java.awt.Rectangle update(Rectangle part) {
        if (scaled.isEmpty()) {
            return visible(fitting.shown(part.x(), part.y(), part.width(), part.height(), 0));
        }
        Scaled other = scaled.get();
        other.source.update(new java.awt.Rectangle(part.x(), part.y(), part.width(), part.height()));
        // A pixel of the smallest picture is mixed into its neighbours; where it is made of several, these may reach
        // further, and an
        // odd size moves them by up to one more.
        int step = other.source.step();
        int margin = fitting.isWhole() ? 0 : step == 1 ? 1 : 3 * step;
        java.awt.Rectangle shown = fitting.shown(part.x(), part.y(), part.width(), part.height(), margin);
        draw(other, new java.awt.Rectangle(shown.x - fitting.x(), shown.y - fitting.y(), shown.width, shown.height));
        return visible(shown);
    }

    /** Within the picture and the panel. */
    private java.awt.Rectangle visible(java.awt.Rectangle area) {
        return area.intersection(fitting.bounds()).intersection(new java.awt.Rectangle(panelWidth, panelHeight));
    }

    private java.awt.Rectangle cursorArea() {
        if (!cursor.visible()) {
            return new java.awt.Rectangle();
        }
        return new java.awt.Rectangle(
                fitting.shownX(cursor.x()),
                fitting.shownY(cursor.y()),
                fitting.shownWidth(cursor.image().width()),
                fitting.shownHeight(cursor.image().height()));
    }

    /** Paints what of the panel is in the graphics' clip. */
    void paint(Graphics2D graphics) {
        java.awt.Rectangle clip = new java.awt.Rectangle(panelWidth, panelHeight);
        if (graphics.getClipBounds() != null) {
            clip = clip.intersection(graphics.getClipBounds());
        }
        if (clip.isEmpty()) {
            return;
        }
        graphics.setColor(GROUND);
        if (empty) {
            graphics.fill(clip);
            return;
        }
        paintAround(graphics, clip);
        Picture shown = scaled.map(Scaled::target).orElse(picture);
        paint(graphics, shown.image(), fitting.x(), fitting.y(), visible(clip));
        java.awt.Rectangle covered = visible(cursorArea()).intersection(clip);
        if (!covered.isEmpty()) {
            paintCursor(graphics, shown, covered);
        }
    }

    private void paintAround(Graphics2D graphics, java.awt.Rectangle clip) {
        java.awt.Rectangle inner = fitting.bounds();
        int right = inner.x + inner.width;
        int below = inner.y + inner.height;
        for (java.awt.Rectangle edge : List.of(
                new java.awt.Rectangle(0, 0, panelWidth, inner.y),
                new java.awt.Rectangle(0, below, panelWidth, panelHeight - below),
                new java.awt.Rectangle(0, inner.y, inner.x, inner.height),
                new java.awt.Rectangle(right, inner.y, panelWidth - right, inner.height))) {
            if (edge.intersects(clip)) {
                graphics.fill(edge.intersection(clip));
            }
        }
    }

    private static void paint(Graphics2D graphics, BufferedImage image, int x, int y, java.awt.Rectangle part) {
        if (part.isEmpty()) {
            return;
        }
        int right = part.x + part.width;
        int below = part.y + part.height;
        graphics.drawImage(image, part.x, part.y, right, below, part.x - x, part.y - y, right - x, below - y, null);
    }

    private void paintCursor(Graphics2D graphics, Picture shown, java.awt.Rectangle covered) {
        java.awt.Rectangle area = cursorArea();
        Sprite drawn = sprite.filter(last -> last.shows(cursor.image(), area.width, area.height))
                .orElseGet(() -> new Sprite(cursor.image(), area.width, area.height));
        sprite = Optional.of(drawn);
        java.awt.Rectangle within = new java.awt.Rectangle(covered);
        within.translate(-fitting.x(), -fitting.y());
        BufferedImage patch = drawn.over(shown, area.x - fitting.x(), area.y - fitting.y(), within);
        paint(graphics, patch, area.x, area.y, covered);
    }
}
