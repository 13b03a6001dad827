package io.vfio4j.vfio;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeBytes;
import java.io.IOException;

/** The kernel's side of an address space: type 1 of a container, or an IOAS of an iommufd. */
interface DmaBackend {
    /** Maps a part of some memory; the caller keeps the memory. */
    void map(long iova, NativeBytes memory, int offset, int length, Access access) throws LinuxException;

    /** Returns how many bytes were unmapped, unsigned. */
    long unmap(long iova, long length) throws LinuxException;

    DmaInfo info() throws IOException;

    /** Whose pinned memory counts together against the limit, for errors: for example "of this process". */
    String lockedMemoryOf();
}
