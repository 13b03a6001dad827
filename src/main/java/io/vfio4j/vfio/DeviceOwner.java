package io.vfio4j.vfio;

import io.vfio4j.linux.LinuxException;

/**
 * Who has opened a device that is shared with us, and whether he is still there. When he has gone, the device should be closed: until
 * then its group stays busy, so that he cannot begin anew.
 *
 * <p>Any thread may call.
 */
public interface DeviceOwner extends AutoCloseable {

    /**
     * Who it is, for people.
     *
     * @return for example {@code process 4711 (qemu-system-x86)}
     */
    String description();

    /**
     * Whether he has gone, or has given the device up. Does not wait.
     *
     * @return once true, always so
     * @throws LinuxException what the kernel says
     */
    boolean isGone() throws LinuxException;

    /** Lets go of what tells. Done by the device when it is closed. */
    @Override
    void close();
}
