package io.vfio4j.emulator;

import io.vfio4j.linux.Access;

/** What a driver hands to the VFIO core: {@code struct vfio_device_ops}. */
interface DeviceDriver {
    /** The first descriptor is being opened. */
    void open();

    /** The last descriptor was closed. */
    void close();

    int ioctl(long request, long argument) throws KernelError;

    int read(long address, int length, long position) throws KernelError;

    int write(long address, int length, long position) throws KernelError;

    OpenFile.MappedBytes map(long position, int length, Access access) throws KernelError;

    /** Somebody wants the device back; false if the driver has no such operation. */
    boolean request();
}
