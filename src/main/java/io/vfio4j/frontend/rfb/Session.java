package io.vfio4j.frontend.rfb;

import io.vfio4j.display.Display;
import io.vfio4j.display.NoMonitorException;
import io.vfio4j.frontend.rfb.UpdateOrder.SizeStatus;
import io.vfio4j.linux.ClosedException;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;

/** What a client that was let in says: its wishes go to {@link Updates}, its input to the embedder. On the network thread. */
final class Session implements Conversation {
    private static final int RATE_HERTZ = 60;
    /** More keys than anybody holds at a time. */
    private static final int MOST_KEYS = 64;

    private final RfbConnection connection;
    private final RfbService service;
    private final Updates updates;

    private final Set<Integer> pressed = new LinkedHashSet<>();
    private int pointerX;
    private int pointerY;
    private int buttons;
    private boolean dropNoted;
    private Optional<ClientMessage.Fence> fenceForTheNext = Optional.empty();
    private boolean isResizing;
    private Optional<ClientMessage.DesktopSize> nextSize = Optional.empty();
    private boolean isClosed;

    Session(RfbConnection connection, RfbService service, Updates updates) {
        this.connection = connection;
        this.service = service;
        this.updates = updates;
    }

    @Override
    public MessageReader.Expected expected() {
        return MessageReader.Expected.MESSAGES;
    }

    @Override
    public void receive(ClientMessage message) throws ProtocolException {
        Optional<ClientMessage.Fence> awaited = fenceForTheNext;
        fenceForTheNext = Optional.empty();
        if (message instanceof ClientMessage.PixelFormat choice) {
            use(choice.format());
        } else if (message instanceof ClientMessage.Encodings choice) {
            updates.use(choice.numbers());
        } else if (message instanceof ClientMessage.UpdateRequest request) {
            updates.request(request);
        } else if (message instanceof ClientMessage.Key key) {
            press(key);
        } else if (message instanceof ClientMessage.Pointer pointer) {
            point(pointer);
        } else if (message instanceof ClientMessage.CutText text) {
            input("clipboard", input -> input.onClipboard(connection.address(), text.text()));
        } else if (message instanceof ClientMessage.DroppedCutText text) {
            connection.note("a text of " + text.length() + " bytes that it copied is dropped");
        } else if (message instanceof ClientMessage.Fence fence) {
            receive(fence);
        } else if (message instanceof ClientMessage.ContinuousUpdates wish) {
            updates.use(wish);
        } else if (message instanceof ClientMessage.DesktopSize size) {
            resize(size);
        } else {
            throw new ProtocolException("it introduced itself twice");
        }
        awaited.ifPresent(this::answer);
    }

    private void use(ClientPixelFormat format) throws ProtocolException {
        if (!format.isSupported()) {
            throw new ProtocolException("it wants pixels in an impossible format: " + format);
        }
        updates.use(format);
    }

    private void receive(ClientMessage.Fence fence) {
        if (!fence.isRequest()) {
            updates.fenceAnswered();
        } else if (fence.isForTheNext()) {
            fenceForTheNext = Optional.of(fence);
        } else {
            answer(fence);
        }
    }

    /** All messages are carried out in their order, and what is said comes after the update that was begun before. */
    private void answer(ClientMessage.Fence fence) {
        int flags = fence.flags()
                & (ClientMessage.Fence.BLOCK_BEFORE | ClientMessage.Fence.BLOCK_AFTER | ClientMessage.Fence.SYNC_NEXT);
        updates.say(out -> UpdateWriter.writeFence(flags, fence.payload(), out));
    }

    private void press(ClientMessage.Key key) {
        if (!key.down()) {
            pressed.remove(key.keysym());
        } else if (pressed.size() < MOST_KEYS) {
            pressed.add(key.keysym());
        }
        input("key", input -> input.onKey(connection.address(), key.keysym(), key.down()));
    }

    private void point(ClientMessage.Pointer pointer) {
        pointerX = Math.min(pointer.x(), updates.width() - 1);
        pointerY = Math.min(pointer.y(), updates.height() - 1);
        buttons = pointer.buttons();
        input("pointer", input -> input.onPointer(connection.address(), pointerX, pointerY, buttons));
    }

    private interface Told {
        void of(RfbInput input);
    }

    private void input(String what, Told told) {
        Optional<RfbInput> input = service.options().input();
        if (input.isEmpty()) {
            if (!dropNoted) {
                dropNoted = true;
                connection.note("what it types and points at is dropped: nobody here takes it");
            }
            return;
        }
        try {
            told.of(input.get());
        } catch (Throwable thrown) {
            service.report("the listener for input threw at a " + what + " of " + connection.address(), thrown);
        }
        service.screen().nudge();
    }

    /** Who has left holds no key and no button any more. */
    @Override
    public void close() {
        if (isClosed) {
            return;
        }
        isClosed = true;
        if (service.options().input().isPresent()) {
            for (int keysym : List.copyOf(pressed)) {
                press(new ClientMessage.Key(keysym, false));
            }
            if (buttons != 0) {
                point(new ClientMessage.Pointer(pointerX, pointerY, 0));
            }
        }
        updates.close();
    }

    /** The newest wish counts; one is carried out at a time, on an encoder's thread, because a driver may take its time. */
    private void resize(ClientMessage.DesktopSize wish) {
        if (!service.options().resize()) {
            updates.answerSize(SizeStatus.PROHIBITED);
        } else if (!isPossible(wish)) {
            updates.answerSize(SizeStatus.INVALID);
        } else if (wish.width() == updates.width() && wish.height() == updates.height()) {
            updates.answerSize(SizeStatus.DONE);
        } else if (isResizing) {
            nextSize = Optional.of(wish);
        } else {
            isResizing = true;
            try {
                service.encoders().execute(() -> resizeDisplay(wish.width(), wish.height()));
            } catch (RejectedExecutionException ended) {
                connection.end("the server ends");
            }
        }
    }

    /** A display is one screen; a layout of several, or with something left over, is not possible. */
    private static boolean isPossible(ClientMessage.DesktopSize wish) {
        return wish.width() > 0
                && wish.height() > 0
                && wish.screens().equals(List.of(new Area(0, 0, wish.width(), wish.height())));
    }

    private void resizeDisplay(int width, int height) {
        Optional<Display> display = service.screen().display();
        if (display.isEmpty()) {
            resized(width, height, Optional.of(SizeStatus.PROHIBITED));
            return;
        }
        try {
            display.get().setMode(width, height, RATE_HERTZ).whenComplete((done, failure) -> {
                if (failure != null && !(failure instanceof CancellationException)) {
                    later(() -> {
                        connection.note(sizeRefusal(width, height, failure));
                        updates.answerSize(SizeStatus.FAILED);
                    });
                }
            });
            resized(width, height, Optional.empty());
        } catch (NoMonitorException | ClosedException guestDecides) {
            refused(width, height, SizeStatus.PROHIBITED, guestDecides);
        } catch (IllegalArgumentException tooLarge) {
            refused(width, height, SizeStatus.INVALID, tooLarge);
        } catch (IOException | RuntimeException failed) {
            refused(width, height, SizeStatus.FAILED, failed);
        }
    }

    private static String sizeRefusal(int width, int height, Throwable why) {
        return "its wish for " + width + "x" + height + " is not met: " + why.getMessage();
    }

    private void refused(int width, int height, SizeStatus status, Exception why) {
        later(() -> connection.note(sizeRefusal(width, height, why)));
        resized(width, height, Optional.of(status));
    }

    private void resized(int width, int height, Optional<SizeStatus> refusal) {
        later(() -> {
            isResizing = false;
            refusal.ifPresentOrElse(updates::answerSize, () -> updates.asked(width, height));
            nextSize.ifPresent(wish -> {
                nextSize = Optional.empty();
                resize(wish);
            });
        });
    }

    private void later(Runnable task) {
        connection.execute(() -> {
            if (!isClosed) {
                task.run();
            }
        });
    }
}
