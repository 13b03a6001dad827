package io.vfio4j.frontend.rfb;

import java.util.Arrays;

/** The colours of a rectangle, numbered as they were met, up to a limit. */
final class Palette {
    /** What an index of a byte can name. */
    static final int MOST = 256;

    /** Four times as many places as colours, so that a search mostly ends where it begins. */
    private static final int PLACES_BITS = 10;

    private static final int PLACES = 1 << PLACES_BITS;
    /** The golden ratio's fraction of 2^32 spreads neighbours (Knuth, The Art of Computer Programming, 6.4). */
    private static final int SPREAD = 0x9e3779b1;

    private final int[] colours = new int[MOST];
    /** One more than the number of the colour that is there; 0 where there is none. */
    private final short[] places = new short[PLACES];

    private int size;

    void clear() {
        if (size > 0) {
            Arrays.fill(places, (short) 0);
            size = 0;
        }
    }

    int size() {
        return size;
    }

    /** The colour of a number. */
    int colour(int index) {
        return colours[index];
    }

    int[] colours() {
        return colours;
    }

    /**
     * Learns a colour, if it does not know it.
     *
     * @return false where it would be one more than {@code most}
     */
    boolean add(int colour, int most) {
        int place = colour * SPREAD >>> 32 - PLACES_BITS;
        while (places[place] != 0) {
            if (colours[places[place] - 1] == colour) {
                return true;
            }
            place = place + 1 & PLACES - 1;
        }
        if (size == most) {
            return false;
        }
        colours[size++] = colour;
        places[place] = (short) size;
        return true;
    }

    /**
     * Learns all colours of a rectangle.
     *
     * @return false where there are more than {@code most}
     */
    boolean learn(int[] values, int count, int most) {
        clear();
        int last = values[0];
        add(last, most);
        for (int i = 1; i < count; i++) {
            int value = values[i];
            if (value != last) {
                last = value;
                if (!add(value, most)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** The number of a colour that it knows. */
    int indexOf(int colour) {
        int place = colour * SPREAD >>> 32 - PLACES_BITS;
        while (colours[places[place] - 1] != colour) {
            place = place + 1 & PLACES - 1;
        }
        return places[place] - 1;
    }
}
