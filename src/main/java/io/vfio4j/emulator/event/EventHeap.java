package io.vfio4j.emulator.event;

import java.util.Arrays;

/**
 * What is going to happen, in order of time; of two things at the same time the one that was scheduled first comes first, so that the same
 * calls always give the same history. Each thing has a slot, a small number that its owner chooses, and is scheduled at most once at a
 * time; thus nothing outdated is ever in the queue. No call allocates, but where a slot is used that is higher than all before.
 * Not safe for use by several threads.
 */
public final class EventHeap {
    /** What {@link #nextTime} says when nothing is going to happen. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int ABSENT = -1;
    /** Children of a node: four are as quick to compare as to fetch, and halve the depth. */
    private static final int DEGREE_SHIFT = 2;

    /** A slot and the order in which it was scheduled are one number: fewer words to move. */
    private static final int SLOT_BITS = 20;

    private static final int MOST_SLOTS = 1 << SLOT_BITS;

    private long[] times;
    private long[] keys;
    private int[] places;
    private int size;
    private long scheduled;
    /** The first place is empty, because its event was taken: the next one to be scheduled, mostly by the same thing, falls in from there. */
    private boolean isFirstTaken;

    /**
     * Makes an empty queue.
     *
     * @param slots how many slots there are at first
     */
    public EventHeap(int slots) {
        times = new long[slots];
        keys = new long[slots];
        places = new int[slots];
        Arrays.fill(places, ABSENT);
    }

    /**
     * How many things are going to happen.
     *
     * @return the number of slots in use
     */
    public int size() {
        return isFirstTaken ? size - 1 : size;
    }

    /**
     * When the next thing happens.
     *
     * @return its time, or {@link #NEVER}
     */
    public long nextTime() {
        fillFirst();
        return size == 0 ? NEVER : times[0];
    }

    /**
     * When a thing happens.
     *
     * @param slot which
     * @return its time, or {@link #NEVER} if it is not scheduled
     */
    public long timeOf(int slot) {
        return slot < places.length && places[slot] != ABSENT ? times[places[slot]] : NEVER;
    }

    /**
     * Schedules a thing, or moves it to another time. It comes after all that is scheduled for this time already, unless that is its own
     * time already.
     *
     * @param slot which, 0 to 1,048,575
     * @param time when
     * @throws IllegalArgumentException if there is no such slot
     */
    public void schedule(int slot, long time) {
        if (slot >= places.length) {
            grow(slot);
        }
        if (isFirstTaken && places[slot] == ABSENT) {
            isFirstTaken = false;
            down(0, time, newKey(slot));
            return;
        }
        fillFirst();
        int place = places[slot];
        if (place == ABSENT) {
            up(size++, time, newKey(slot));
        } else if (time < times[place]) {
            up(place, time, newKey(slot));
        } else if (time > times[place]) {
            down(place, time, newKey(slot));
        }
    }

    private long newKey(int slot) {
        return scheduled++ << SLOT_BITS | slot;
    }

    private static int slotOf(long key) {
        return (int) key & MOST_SLOTS - 1;
    }

    /**
     * Forgets a thing, if it is scheduled.
     *
     * @param slot which
     */
    public void cancel(int slot) {
        fillFirst();
        if (slot < places.length && places[slot] != ABSENT) {
            remove(places[slot]);
        }
    }

    /**
     * Takes the next thing out.
     *
     * @return its slot
     * @throws IllegalStateException if nothing is going to happen
     */
    public int take() {
        fillFirst();
        if (size == 0) {
            throw new IllegalStateException("nothing is going to happen");
        }
        int slot = slotOf(keys[0]);
        places[slot] = ABSENT;
        isFirstTaken = true;
        return slot;
    }

    private void fillFirst() {
        if (isFirstTaken) {
            isFirstTaken = false;
            size--;
            if (size > 0) {
                down(0, times[size], keys[size]);
            }
        }
    }

    private void remove(int place) {
        places[slotOf(keys[place])] = ABSENT;
        size--;
        if (place == size) {
            return;
        }
        long time = times[size];
        long key = keys[size];
        if (place > 0 && comesBefore(time, key, parent(place))) {
            up(place, time, key);
        } else {
            down(place, time, key);
        }
    }

    private void up(int from, long time, long key) {
        int place = from;
        while (place > 0) {
            int parent = parent(place);
            if (!comesBefore(time, key, parent)) {
                break;
            }
            put(place, times[parent], keys[parent]);
            place = parent;
        }
        put(place, time, key);
    }

    private void down(int from, long time, long key) {
        int place = from;
        while (true) {
            int first = (place << DEGREE_SHIFT) + 1;
            if (first >= size) {
                break;
            }
            int end = Math.min(first + (1 << DEGREE_SHIFT), size);
            int least = first;
            long leastTime = times[first];
            for (int child = first + 1; child < end; child++) {
                long childTime = times[child];
                if (childTime < leastTime || childTime == leastTime && keys[child] < keys[least]) {
                    least = child;
                    leastTime = childTime;
                }
            }
            if (time < leastTime || time == leastTime && key < keys[least]) {
                break;
            }
            put(place, leastTime, keys[least]);
            place = least;
        }
        put(place, time, key);
    }

    private static int parent(int place) {
        return (place - 1) >> DEGREE_SHIFT;
    }

    private boolean comesBefore(long time, long key, int place) {
        return time < times[place] || time == times[place] && key < keys[place];
    }

    private void put(int place, long time, long key) {
        times[place] = time;
        keys[place] = key;
        places[slotOf(key)] = place;
    }

    private void grow(int slot) {
        if (slot >= MOST_SLOTS) {
            throw new IllegalArgumentException("no slot " + slot);
        }
        int before = places.length;
        int length = Math.max(slot + 1, 2 * before);
        times = Arrays.copyOf(times, length);
        keys = Arrays.copyOf(keys, length);
        places = Arrays.copyOf(places, length);
        Arrays.fill(places, before, length, ABSENT);
    }
}
