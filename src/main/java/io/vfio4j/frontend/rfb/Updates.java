package io.vfio4j.frontend.rfb;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import io.vfio4j.frontend.rfb.ClientMessage.Fence;
import io.vfio4j.recording.Recorder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Decides when a client gets an update: when it wants one, there is something to tell, and the one before has left. At most one is
 * encoded or waits to be sent, so a slow client gets fewer, newer pictures. On the network thread, but for {@link #news}.
 */
final class Updates {
    /** With continuous updates: how many the client may have received without saying so. */
    private static final int MOST_UNANSWERED_FENCES = 2;
    /** A client that asks for its next picture after this time or earlier is taken to look all the time. */
    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long FIRST_PICTURE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    /** What is not painted anew for once or twice as long has come to rest. */
    private static final long AGE_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private static final int FIRST_BYTES = 4096;
    private static final int END_OF_CONTINUOUS_UPDATES = 150;
    private static final int MOST_SIZE_ANSWERS = 16;

    private enum State {
        /** Nobody has been introduced yet. */
        STRANGE,
        IDLE,
        ENCODING,
        WRITING,
        CLOSED
    }

    private final RfbConnection connection;
    private final ChannelHandlerContext context;
    private final Executor encoders;
    private final Recorder recorder;
    private final String screenName;
    private final UpdateWriter writer;

    private final AtomicBoolean isNew = new AtomicBoolean();
    private final AtomicBoolean isScheduled = new AtomicBoolean();
    private volatile boolean attentive;

    private State state = State.STRANGE;
    private boolean waitedForPicture;
    private boolean isRestLeft;
    /** There is something to show outside of what was wanted last. */
    private boolean isOutsideLeft;
    /** Of another area, perhaps, than the update that is being encoded. */
    private boolean isAskedAnew;

    private Optional<Area> requested = Optional.empty();
    private Optional<Area> repaint = Optional.empty();
    private Optional<Area> continuous = Optional.empty();
    /** The request that the update that is being encoded answers. */
    private Optional<Area> ordered = Optional.empty();

    private int unansweredFences;
    private int fences;
    private Abilities abilities = Abilities.NONE;
    private Optional<ClientPixelFormat> format = Optional.empty();
    private Optional<List<Integer>> encodings = Optional.empty();
    private List<UpdateOrder.SizeStatus> sizeAnswers = new ArrayList<>();
    private Optional<Area> asked = Optional.empty();
    private boolean isPaused;
    private boolean wasPaused;
    private Optional<Future<?>> pauseTimer = Optional.empty();
    private long lastWanted;
    private Optional<Future<?>> ageTimer = Optional.empty();
    private boolean isAged;
    private Optional<ByteBuf> afterEncoding = Optional.empty();

    private final AtomicLong count = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong dropped = new AtomicLong();
    private volatile String encodingName = "Raw";

    Updates(RfbConnection connection, ChannelHandlerContext context, RfbService service) {
        this.connection = connection;
        this.context = context;
        this.encoders = service.encoders();
        this.recorder = service.recorder();
        this.screenName = service.screen().name();
        this.writer = new UpdateWriter(service.screen(), service.options(), this::news);
    }

    long count() {
        return count.get();
    }

    long bytes() {
        return bytes.get();
    }

    long dropped() {
        return dropped.get();
    }

    String encodingName() {
        return encodingName;
    }

    /** How wide the client takes the picture to be. */
    int width() {
        return writer.width();
    }

    /** How high the client takes the picture to be. */
    int height() {
        return writer.height();
    }

    /** Any thread: there is something to look at. */
    private void news() {
        isNew.set(true);
        if (attentive && isScheduled.compareAndSet(false, true)) {
            try {
                context.executor().execute(() -> {
                    isScheduled.set(false);
                    connection.guarded(this::proceed);
                });
            } catch (RejectedExecutionException ended) {
                // Then the connection ends, too.
            }
        }
    }

    /** Sends ServerInit, as soon as there is a picture whose size it can tell. */
    void begin() {
        attentive = true;
        context.executor()
                .schedule(
                        () -> connection.guarded(() -> {
                            waitedForPicture = true;
                            isNew.set(true);
                            proceed();
                        }),
                        FIRST_PICTURE_NANOS,
                        TimeUnit.NANOSECONDS);
        isNew.set(true);
        proceed();
    }

    void request(ClientMessage.UpdateRequest request) {
        if (!request.incremental()) {
            repaint = union(repaint, Optional.of(request.area()));
        } else if (continuous.isPresent()) {
            return;
        }
        requested = union(requested, Optional.of(request.area()));
        isRestLeft |= isOutsideLeft;
        isAskedAnew = true;
        proceed();
    }

    private static Optional<Area> union(Optional<Area> one, Optional<Area> other) {
        return one.map(area -> other.map(area::and).orElse(area)).or(() -> other);
    }

    void use(ClientPixelFormat changed) {
        format = Optional.of(changed);
        proceed();
    }

    void use(List<Integer> changed) {
        encodings = Optional.of(changed);
        Abilities before = abilities;
        abilities = Abilities.of(changed);
        if (abilities.fence() && !before.fence()) {
            // So that it knows that there are fences.
            say(out -> UpdateWriter.writeFence(Fence.REQUEST, new byte[0], out));
            unansweredFences++;
        }
        if (abilities.continuousUpdates() && !before.continuousUpdates()) {
            say(out -> out.writeByte(END_OF_CONTINUOUS_UPDATES));
        }
        proceed();
    }

    void use(ClientMessage.ContinuousUpdates wish) throws ProtocolException {
        if (!abilities.continuousUpdates()) {
            throw new ProtocolException("it enabled continuous updates without naming them among its encodings");
        }
        if (wish.enabled()) {
            continuous = Optional.of(wish.area());
            isRestLeft |= isOutsideLeft;
            isAskedAnew = true;
            proceed();
        } else if (continuous.isPresent()) {
            continuous = Optional.empty();
            say(out -> out.writeByte(END_OF_CONTINUOUS_UPDATES));
        }
    }

    /** A fence of ours was answered. */
    void fenceAnswered() {
        unansweredFences = Math.max(0, unansweredFences - 1);
        proceed();
    }

    /** What became of a SetDesktopSize. */
    void answerSize(UpdateOrder.SizeStatus status) {
        if (sizeAnswers.size() < MOST_SIZE_ANSWERS) {
            sizeAnswers.add(status);
        }
        proceed();
    }

    /** The client has asked for another size, and nothing was said against it. */
    void asked(int width, int height) {
        asked = Optional.of(new Area(0, 0, width, height));
    }

    /** Something to write into the stream of messages, between updates. */
    interface Words {
        void writeTo(ByteBuf out);
    }

    /** Says something now, or after the update that is being encoded. */
    void say(Words words) {
        if (state == State.CLOSED) {
            return;
        }
        ByteBuf out = afterEncoding.orElseGet(() -> context.alloc().buffer());
        int before = out.readableBytes();
        words.writeTo(out);
        connection.owes(out.readableBytes() - before);
        if (state == State.ENCODING) {
            afterEncoding = Optional.of(out);
        } else {
            sayNow(out);
        }
    }

    private void sayNow(ByteBuf out) {
        int length = out.readableBytes();
        bytes.addAndGet(length);
        connection.sent(length);
        context.writeAndFlush(out).addListener(written -> connection.owes(-length));
        connection.watchWrites();
    }

    private boolean isWanted() {
        return state == State.STRANGE
                || requested.isPresent()
                || continuous.isPresent() && (!abilities.fence() || unansweredFences < MOST_UNANSWERED_FENCES);
    }

    private boolean isAnythingToTell() {
        return isNew.get()
                || isRestLeft
                || isAged
                || repaint.isPresent()
                || format.isPresent()
                || encodings.isPresent()
                || !sizeAnswers.isEmpty();
    }

    private void proceed() {
        if (state == State.CLOSED || state == State.ENCODING) {
            return;
        }
        boolean wanted = isWanted() && state != State.WRITING;
        attentive = wanted;
        if (!wanted) {
            pauseLater();
            return;
        }
        lastWanted = now();
        if (isPaused) {
            isPaused = false;
            wasPaused = true;
            writer.resume();
        }
        if (isAnythingToTell()) {
            encode();
        }
    }

    private void encode() {
        boolean introduces = state == State.STRANGE;
        State before = state;
        UpdateOrder order = order();
        state = State.ENCODING;
        try {
            encoders.execute(() -> encode(order, introduces));
        } catch (RejectedExecutionException ended) {
            state = before;
            connection.end("the server ends");
        }
    }

    private UpdateOrder order() {
        isNew.set(false);
        isRestLeft = false;
        isAskedAnew = false;
        Area area = union(requested, continuous).orElse(new Area(0, 0, 0, 0));
        Optional<Integer> fence =
                continuous.isPresent() && abilities.fence() ? Optional.of(++fences) : Optional.empty();
        UpdateOrder order = new UpdateOrder(
                area,
                repaint,
                format,
                encodings,
                List.copyOf(sizeAnswers),
                asked,
                fence,
                !wasPaused,
                isAged,
                connection.mostUpdateBytes());
        ordered = requested;
        requested = Optional.empty();
        repaint = Optional.empty();
        format = Optional.empty();
        encodings = Optional.empty();
        sizeAnswers.clear();
        wasPaused = false;
        isAged = false;
        return order;
    }

    /** On an encoder's thread. */
    private void encode(UpdateOrder order, boolean introduces) {
        Recorder.UpdateSpan span = recorder.update();
        Optional<ByteBuf> out = Optional.empty();
        Optional<UpdateWriter.Result> result = Optional.empty();
        Optional<Throwable> failure = Optional.empty();
        try {
            ByteBuf buffer = context.alloc().buffer(FIRST_BYTES);
            out = Optional.of(buffer);
            if (introduces) {
                result = Optional.of(introduction(buffer));
            } else {
                result = Optional.of(writer.write(order, buffer));
                if (result.get().isUpdate()) {
                    order.fence()
                            .ifPresent(number -> UpdateWriter.writeFence(
                                    Fence.REQUEST | Fence.BLOCK_BEFORE,
                                    new byte[] {(byte) (number >> 8), number.byteValue()},
                                    buffer));
                }
            }
        } catch (Throwable broken) {
            failure = Optional.of(broken);
        }
        Encoded encoded = new Encoded(order, introduces, span, out, result, failure);
        try {
            context.executor().execute(() -> connection.guarded(() -> encoded(encoded)));
        } catch (RejectedExecutionException ended) {
            // The network's thread has ended, so nobody else comes here any more.
            out.ifPresent(ByteBuf::release);
            writer.close();
        }
    }

    /** After it, all of the picture is left to be shown. */
    private UpdateWriter.Result introduction(ByteBuf buffer) {
        boolean written = writer.introduce(waitedForPicture, buffer);
        return new UpdateWriter.Result(written, written, false);
    }

    private record Encoded(
            UpdateOrder order,
            boolean introduces,
            Recorder.UpdateSpan span,
            Optional<ByteBuf> out,
            Optional<UpdateWriter.Result> result,
            Optional<Throwable> failure) {}

    private void encoded(Encoded encoded) {
        if (state == State.CLOSED) {
            encoded.out.ifPresent(ByteBuf::release);
            closeWriter();
            return;
        }
        dropped.set(writer.dropped());
        encodingName = writer.encodingName();
        if (encoded.failure.isPresent()) {
            state = State.IDLE;
            encoded.out.ifPresent(ByteBuf::release);
            connection.failed("a picture for " + connection.address() + " could not be encoded", encoded.failure.get());
            return;
        }
        UpdateWriter.Result result = encoded.result.orElseThrow();
        ByteBuf out = encoded.out.orElseThrow();
        isRestLeft |= result.isRestLeft();
        isOutsideLeft = result.isOutsideLeft();
        isRestLeft |= isAskedAnew && isOutsideLeft;
        if (encoded.introduces && !result.isUpdate()) {
            state = State.STRANGE;
            out.release();
            proceed();
            return;
        }
        if (encoded.introduces) {
            connection.introduced();
        } else if (result.isUpdate()) {
            ordered = Optional.empty();
            encoded.order.fence().ifPresent(number -> unansweredFences++);
            count.incrementAndGet();
            connection.updateSent();
        }
        // Nothing was sent for it, so it still stands.
        requested = union(requested, ordered);
        ordered = Optional.empty();
        asked = asked.filter(size -> size.width() != writer.width() || size.height() != writer.height());
        if (out.isReadable()) {
            state = State.WRITING;
            int length = out.readableBytes();
            bytes.addAndGet(length);
            connection.sent(length);
            connection.holds(length);
            context.writeAndFlush(out).addListener(written -> {
                connection.holds(-length);
                if (!encoded.introduces && result.isUpdate() && written.isSuccess()) {
                    encoded.span.end(screenName, String.valueOf(connection.address()), encodingName, length);
                }
                connection.guarded(this::written);
            });
            connection.watchWrites();
        } else {
            out.release();
            state = State.IDLE;
        }
        afterEncoding.ifPresent(this::sayNow);
        afterEncoding = Optional.empty();
        if (writer.isAgeing()) {
            ageLater();
        }
        proceed();
    }

    private void written() {
        if (state == State.WRITING) {
            state = State.IDLE;
            proceed();
        }
    }

    /** Nothing is wanted: soon nothing needs to be read for this client. */
    private void pauseLater() {
        if (!isPaused && pauseTimer.isEmpty()) {
            pauseAfter(PAUSE_NANOS);
        }
    }

    private void pauseAfter(long nanos) {
        pauseTimer = Optional.of(context.executor()
                .schedule(() -> connection.guarded(this::pauseIfUnwanted), nanos, TimeUnit.NANOSECONDS));
    }

    private void pauseIfUnwanted() {
        pauseTimer = Optional.empty();
        if (state == State.CLOSED || state == State.ENCODING || isWanted() && state != State.WRITING || isPaused) {
            return;
        }
        long left = lastWanted + PAUSE_NANOS - now();
        if (left > 0) {
            pauseAfter(left);
        } else {
            isPaused = true;
            writer.pause();
        }
    }

    /** Some of what it was shown is not exact: in a while, what did not change meanwhile is repainted. */
    private void ageLater() {
        if (ageTimer.isEmpty() && !isAged) {
            ageTimer = Optional.of(
                    context.executor().schedule(() -> connection.guarded(this::age), AGE_NANOS, TimeUnit.NANOSECONDS));
        }
    }

    private void age() {
        ageTimer = Optional.empty();
        if (state != State.CLOSED) {
            isAged = true;
            proceed();
        }
    }

    private long now() {
        return context.executor().ticker().nanoTime();
    }

    /** The connection is closed. Once. */
    void close() {
        attentive = false;
        pauseTimer.ifPresent(timer -> timer.cancel(false));
        ageTimer.ifPresent(timer -> timer.cancel(false));
        afterEncoding.ifPresent(ByteBuf::release);
        afterEncoding = Optional.empty();
        boolean encoding = state == State.ENCODING;
        state = State.CLOSED;
        if (!encoding) {
            closeWriter();
        }
    }

    private void closeWriter() {
        writer.close();
        connection.ended();
    }
}
