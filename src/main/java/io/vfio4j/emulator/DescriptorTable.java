package io.vfio4j.emulator;

import io.vfio4j.linux.uapi.Errno;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** A process's descriptors: the lowest free number is the next one, as POSIX wants it. */
final class DescriptorTable {
    /** 0 to 2 are open in any process. */
    private static final int FIRST = 3;

    private record Entry(OpenFile file, String label) {}

    private final List<Optional<Entry>> entries = new ArrayList<>();
    private final int limit;
    private int open;

    DescriptorTable(int limit) {
        this.limit = limit;
    }

    /** Whether there is room for one more: EMFILE if not. Drivers ask before they do what they cannot undo. */
    void reserve() throws KernelError {
        if (open + FIRST >= limit) {
            throw new KernelError(Errno.EMFILE);
        }
    }

    /** Gives a file a number; the table then owns the reference. */
    int install(OpenFile file, String label) throws KernelError {
        reserve();
        open++;
        Optional<Entry> entry = Optional.of(new Entry(file, label));
        for (int i = 0; i < entries.size(); i++) {
            if (entries.get(i).isEmpty()) {
                entries.set(i, entry);
                return i + FIRST;
            }
        }
        entries.add(entry);
        return entries.size() - 1 + FIRST;
    }

    OpenFile file(int number) throws KernelError {
        return entry(number).file();
    }

    /** How the descriptor's owner calls it, or the kernel where the owner does not. */
    String label(int number) throws KernelError {
        return entry(number).label();
    }

    void rename(int number, String label) throws KernelError {
        Entry entry = entry(number);
        entries.set(number - FIRST, Optional.of(new Entry(entry.file(), label)));
    }

    /** close(2): the number is free before the file is released. */
    void close(int number) throws KernelError {
        Entry entry = entry(number);
        entries.set(number - FIRST, Optional.empty());
        open--;
        entry.file().put();
    }

    /** The end of the process. */
    void closeAll() {
        for (int index = 0; index < entries.size(); index++) {
            Optional<Entry> entry = entries.set(index, Optional.empty());
            entry.ifPresent(closed -> closed.file().put());
        }
        open = 0;
    }

    int open() {
        return open;
    }

    /** The numbers that are open, the first three excepted: where they lead is nobody's business here. */
    List<Integer> numbers() {
        return IntStream.range(0, entries.size())
                .filter(index -> entries.get(index).isPresent())
                .mapToObj(index -> index + FIRST)
                .toList();
    }

    Optional<OpenFile> find(int number) {
        int index = number - FIRST;
        return index < 0 || index >= entries.size()
                ? Optional.empty()
                : entries.get(index).map(Entry::file);
    }

    List<String> labels() {
        return entries.stream().flatMap(Optional::stream).map(Entry::label).toList();
    }

    private Entry entry(int number) throws KernelError {
        int index = number - FIRST;
        if (index < 0 || index >= entries.size()) {
            throw new KernelError(Errno.EBADF);
        }
        return entries.get(index).orElseThrow(() -> new KernelError(Errno.EBADF));
    }
}
