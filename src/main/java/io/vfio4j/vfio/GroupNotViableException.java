package io.vfio4j.vfio;

import java.io.IOException;

/** A group has a device that a driver of the host still uses, so that none of its devices can be given away. */
public final class GroupNotViableException extends IOException {
    private static final long serialVersionUID = 1L;

    GroupNotViableException(int group, String devices) {
        super("VFIO group " + group + " is not viable: every device in it has to be bound to a VFIO driver, or to none."
                + " Its devices: " + devices + ".");
    }
}
