package io.vfio4j.linux.jna;

import io.vfio4j.linux.uapi.Files.EpollEvent;
import java.util.Optional;

/**
 * How {@code struct epoll_event} is laid out: packed on x86-64, aligned everywhere else.
 *
 * @param directory what the directories of native libraries call the architecture
 * @param size the structure's size in bytes
 * @param data where its 64 bits of user data are
 */
record EpollAbi(String directory, int size, int data) {
    static final EpollAbi X86_64 = new EpollAbi("linux-x86-64", EpollEvent.X86_64_SIZE, EpollEvent.X86_64_DATA);
    static final EpollAbi AARCH64 = new EpollAbi("linux-aarch64", EpollEvent.ALIGNED_SIZE, EpollEvent.ALIGNED_DATA);

    /** The layout of an architecture, by the system property {@code os.arch}; empty where nobody tried. */
    static Optional<EpollAbi> of(String arch) {
        return switch (arch) {
            case "amd64", "x86_64", "x86-64" -> Optional.of(X86_64);
            case "aarch64", "arm64" -> Optional.of(AARCH64);
            default -> Optional.empty();
        };
    }

    static Optional<EpollAbi> ofThisMachine() {
        return of(System.getProperty("os.arch", ""));
    }
}
