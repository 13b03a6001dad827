package io.vfio4j.contract;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Ioctl;
import io.vfio4j.linux.uapi.Vfio;
import io.vfio4j.mdev.MdevDevice;
import io.vfio4j.vfio.AttachPath;
import io.vfio4j.vfio.HostDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** A device that somebody else has opened, by the plainest of system calls, and of which descriptors are to be had. */
final class PlainDevice implements AutoCloseable {
    private final SystemCalls calls;
    private final Descriptor first;
    private final Descriptor second;
    private final String name;
    private final AttachPath path;

    private PlainDevice(SystemCalls calls, Descriptor first, Descriptor second, String name, AttachPath path) {
        this.calls = calls;
        this.first = first;
        this.second = second;
        this.name = name;
        this.path = path;
    }

    static PlainDevice open(SystemCalls calls, MdevDevice mdev, AttachPath path) throws IOException {
        return open(calls, mdev, path, Vfio.VFIO_TYPE1v2_IOMMU);
    }

    /** With a container of this type. */
    static PlainDevice openGroup(SystemCalls calls, MdevDevice mdev, int iommu) throws IOException {
        return open(calls, mdev, AttachPath.GROUP, iommu);
    }

    private static PlainDevice open(SystemCalls calls, MdevDevice mdev, AttachPath path, int iommu) throws IOException {
        HostDevice host = HostDevice.of(calls, mdev);
        boolean cdev = path == AttachPath.CDEV;
        Descriptor first = calls.open(cdev ? "/dev/iommu" : "/dev/vfio/vfio", Access.READ_WRITE);
        Descriptor second = calls.open(
                cdev ? host.node().orElseThrow() : "/dev/vfio/" + host.group().getAsInt(), Access.READ_WRITE);
        if (!cdev) {
            withNumber(calls, second, Vfio.VFIO_GROUP_SET_CONTAINER, first, 4, 0);
            calls.ioctl(first, Vfio.VFIO_SET_IOMMU, iommu);
        }
        return new PlainDevice(calls, first, second, host.name(), path);
    }

    /** An ioctl that takes the number of a descriptor, in a structure that begins with its size unless it is just the number. */
    private static void withNumber(
            SystemCalls calls, Descriptor to, Ioctl request, Descriptor number, int size, int offset)
            throws IOException {
        try (NativeMemory argument = calls.allocate(size)) {
            if (offset > 0) {
                argument.putInt(0, size);
            }
            argument.putInt(offset, number.acquire());
            calls.ioctl(to, request, argument);
        } finally {
            number.release();
        }
    }

    Descriptor container() {
        return first;
    }

    /** A descriptor of the device; closing it closes the device. */
    Descriptor device() throws IOException {
        if (path == AttachPath.GROUP) {
            byte[] text = (name + "\0").getBytes(StandardCharsets.US_ASCII);
            try (NativeMemory pointer = calls.allocate(text.length)) {
                pointer.putBytes(0, text);
                return calls.adopt(calls.ioctl(second, Vfio.VFIO_GROUP_GET_DEVICE_FD, pointer), name);
            }
        }
        Descriptor node = calls.open(second.description(), Access.READ_WRITE);
        withNumber(
                calls,
                node,
                Vfio.VFIO_DEVICE_BIND_IOMMUFD,
                first,
                Vfio.DeviceBindIommufd.MINSZ,
                Vfio.DeviceBindIommufd.IOMMUFD);
        return node;
    }

    @Override
    public void close() {
        second.close();
        first.close();
    }
}
