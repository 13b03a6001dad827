package io.vfio4j.display.pixels;

import io.vfio4j.vfio.PlaneType;

/** Who can tell whether the guest flipped between two moments. Any thread may ask. */
public interface Witness {
    /** Knows nothing. */
    Witness NONE = new Witness() {
        @Override
        public long begin(PlaneType plane) {
            return 0;
        }

        @Override
        public Evidence end(PlaneType plane, long begun) {
            return Evidence.NO_IRQ;
        }
    };

    /**
     * The first moment. May wait for a short and bounded time.
     *
     * @param plane the plane that is about to be read
     * @return to be handed to {@link #end}
     */
    long begin(PlaneType plane);

    /**
     * The second moment. May wait for a short and bounded time.
     *
     * @param plane the plane that was read
     * @param begun what {@link #begin} returned
     * @return what is known of the time in between, leaving aside what the driver says of the plane
     */
    Evidence end(PlaneType plane, long begun);
}
