package io.vfio4j.linux.uapi;

/**
 * The number of an ioctl request together with its name in the C header, so that an error can say which call failed.
 *
 * @param name the macro's name, for example {@code VFIO_DEVICE_GET_INFO}
 * @param number the request as the kernel sees it: an unsigned 32-bit value
 */
public record Ioctl(String name, long number) {

    /**
     * A request without size or direction bits: {@code _IO(type, number)} of {@code asm-generic/ioctl.h}. All of VFIO is
     * of this kind, which is why its structures carry {@code argsz}.
     *
     * @param name the macro's name
     * @param type the character that owns the number space
     * @param number the request within it, 0 to 255
     * @return the request
     */
    public static Ioctl io(String name, char type, int number) {
        return encode(name, 0, type, number, 0);
    }

    /**
     * A request that hands a structure to the kernel: {@code _IOW(type, number, size)}.
     *
     * @param name the macro's name
     * @param type the character that owns the number space
     * @param number the request within it, 0 to 255
     * @param bytes the structure's size
     * @return the request
     */
    public static Ioctl iow(String name, char type, int number, int bytes) {
        return encode(name, 1, type, number, bytes);
    }

    /**
     * A request that gets a structure from the kernel: {@code _IOR(type, number, size)}.
     *
     * @param name the macro's name
     * @param type the character that owns the number space
     * @param number the request within it, 0 to 255
     * @param bytes the structure's size
     * @return the request
     */
    public static Ioctl ior(String name, char type, int number, int bytes) {
        return encode(name, 2, type, number, bytes);
    }

    /**
     * A request that exchanges a structure with the kernel: {@code _IOWR(type, number, size)}.
     *
     * @param name the macro's name
     * @param type the character that owns the number space
     * @param number the request within it, 0 to 255
     * @param bytes the structure's size
     * @return the request
     */
    public static Ioctl iowr(String name, char type, int number, int bytes) {
        return encode(name, 3, type, number, bytes);
    }

    /** asm-generic/ioctl.h: direction in bits 30 and 31, size in 16 to 29, type in 8 to 15, number in 0 to 7. */
    private static Ioctl encode(String name, int direction, char type, int number, int bytes) {
        return new Ioctl(name, ((long) direction << 30) | ((long) bytes << 16) | ((long) type << 8) | number);
    }

    @Override
    public String toString() {
        return name;
    }
}
