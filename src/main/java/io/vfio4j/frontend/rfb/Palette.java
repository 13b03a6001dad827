package io.vfio4j.frontend.rfb;

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
    /** A colour in the upper half, one more than its number in the lower; 0 where there is none: one look tells. */
    private final long[] places = new long[PLACES];
    /** Where each colour is. */
    private final short[] placesOf = new short[MOST];

    private int size;

    void clear() {
        for (int i = 0; i < size; i++) {
            places[placesOf[i]] = 0;
        }
        size = 0;
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
        return number(colour, most) >= 0;
    }

    /** The number of a colour, which it may have learnt just now; -1 where it would be one more than {@code most}. */
    private int number(int colour, int most) {
        int place = colour * SPREAD >>> 32 - PLACES_BITS;
        long there = places[place];
        while (there != 0) {
            if ((int) (there >>> Integer.SIZE) == colour) {
                return (int) there - 1;
            }
            place = place + 1 & PLACES - 1;
            there = places[place];
        }
        if (size == most) {
            return -1;
        }
        colours[size] = colour;
        placesOf[size] = (short) place;
        places[place] = (long) colour << Integer.SIZE | ++size;
        return size - 1;
    }

    /**
     * Learns all colours of a rectangle, and numbers its pixels.
     *
     * @param indexes gets the number of each pixel's colour; as far as it came, where there are too many
     * @return false where there are more than {@link #MOST}
     */
    boolean learn(int[] values, int count, byte[] indexes) {
        clear();
        // Text and edges go back and forth between two colours.
        int last = values[0];
        int index = number(last, MOST);
        int other = last;
        int otherIndex = index;
        for (int i = 0; i < count; i++) {
            int value = values[i];
            if (value != last) {
                int before = last;
                int beforeIndex = index;
                if (value == other) {
                    index = otherIndex;
                } else {
                    index = number(value, MOST);
                    if (index < 0) {
                        return false;
                    }
                }
                last = value;
                other = before;
                otherIndex = beforeIndex;
            }
            indexes[i] = (byte) index;
        }
        return true;
    }

    /** The number of a colour that it knows. */
    int indexOf(int colour) {
        int place = colour * SPREAD >>> 32 - PLACES_BITS;
        while ((int) (places[place] >>> Integer.SIZE) != colour || places[place] == 0) {
            place = place + 1 & PLACES - 1;
        }
        return (int) places[place] - 1;
    }
}
