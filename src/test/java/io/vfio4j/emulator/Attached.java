package io.vfio4j.emulator;

import io.vfio4j.linux.Access;
import io.vfio4j.linux.Descriptor;
import io.vfio4j.linux.LinuxException;
import io.vfio4j.linux.NativeMemory;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.uapi.Vfio;
import java.nio.charset.StandardCharsets;

/** A vGPU opened through its group by plain system calls, as any program does it. */
final class Attached implements AutoCloseable {
    static final int DISPLAY = 5;
    static final int DATA_NONE = Vfio.VFIO_IRQ_SET_DATA_NONE;
    static final int DATA_BOOL = Vfio.VFIO_IRQ_SET_DATA_BOOL;
    static final int DATA_EVENTFD = Vfio.VFIO_IRQ_SET_DATA_EVENTFD;
    static final int MASK = Vfio.VFIO_IRQ_SET_ACTION_MASK;
    static final int UNMASK = Vfio.VFIO_IRQ_SET_ACTION_UNMASK;
    static final int TRIGGER = Vfio.VFIO_IRQ_SET_ACTION_TRIGGER;

    private final EmulatedHost host;
    private final SystemCalls calls;
    private final Descriptor container;
    private final Descriptor group;
    private final Descriptor device;

    Attached(EmulatedHost host, Vgpu vgpu) throws LinuxException {
        this(host, vgpu, Vfio.VFIO_TYPE1_IOMMU);
    }

    Attached(EmulatedHost host, Vgpu vgpu, int iommu) throws LinuxException {
        this(host, vgpu.groupPath(), vgpu.uuid().toString(), iommu);
    }

    Attached(EmulatedHost host, Peripheral peripheral) throws LinuxException {
        this(host, peripheral.groupPath(), peripheral.name(), Vfio.VFIO_TYPE1_IOMMU);
    }

    private Attached(EmulatedHost host, String groupPath, String name, int iommu) throws LinuxException {
        this.host = host;
        calls = host.systemCalls();
        container = calls.open("/dev/vfio/vfio", Access.READ_WRITE);
        group = calls.open(groupPath, Access.READ_WRITE);
        setContainer(calls, group, container);
        calls.ioctl(container, Vfio.VFIO_SET_IOMMU, iommu);
        device = getDevice(calls, group, name);
    }

    static Attached to(EmulatedHost host) throws LinuxException {
        return new Attached(host, host.vgpu());
    }

    static void setContainer(SystemCalls calls, Descriptor group, Descriptor container) throws LinuxException {
        try (NativeMemory number = calls.allocate(4)) {
            number.putInt(0, container.acquire());
            calls.ioctl(group, Vfio.VFIO_GROUP_SET_CONTAINER, number);
        } finally {
            container.release();
        }
    }

    static Descriptor getDevice(SystemCalls calls, Descriptor group, String name) throws LinuxException {
        byte[] bytes = name.getBytes(StandardCharsets.US_ASCII);
        try (NativeMemory text = calls.allocate(bytes.length + 1)) {
            text.putBytes(0, bytes);
            return calls.adopt(calls.ioctl(group, Vfio.VFIO_GROUP_GET_DEVICE_FD, text), "device " + name);
        }
    }

    EmulatedHost host() {
        return host;
    }

    SystemCalls calls() {
        return calls;
    }

    Descriptor container() {
        return container;
    }

    Descriptor group() {
        return group;
    }

    Descriptor device() {
        return device;
    }

    /** SET_IRQS from its members; each int of data is a descriptor number. */
    void setIrqs(int argsz, int flags, int index, int start, int count, int... data) throws LinuxException {
        try (NativeMemory set = calls.allocate(Vfio.IrqSet.SIZE + 4 * data.length)) {
            set.putInt(Vfio.IrqSet.ARGSZ, argsz);
            set.putInt(Vfio.IrqSet.FLAGS, flags);
            set.putInt(Vfio.IrqSet.INDEX, index);
            set.putInt(Vfio.IrqSet.START, start);
            set.putInt(Vfio.IrqSet.COUNT, count);
            for (int i = 0; i < data.length; i++) {
                set.putInt(Vfio.IrqSet.DATA + 4 * i, data[i]);
            }
            calls.ioctl(device, Vfio.VFIO_DEVICE_SET_IRQS, set);
        }
    }

    void arm(Descriptor eventFd) throws LinuxException {
        arm(DISPLAY, eventFd);
    }

    void arm(int index, Descriptor eventFd) throws LinuxException {
        int number = eventFd.acquire();
        try {
            setIrqs(24, DATA_EVENTFD | TRIGGER, index, 0, 1, number);
        } finally {
            eventFd.release();
        }
    }

    void disarm() throws LinuxException {
        disarm(DISPLAY);
    }

    void disarm(int index) throws LinuxException {
        setIrqs(20, DATA_NONE | TRIGGER, index, 0, 0);
    }

    void mask() throws LinuxException {
        setIrqs(20, DATA_NONE | MASK, DISPLAY, 0, 1);
    }

    void unmask() throws LinuxException {
        setIrqs(20, DATA_NONE | UNMASK, DISPLAY, 0, 1);
    }

    @Override
    public void close() {
        device.close();
        group.close();
        container.close();
    }
}
