package io.vfio4j.mdev;

import io.vfio4j.proc.Holders;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;

/** A device is not removed, or not yet, because somebody has it open. */
public final class DeviceInUseException extends IOException {
    private static final long serialVersionUID = 1L;

    private final Holders holders;
    private final boolean removalBegun;

    private DeviceInUseException(String message, Holders holders, boolean removalBegun) {
        super(message);
        this.holders = holders;
        this.removalBegun = removalBegun;
    }

    static DeviceInUseException byOthers(UUID uuid, Use use) {
        return new DeviceInUseException(
                "The mediated device " + uuid + " is in use: " + users(use.holders())
                        + " Close it there, or force the removal, which then waits until it is closed.",
                use.holders(),
                false);
    }

    static DeviceInUseException bySelf(UUID uuid, Use use) {
        return new DeviceInUseException(
                "This process has the mediated device " + uuid
                        + " open, as far as can be told. Close it first: its removal would wait for this very process.",
                use.holders(),
                false);
    }

    static DeviceInUseException stillAfter(Duration patience, UUID uuid, Holders holders) {
        return new DeviceInUseException(
                "The removal of the mediated device " + uuid
                        + " has begun, and goes on as soon as everybody has closed it; after " + seconds(patience)
                        + ": " + users(holders),
                holders,
                true);
    }

    private static String seconds(Duration patience) {
        return patience.toMillis() % 1000 == 0 ? patience.toSeconds() + " s" : patience.toMillis() + " ms";
    }

    private static String users(Holders holders) {
        String blindSpot = holders.blindSpot().map(sentence -> " " + sentence).orElse("");
        return switch (holders.list().size()) {
            case 0 -> "nobody who can be seen from here has its node open, but somebody has it." + blindSpot;
            case 1 -> "process " + holders.describe() + " has it open.";
            default -> "processes " + holders.describe() + " have it open.";
        };
    }

    /**
     * Who has it open.
     *
     * @return the processes that could be seen; possibly none
     */
    public Holders holders() {
        return holders;
    }

    /**
     * Whether the removal has begun, so that the device is off the bus and goes away when it is closed.
     *
     * @return false when nothing was done
     */
    public boolean removalBegun() {
        return removalBegun;
    }
}
