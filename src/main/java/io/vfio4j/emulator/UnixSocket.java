package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/** A UNIX stream socket: net/unix/af_unix.c, with descriptors in flight as in net/core/scm.c. */
final class UnixSocket extends OpenFile {
    /** A listener that allows for so many waiting connections lets one more in: unix_recvq_full(). */
    static final int BACKLOG = 16;
    /** Half of net.core.wmem_default: what a sender may have in flight, overhead included. */
    private static final int MOST_QUEUED = 106_496;

    private enum State {
        NEW,
        LISTENING,
        CONNECTED,
        CLOSED
    }

    /** What one sendmsg brought: descriptors stand at its first byte. */
    private static final class Piece {
        private final byte[] bytes;
        private List<OpenFile> files;
        private int consumed;

        Piece(byte[] bytes, List<OpenFile> files) {
            this.bytes = bytes;
            this.files = files;
        }

        int left() {
            return bytes.length - consumed;
        }
    }

    /** What one recvmsg got; the files' references are the receiver's. */
    record Arrival(byte[] bytes, List<OpenFile> files) {}

    private final Kernel kernel;
    private final int inode;
    private final Deque<Piece> incoming = new ArrayDeque<>();
    private final Deque<UnixSocket> waiting = new ArrayDeque<>();
    private Optional<UnixSocket> peer = Optional.empty();
    private State state = State.NEW;
    private boolean peerGone;
    private boolean reset;

    UnixSocket(Kernel kernel) {
        this.kernel = kernel;
        this.inode = kernel.nextInode();
    }

    @Override
    String name() {
        return "socket:[" + inode + "]";
    }

    static UnixSocket of(OpenFile file) throws KernelError {
        if (file instanceof UnixSocket socket) {
            return socket;
        }
        throw new KernelError(Errno.ENOTSOCK);
    }

    void listen() {
        state = State.LISTENING;
    }

    boolean hasRoom() {
        return state != State.LISTENING || waiting.size() <= BACKLOG;
    }

    /** unix_stream_connect(): the connection stands before anybody has accepted it. */
    void connect(UnixSocket listener) throws KernelError {
        if (listener.state != State.LISTENING) {
            throw new KernelError(Errno.ECONNREFUSED);
        }
        if (!listener.hasRoom()) {
            throw new KernelError(Errno.EAGAIN);
        }
        UnixSocket accepted = new UnixSocket(kernel);
        accepted.state = State.CONNECTED;
        accepted.peer = Optional.of(this);
        state = State.CONNECTED;
        peer = Optional.of(accepted);
        listener.waiting.add(accepted);
        kernel.signalChange();
    }

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    UnixSocket accept() throws KernelError {
        if (state != State.LISTENING) {
            throw new KernelError(Errno.EINVAL);
        }
        if (waiting.isEmpty()) {
            throw new KernelError(Errno.EAGAIN);
        }
        kernel.signalChange();
        return waiting.remove();
    }

    int send(byte[] bytes, List<OpenFile> files) throws KernelError {
        if (state != State.CONNECTED) {
            throw new KernelError(Errno.ENOTCONN);
        }
        if (peerGone) {
            throw new KernelError(Errno.EPIPE);
        }
        UnixSocket to = peer.orElseThrow();
        int room = MOST_QUEUED - to.incoming.stream().mapToInt(Piece::left).sum();
        if (room <= 0) {
            throw new KernelError(Errno.EAGAIN);
        }
        int count = Math.min(room, bytes.length);
        files.forEach(OpenFile::get);
        to.incoming.add(new Piece(Arrays.copyOf(bytes, count), List.copyOf(files)));
        kernel.signalChange();
        return count;
    }

    /** Whether recvmsg would return at once. */
    boolean isReadable() {
        return !incoming.isEmpty() || peerGone || state != State.CONNECTED;
    }

    /** EPOLLRDHUP. */
    boolean isHungUp() {
        return peerGone || state != State.CONNECTED;
    }

    /**
     * unix_stream_read_generic(): goes on over what was sent separately, but not beyond a piece that came with descriptors, nor
     * beyond one that it could not read to its end.
     */
    Arrival receive(int most) throws KernelError {
        if (state != State.CONNECTED) {
            throw new KernelError(state == State.LISTENING ? Errno.EINVAL : Errno.ENOTCONN);
        }
        if (incoming.isEmpty()) {
            if (reset) {
                reset = false;
                throw new KernelError(Errno.ECONNRESET);
            }
            if (peerGone) {
                return new Arrival(new byte[0], List.of());
            }
            throw new KernelError(Errno.EAGAIN);
        }
        byte[] bytes = new byte[most];
        List<OpenFile> files = new ArrayList<>();
        int count = 0;
        while (count < most && files.isEmpty() && !incoming.isEmpty()) {
            Piece piece = incoming.element();
            int part = Math.min(most - count, piece.left());
            System.arraycopy(piece.bytes, piece.consumed, bytes, count, part);
            count += part;
            piece.consumed += part;
            files.addAll(piece.files);
            piece.files = List.of();
            if (piece.left() > 0) {
                break;
            }
            incoming.remove();
        }
        kernel.signalChange();
        return new Arrival(Arrays.copyOf(bytes, count), files);
    }

    /** unix_release_sock(): who has not read everything, or was never accepted, resets the other side. */
    @Override
    void release() {
        boolean unread = !incoming.isEmpty();
        boolean listening = state == State.LISTENING;
        state = State.CLOSED;
        peer.ifPresent(other -> other.loosePeer(unread));
        for (Piece piece : incoming) {
            piece.files.forEach(OpenFile::put);
        }
        incoming.clear();
        if (listening) {
            waiting.forEach(UnixSocket::releaseUnaccepted);
            waiting.clear();
        }
        kernel.signalChange();
    }

    private void releaseUnaccepted() {
        peer.ifPresent(other -> other.loosePeer(true));
        peer = Optional.empty();
        put();
    }

    private void loosePeer(boolean withReset) {
        peerGone = true;
        reset |= withReset;
    }
}
