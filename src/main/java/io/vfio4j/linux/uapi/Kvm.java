package io.vfio4j.linux.uapi;

import static io.vfio4j.linux.uapi.Ioctl.io;
import static io.vfio4j.linux.uapi.Ioctl.iow;
import static io.vfio4j.linux.uapi.Ioctl.iowr;

/** {@code linux/kvm.h}: what the association of a VFIO group with a VM needs. Laid out as {@link Vfio}. */
public final class Kvm {
    private static final char KVMIO = 0xAE;

    public static final int KVM_API_VERSION = 12;
    public static final Ioctl KVM_GET_API_VERSION = io("KVM_GET_API_VERSION", KVMIO, 0x00);
    public static final Ioctl KVM_CREATE_VM = io("KVM_CREATE_VM", KVMIO, 0x01);
    public static final Ioctl KVM_CREATE_DEVICE = iowr("KVM_CREATE_DEVICE", KVMIO, 0xe0, CreateDevice.SIZE);
    public static final Ioctl KVM_SET_DEVICE_ATTR = iow("KVM_SET_DEVICE_ATTR", KVMIO, 0xe1, DeviceAttr.SIZE);

    public static final int KVM_DEV_TYPE_VFIO = 4;
    public static final int KVM_DEV_VFIO_GROUP = 1;
    public static final int KVM_DEV_VFIO_GROUP_ADD = 1;
    public static final int KVM_DEV_VFIO_GROUP_DEL = 2;

    private Kvm() {}

    public static final class CreateDevice {
        public static final String STRUCT = "struct kvm_create_device";
        public static final int SIZE = 12;
        public static final int TYPE = 0;
        public static final int FD = 4;
        public static final int FLAGS = 8;

        private CreateDevice() {}
    }

    public static final class DeviceAttr {
        public static final String STRUCT = "struct kvm_device_attr";
        public static final int SIZE = 24;
        public static final int FLAGS = 0;
        public static final int GROUP = 4;
        public static final int ATTR = 8;
        public static final int ADDR = 16;

        private DeviceAttr() {}
    }
}
