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

    private long[] times;
    private long[] orders;
    private int[] slots;
    private int[] places;
    private int size;
    private long scheduled;

    /**
     * Makes an empty queue.
     *
     * @param slots how many slots there are at first
     */
    public EventHeap(int slots) {
        times = new long[slots];
        orders = new long[slots];
        this.slots = new int[slots];
        places = new int[slots];
        Arrays.fill(places, ABSENT);
    }

    /**
     * How many things are going to happen.
     *
     * @return the number of slots in use
     */
    public int size() {
        return size;
    }

    /**
     * When the next thing happens.
     *
     * @return its time, or {@link #NEVER}
     */
    public long nextTime() {
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
     * @param slot which, 0 or more
     * @param time when
     */
    public void schedule(int slot, long time) {
        if (slot >= places.length) {
            grow(slot);
        }
        int place = places[slot];
        if (place == ABSENT) {
            up(size++, slot, time, scheduled++);
        } else if (time < times[place]) {
            up(place, slot, time, scheduled++);
        } else if (time > times[place]) {
            down(place, slot, time, scheduled++);
        }
    }

    /**
     * Forgets a thing, if it is scheduled.
     *
     * @param slot which
     */
    public void cancel(int slot) {
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
        if (size == 0) {
            throw new IllegalStateException("nothing is going to happen");
        }
        int slot = slots[0];
        remove(0);
        return slot;
    }

    private void remove(int place) {
        places[slots[place]] = ABSENT;
        size--;
        if (place == size) {
            return;
        }
        int slot = slots[size];
        long time = times[size];
        long order = orders[size];
        if (place > 0 && comesBefore(time, order, parent(place))) {
            up(place, slot, time, order);
        } else {
            down(place, slot, time, order);
        }
    }

    private void up(int from, int slot, long time, long order) {
        int place = from;
        while (place > 0) {
            int parent = parent(place);
            if (!comesBefore(time, order, parent)) {
                break;
            }
            move(parent, place);
            place = parent;
        }
        put(place, slot, time, order);
    }

    private void down(int from, int slot, long time, long order) {
        int place = from;
        while (true) {
            int first = (place << DEGREE_SHIFT) + 1;
            if (first >= size) {
                break;
            }
            int end = Math.min(first + (1 << DEGREE_SHIFT), size);
            int least = first;
            for (int child = first + 1; child < end; child++) {
                if (comesBefore(times[child], orders[child], least)) {
                    least = child;
                }
            }
            if (comesBefore(time, order, least)) {
                break;
            }
            move(least, place);
            place = least;
        }
        put(place, slot, time, order);
    }

    private static int parent(int place) {
        return (place - 1) >> DEGREE_SHIFT;
    }

    private boolean comesBefore(long time, long order, int place) {
        return time < times[place] || time == times[place] && order < orders[place];
    }

    private void move(int from, int to) {
        put(to, slots[from], times[from], orders[from]);
    }

    private void put(int place, int slot, long time, long order) {
        slots[place] = slot;
        times[place] = time;
        orders[place] = order;
        places[slot] = place;
    }

    private void grow(int slot) {
        int before = places.length;
        int length = Math.max(slot + 1, 2 * before);
        times = Arrays.copyOf(times, length);
        orders = Arrays.copyOf(orders, length);
        slots = Arrays.copyOf(slots, length);
        places = Arrays.copyOf(places, length);
        Arrays.fill(places, before, length, ABSENT);
    }
}
