package io.vfio4j.emulator;

import java.util.Optional;
import java.util.function.Supplier;

/** The guest's display engine: three pipes, each with a primary and a cursor plane. Used under the kernel's lock. */
final class GuestDisplay {
    private static final int FIRST_CURSOR_SIZE = 64;
    private static final int CURSOR_BUFFERS = 2;

    /** A plane goes round its framebuffers, of which it shows one. */
    static final class Plane {
        private final Supplier<Framebuffer[]> allocation;
        private Optional<Framebuffer[]> buffers = Optional.empty();
        private int current;
        private long frame;
        private boolean visible;

        /** The framebuffers are allocated when they are needed. */
        Plane(Supplier<Framebuffer[]> allocation, boolean visible) {
            this.allocation = allocation;
            this.visible = visible;
        }

        Framebuffer front() {
            return buffers()[current];
        }

        private Framebuffer[] buffers() {
            if (buffers.isEmpty()) {
                buffers = Optional.of(allocation.get());
                front().show(frame);
            }
            return buffers.get();
        }

        /** Others from now on, of which the first is shown. */
        private void replace() {
            boolean needed = buffers.isPresent();
            buffers = Optional.empty();
            current = 0;
            if (needed) {
                buffers();
            }
        }

        long frame() {
            return frame;
        }

        private void next(Picture picture) {
            current = (current + 1) % buffers().length;
            frame++;
            front().show(frame, picture);
        }
    }

    private static final class Head {
        private final Plane primary;
        private final Plane cursor;
        private boolean enabled;
        private int cursorX;
        private int cursorY;

        Head(Plane primary, Plane cursor) {
            this.primary = primary;
            this.cursor = cursor;
        }
    }

    private final GraphicsMemory memory;
    private final Picture first;
    private final int buffers;
    /** PVINFO's cursor hotspot while the guest has not told it: UINT_MAX. */
    private int hotspotX = -1;

    private int hotspotY = -1;
    private final Head[] heads = new Head[Pipe.values().length];
    private Picture picture;
    private EmulatedFormat format;
    private EmulatedTiling tiling;
    private int cursorSize = FIRST_CURSOR_SIZE;
    private int width;
    private int height;

    GuestDisplay(GraphicsMemory memory, Picture picture, VgpuProfile profile) {
        this.memory = memory;
        this.first = picture;
        this.picture = picture;
        this.buffers = profile.buffers();
        this.format = profile.format();
        this.tiling = profile.tiling();
        this.width = profile.width();
        this.height = profile.height();
        for (int i = 0; i < heads.length; i++) {
            heads[i] = new Head(new Plane(this::screens, true), new Plane(this::cursors, false));
        }
        heads[Pipe.A.ordinal()].enabled = !profile.displayOff();
    }

    private Framebuffer[] screens() {
        Framebuffer[] screens = new Framebuffer[Math.max(1, Math.min(buffers, memory.room(width, height)))];
        for (int i = 0; i < screens.length; i++) {
            screens[i] = memory.allocate(width, height, format, tiling, picture);
        }
        return screens;
    }

    private Framebuffer[] cursors() {
        Framebuffer[] cursors = new Framebuffer[CURSOR_BUFFERS];
        for (int i = 0; i < cursors.length; i++) {
            cursors[i] = memory.allocate(
                    cursorSize, cursorSize, EmulatedFormat.ARGB8888, EmulatedTiling.LINEAR, Picture.CURSOR);
        }
        return cursors;
    }

    int width() {
        return width;
    }

    int height() {
        return height;
    }

    boolean isEnabled(Pipe pipe) {
        return heads[pipe.ordinal()].enabled;
    }

    void setEnabled(Pipe pipe, boolean on) {
        heads[pipe.ordinal()].enabled = on;
    }

    boolean hasPipe() {
        return activePipe().isPresent();
    }

    /** get_active_pipe() of fb_decoder.c: the first that is enabled. */
    Optional<Pipe> activePipe() {
        for (Pipe pipe : Pipe.values()) {
            if (isEnabled(pipe)) {
                return Optional.of(pipe);
            }
        }
        return Optional.empty();
    }

    /** What a query of the primary plane looks at; empty if nothing is scanned out. */
    Optional<Framebuffer> screen() {
        return activePipe().map(pipe -> heads[pipe.ordinal()].primary.front());
    }

    /** What a query of the cursor plane looks at; empty if there is no cursor. */
    Optional<Framebuffer> cursor() {
        return activePipe()
                .map(pipe -> heads[pipe.ordinal()].cursor)
                .filter(plane -> plane.visible)
                .map(Plane::front);
    }

    Plane primary(Pipe pipe) {
        return heads[pipe.ordinal()].primary;
    }

    Plane cursorPlane(Pipe pipe) {
        return heads[pipe.ordinal()].cursor;
    }

    int cursorX() {
        return activePipe().map(pipe -> heads[pipe.ordinal()].cursorX).orElse(0);
    }

    int cursorY() {
        return activePipe().map(pipe -> heads[pipe.ordinal()].cursorY).orElse(0);
    }

    /** What every screen shows at first. */
    Picture firstPicture() {
        return first;
    }

    /** What is drawn from the next flip on. */
    void paint(Picture next) {
        picture = next;
    }

    void flip(Pipe pipe) {
        primary(pipe).next(picture);
    }

    /** Another cursor image; a cursor that was hidden is shown. */
    void updateCursor(Pipe pipe) {
        Plane cursor = cursorPlane(pipe);
        cursor.visible = true;
        cursor.next(Picture.CURSOR);
    }

    void hideCursor(Pipe pipe) {
        cursorPlane(pipe).visible = false;
    }

    void moveCursor(Pipe pipe, int x, int y) {
        heads[pipe.ordinal()].cursorX = x;
        heads[pipe.ordinal()].cursorY = y;
    }

    /** PVINFO has one for all pipes. */
    void setHotspot(int x, int y) {
        hotspotX = x;
        hotspotY = y;
    }

    int hotspotX() {
        return hotspotX;
    }

    int hotspotY() {
        return hotspotY;
    }

    int cursorSize() {
        return cursorSize;
    }

    /** Other cursor images, on every pipe. */
    void setCursorSize(int size) {
        cursorSize = size;
        for (Head head : heads) {
            head.cursor.frame++;
            head.cursor.replace();
        }
    }

    boolean cursorVisible(Pipe pipe) {
        return cursorPlane(pipe).visible;
    }

    int cursorX(Pipe pipe) {
        return heads[pipe.ordinal()].cursorX;
    }

    int cursorY(Pipe pipe) {
        return heads[pipe.ordinal()].cursorY;
    }

    /** Draws the next character cell into the framebuffer that is shown. */
    void draw(Pipe pipe) {
        primary(pipe).front().draw();
    }

    /** The device was reset in a way that the guest did not ask for: the first picture is back. */
    void wipe() {
        for (Head head : heads) {
            head.primary.front().show(0, first);
        }
    }

    /** Other framebuffers, of another size, on every pipe. */
    void setMode(int newWidth, int newHeight) {
        width = newWidth;
        height = newHeight;
        replaceScreens();
    }

    /** Other framebuffers, of another layout, on every pipe. */
    void setFormat(EmulatedFormat newFormat, EmulatedTiling newTiling) {
        format = newFormat;
        tiling = newTiling;
        replaceScreens();
    }

    private void replaceScreens() {
        for (Head head : heads) {
            head.primary.frame++;
        }
        renewScreens();
    }

    /** The same pictures in other framebuffers. */
    void renewScreens() {
        memory.startOver();
        for (Head head : heads) {
            head.primary.replace();
        }
    }
}
