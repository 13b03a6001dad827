package io.vfio4j.emulator.vcpu;

import io.vfio4j.emulator.event.EventHeap;
import io.vfio4j.emulator.vcpu.Cpu.Mode;
import io.vfio4j.emulator.vcpu.Cpu.Then;
import io.vfio4j.emulator.vcpu.Outcome.Bucket;
import io.vfio4j.emulator.vcpu.Outcome.Filter;
import io.vfio4j.emulator.vcpu.RunQueue.Arrival;
import io.vfio4j.emulator.vcpu.Vcpu.Place;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The host: its processors, who runs on them, and KVM. Each processor has one event at a time, when something comes to an end on it by
 * itself, and its tick. What one processor does to another changes the other's state and when that one's next event is, nothing else;
 * so nothing ever recurs.
 */
final class Host {
    /** What is traced of a tick. */
    private static final int TICK = 255;

    final Costs costs;
    final SimulationListener listener;
    /** Stands for no vCPU. */
    final Vcpu nobody;

    long now;

    private final Setup setup;
    private final boolean posted;
    private final boolean pauseExits;
    private final long tickNanos;
    private final LivelockGuard guard;
    private final EventHeap heap;
    private final Guest[] guests;
    private final Vcpu[] vcpus;
    private final Cpu[] cpus;
    private final DirectedYield directedYield;
    private final DirectedYield.Counters yields = new DirectedYield.Counters();
    private int idle;
    /** How many vCPUs want each processor: what is looked through often is kept together. */
    private final int[] runnable;

    private final long[] bucketNanos = new long[Bucket.values().length];
    private long honoured;
    private long exitsForPause;
    private long events;
    private long traceHash;
    private long measuredSince;

    Host(Setup setup, SimulationListener listener, LivelockGuard guard) {
        this.setup = setup;
        this.listener = listener;
        this.guard = guard;
        costs = setup.costs();
        posted = setup.postedInterrupts();
        pauseExits = setup.boost() != Boost.NONE;
        tickNanos = setup.host().tickNanos();
        directedYield = DirectedYield.of(setup);
        SplittableRandom random = new SplittableRandom(setup.seed());
        nobody = new Vcpu(RunQueue.NOBODY, null, RunQueue.NOBODY, random, 0);
        guests = new Guest[setup.machines().size()];
        vcpus = new Vcpu[setup.vcpus()];
        int task = 0;
        for (int i = 0; i < guests.length; i++) {
            guests[i] = new Guest(i, setup, this, task, random);
            System.arraycopy(guests[i].vcpus, 0, vcpus, task, guests[i].vcpus.length);
            task += guests[i].vcpus.length;
        }
        HostTasks tasks = new HostTasks(vcpus.length);
        cpus = new Cpu[setup.host().cpus()];
        heap = new EventHeap(2 * cpus.length);
        for (int i = 0; i < cpus.length; i++) {
            cpus[i] = new Cpu(i, RunQueue.of(setup.host(), tasks), random.nextLong(tickNanos), nobody);
        }
        runnable = new int[cpus.length];
        idle = cpus.length;
        begin(random);
    }

    /** The vCPUs are dealt out to the processors in turn, and begin in a random order. */
    private void begin(SplittableRandom random) {
        int[] order = new int[vcpus.length];
        for (int i = 0; i < order.length; i++) {
            int other = random.nextInt(i + 1);
            order[i] = order[other];
            order[other] = i;
        }
        for (int task : order) {
            Vcpu vcpu = vcpus[task];
            vcpu.cpu = cpus[task % cpus.length];
            enqueue(vcpu.cpu, task, Arrival.NEW);
        }
        for (Cpu cpu : cpus) {
            if (runnable[cpu.id] > 0) {
                schedule(cpu);
            }
        }
    }

    private void enqueue(Cpu cpu, int task, Arrival how) {
        cpu.queue.enqueue(task, how, now);
        runnable[cpu.id]++;
    }

    private void dequeue(Cpu cpu, int task, boolean moves) {
        cpu.queue.dequeue(task, moves, now);
        runnable[cpu.id]--;
    }

    // What happens.

    void runTo(long nanos) {
        int processors = cpus.length;
        while (heap.nextTime() <= nanos) {
            now = heap.nextTime();
            int slot = heap.take();
            events++;
            guard.count();
            if (slot < processors) {
                Cpu cpu = cpus[slot];
                trace(cpu, cpu.mode.ordinal() << 4 | cpu.then.ordinal());
                happen(cpu);
            } else {
                Cpu cpu = cpus[slot - processors];
                trace(cpu, TICK);
                tick(cpu);
            }
            if (guard.isExhausted(now)) {
                throw new LivelockException(state());
            }
        }
        now = Math.max(now, nanos);
    }

    private void trace(Cpu cpu, int kind) {
        traceHash = (traceHash ^ now) * 0x9E3779B97F4A7C15L;
        traceHash = (Long.rotateLeft(traceHash, 29) ^ ((long) cpu.id << 40) + ((long) cpu.current.task << 8) + kind)
                * 0xBF58476D1CE4E5B9L;
    }

    private void happen(Cpu cpu) {
        elapse(cpu);
        switch (cpu.mode) {
            case SWITCH -> switchedTo(cpu);
            case HOST -> goOn(cpu);
            case GUEST -> run(cpu);
            case IDLE -> {}
        }
    }

    private void tick(Cpu cpu) {
        heap.schedule(cpus.length + cpu.id, now + tickNanos);
        elapse(cpu);
        if (cpu.queue.tick(now)) {
            rescheduleSoon(cpu);
        }
    }

    private void startTicks(Cpu cpu) {
        heap.schedule(cpus.length + cpu.id, now + tickNanos - Math.floorMod(now - cpu.tickPhase, tickNanos));
    }

    /** Accounts for what a processor has done up to now. */
    private void elapse(Cpu cpu) {
        long elapsed = now - cpu.from;
        if (elapsed == 0) {
            return;
        }
        cpu.from = now;
        bucketNanos[cpu.bucket.ordinal()] += elapsed;
        if (cpu.mode == Mode.IDLE) {
            return;
        }
        Vcpu vcpu = cpu.current;
        vcpu.guest.processorNanos += elapsed;
        if (cpu.mode == Mode.GUEST) {
            advance(vcpu, elapsed);
        }
    }

    private void advance(Vcpu vcpu, long elapsed) {
        if (vcpu.handling != 0) {
            vcpu.handlerLeft -= elapsed;
            progressed();
        } else if (vcpu.doing.isWork()) {
            if (vcpu.left != Vcpu.FOREVER) {
                vcpu.left -= elapsed;
            }
            progressed();
        } else if (vcpu.granted) {
            vcpu.left -= elapsed;
        } else {
            vcpu.pauseLeft -= elapsed;
            vcpu.thresholdLeft -= elapsed;
        }
    }

    void progressed() {
        guard.progressed(now);
    }

    // The guest runs.

    private void enter(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        cpu.mode = Mode.GUEST;
        cpu.exitAsked = false;
        // After an entry the first PAUSE begins a new loop.
        vcpu.pauseLeft = vcpu.pauseWindow;
        if (vcpu.fresh) {
            vcpu.fresh = false;
            vcpu.stayUntil = now + costs.leastStay();
        }
        if (vcpu.pending != 0 && vcpu.takesInterrupts()) {
            vcpu.guest.beginHandler(vcpu);
        }
        run(cpu);
    }

    /** Lets the guest get as far as it does without time passing. */
    private void run(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        while (step(cpu, vcpu)) {
            if (cpu.mode != Mode.GUEST) {
                return;
            }
        }
        if (pauseExits && vcpu.pauseLeft <= 0 && vcpu.spins()) {
            exitsForPause++;
            vcpu.pauseWindow = PauseWindow.grown(setup.pause(), vcpu.pauseWindow);
            leave(cpu, costs.exit(), Then.SEARCH);
        } else if (cpu.queue.needsReschedule() && now >= vcpu.stayUntil) {
            leave(cpu, costs.exit(), Then.SWITCH);
        } else if (cpu.exitAsked || vcpu.pending != 0 && vcpu.takesInterrupts()) {
            leave(cpu, costs.exit(), Then.ENTER);
        } else {
            await(cpu);
        }
    }

    /** Whether something came to its end, so that the next thing begins. */
    private boolean step(Cpu cpu, Vcpu vcpu) {
        if (vcpu.handling != 0) {
            if (vcpu.handlerLeft > 0) {
                return false;
            }
            vcpu.guest.endHandler(vcpu);
            return true;
        }
        if (vcpu.pending != 0 && !vcpu.interruptsOff) {
            if (posted) {
                vcpu.guest.beginHandler(vcpu);
            }
            return posted;
        }
        switch (vcpu.doing) {
            case USER, KERNEL -> {
                if (vcpu.left > 0) {
                    return false;
                }
                vcpu.guest.next(vcpu);
            }
            case HOLD -> {
                if (vcpu.left > 0) {
                    return false;
                }
                vcpu.guest.unlock(vcpu);
            }
            case LOCK_SPIN -> {
                return vcpu.guest.lock().look(vcpu);
            }
            case CALL_SPIN -> {
                if (vcpu.unanswered > 0) {
                    return false;
                }
                vcpu.guest.next(vcpu);
            }
            case HALTED -> vcpu.guest.next(vcpu);
            case LOCK_HALTED -> vcpu.guest.lock().resume(vcpu);
        }
        return true;
    }

    /** Schedules what the guest comes to next by itself. */
    private void await(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        long wait;
        if (vcpu.handling != 0) {
            cpu.bucket = Bucket.INTERRUPT;
            wait = vcpu.handlerLeft;
        } else {
            switch (vcpu.doing) {
                case USER -> {
                    cpu.bucket = Bucket.USER;
                    wait = vcpu.left;
                }
                case LOCK_SPIN -> {
                    cpu.bucket = Bucket.LOCK_SPIN;
                    wait = vcpu.granted
                            ? vcpu.left
                            : Math.min(untilPause(vcpu), vcpu.guest.lock().untilHalt(vcpu));
                }
                case CALL_SPIN -> {
                    cpu.bucket = Bucket.CALL_SPIN;
                    wait = untilPause(vcpu);
                }
                default -> {
                    cpu.bucket = Bucket.KERNEL;
                    wait = vcpu.left;
                }
            }
        }
        if (cpu.queue.needsReschedule()) {
            wait = Math.min(wait, Math.max(0, vcpu.stayUntil - now));
        }
        if (wait == Vcpu.FOREVER) {
            heap.cancel(cpu.id);
        } else {
            heap.schedule(cpu.id, now + Math.max(0, wait));
        }
    }

    private long untilPause(Vcpu vcpu) {
        return pauseExits ? vcpu.pauseLeft : Vcpu.FOREVER;
    }

    /** What another vCPU did may let this one go on: it looks at once, if it runs. */
    void notice(Vcpu vcpu) {
        if (vcpu.isInGuest()) {
            heap.schedule(vcpu.cpu.id, now);
        }
    }

    /** Before a waiting vCPU's state is changed from outside. */
    void settle(Vcpu vcpu) {
        if (vcpu.isInGuest()) {
            elapse(vcpu.cpu);
        }
    }

    /** After it was changed. */
    void review(Vcpu vcpu) {
        if (vcpu.isInGuest()) {
            await(vcpu.cpu);
        }
    }

    // KVM.

    private void leave(Cpu cpu, long cost, Then then) {
        cpu.mode = Mode.HOST;
        cpu.bucket = Bucket.EXIT;
        cpu.then = then;
        heap.schedule(cpu.id, now + cost);
    }

    private void goOn(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        switch (cpu.then) {
            case ENTER -> enterOrSwitch(cpu);
            case SEARCH -> search(cpu);
            case SWITCH -> schedule(cpu);
            case HALT -> halted(cpu);
            case BLOCK -> block(cpu);
            case SEND_INTERRUPTS -> afterWakeUps(cpu, vcpu.guest.deliver(vcpu));
            case KICK -> afterWakeUps(cpu, arriveKick(vcpu.kicks) ? 1 : 0);
        }
    }

    private void afterWakeUps(Cpu cpu, int woken) {
        if (woken > 0) {
            leave(cpu, woken * costs.wakeUp(), Then.ENTER);
        } else {
            enterOrSwitch(cpu);
        }
    }

    private void enterOrSwitch(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        cpu.polling = false;
        if (cpu.queue.needsReschedule() && !vcpu.fresh && now >= vcpu.stayUntil) {
            schedule(cpu);
        } else {
            enter(cpu);
        }
    }

    /** A vCPU spins: kvm_vcpu_on_spin(). It spins in its kernel. */
    private void search(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        long scanned = yields.scanned;
        long attempted = yields.attempted;
        int target = directedYield.onSpin(vcpu.guest.kvm, vcpu.index, true, vcpu.guest, yields);
        vcpu.yielding = target != RunQueue.NOBODY;
        long cost = (yields.scanned - scanned) * costs.scan() + (yields.attempted - attempted) * costs.yield();
        leave(cpu, cost, vcpu.yielding ? Then.SWITCH : Then.ENTER);
    }

    int yieldTo(Vcpu vcpu, Vcpu target) {
        int answer = YieldTo.yield(vcpu.cpu.queue, target.cpu.queue, target.task, now);
        if (answer == YieldTo.YIELDED && target.cpu != vcpu.cpu) {
            rescheduleSoon(target.cpu);
        }
        return answer;
    }

    /** HLT. */
    void halt(Vcpu vcpu) {
        leave(vcpu.cpu, costs.exit(), Then.HALT);
    }

    private void halted(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        if (vcpu.hasWork()) {
            enterOrSwitch(cpu);
            return;
        }
        vcpu.haltedSince = now;
        vcpu.justBlocked = true;
        if (vcpu.pollNanos > 0 && runnable[cpu.id] == 1) {
            cpu.polling = true;
            leave(cpu, vcpu.pollNanos, Then.BLOCK);
        } else {
            block(cpu);
        }
    }

    private void block(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        cpu.polling = false;
        vcpu.place = Place.BLOCKED;
        dequeue(cpu, vcpu.task, false);
        vcpu.guest.kvm.block(vcpu.index);
        vcpu.guest.kvm.schedOut(vcpu.index, false, vcpu.inKernel());
        vcpu.guest.stopped(vcpu);
        cpu.current = nobody;
        schedule(cpu);
    }

    /** How long a vCPU's processor waits at the next halt: the end of kvm_vcpu_halt(), when the vCPU has a processor again. */
    private void adaptPolling(Vcpu vcpu) {
        long most = setup.host().haltPollNanos();
        long halted = now - vcpu.haltedSince;
        if (halted <= vcpu.pollNanos || most == 0) {
            return;
        }
        if (halted > most) {
            vcpu.pollNanos = 0;
        } else {
            vcpu.pollNanos = Math.min(most, Math.max(10_000, 2 * vcpu.pollNanos));
        }
    }

    /** Interrupts go out to others: one exit for all. */
    void sendInterrupts(Vcpu vcpu) {
        leave(vcpu.cpu, costs.ipiSend() + vcpu.sendCount * costs.ipiTarget(), Then.SEND_INTERRUPTS);
    }

    /** The hypercall that wakes a waiter of a lock. */
    void kick(Vcpu vcpu, Vcpu target) {
        vcpu.kicks = target;
        leave(vcpu.cpu, costs.exit(), Then.KICK);
    }

    private boolean arriveKick(Vcpu vcpu) {
        vcpu.unhalted = true;
        return arouse(vcpu);
    }

    /**
     * An interrupt arrives.
     *
     * @return whether a vCPU was woken
     */
    boolean post(Vcpu vcpu, int vector) {
        vcpu.pending |= vector;
        if (vcpu.isInGuest()) {
            if (!posted) {
                vcpu.cpu.exitAsked = true;
            }
            if (!posted || vcpu.takesInterrupts()) {
                notice(vcpu);
            }
            return false;
        }
        return arouse(vcpu);
    }

    /** Ends a vCPU's HLT, if there is a reason to. Whether it was woken. */
    private boolean arouse(Vcpu vcpu) {
        if (!vcpu.hasWork()) {
            return false;
        }
        if (vcpu.place == Place.BLOCKED) {
            return wake(vcpu);
        }
        if (vcpu.place == Place.RUNNING && vcpu.cpu.polling) {
            vcpu.justBlocked = false;
            vcpu.cpu.polling = false;
            leave(vcpu.cpu, 0, Then.ENTER);
        }
        return false;
    }

    private boolean wake(Vcpu vcpu) {
        if (!WakeUp.wake(setup.wakeUp(), setup.boost(), vcpu.guest.kvm, vcpu.index)) {
            return false;
        }
        vcpu.justBlocked = false;
        vcpu.wasWoken = true;
        vcpu.waitingSince = now;
        arrive(placeFor(vcpu), vcpu, Arrival.WOKEN);
        return true;
    }

    // The scheduler.

    /** Where a woken vCPU goes: its last processor if that idles, else the next that does, else its last. */
    private Cpu placeFor(Vcpu vcpu) {
        Cpu last = vcpu.cpu;
        if (idle == 0 || last.mode == Mode.IDLE) {
            return last;
        }
        for (int i = last.id + 1; i < cpus.length; i++) {
            if (cpus[i].mode == Mode.IDLE) {
                return cpus[i];
            }
        }
        for (int i = 0; i < last.id; i++) {
            if (cpus[i].mode == Mode.IDLE) {
                return cpus[i];
            }
        }
        return last;
    }

    private void arrive(Cpu cpu, Vcpu vcpu, Arrival how) {
        vcpu.place = Place.READY;
        vcpu.cpu = cpu;
        enqueue(cpu, vcpu.task, how);
        if (cpu.mode == Mode.IDLE) {
            schedule(cpu);
            return;
        }
        if (cpu.polling) {
            leave(cpu, 0, Then.BLOCK);
        }
        if (cpu.queue.preempts(vcpu.task, now)) {
            rescheduleSoon(cpu);
        }
    }

    /** A processor's vCPU is to be descheduled. If the guest runs, it is interrupted for it; if the host runs, that sees to it. */
    private void rescheduleSoon(Cpu cpu) {
        if (cpu.mode == Mode.GUEST) {
            elapse(cpu);
            await(cpu);
        }
    }

    /** schedule(): takes the next vCPU. */
    private void schedule(Cpu cpu) {
        elapse(cpu);
        RunQueue queue = cpu.queue;
        int hinted = queue.hinted();
        int next = queue.pickNext(now);
        if (next == RunQueue.NOBODY) {
            pull(cpu);
            next = queue.pickNext(now);
            if (next == RunQueue.NOBODY) {
                beIdle(cpu);
                return;
            }
        }
        if (next == hinted) {
            honoured++;
        }
        Vcpu before = cpu.current;
        if (next == before.task) {
            returned(before);
            enter(cpu);
            return;
        }
        if (before != nobody) {
            before.place = Place.READY;
            before.waitingSince = now;
            before.guest.kvm.schedOut(before.index, true, before.inKernel());
            before.guest.stopped(before);
        }
        switchTo(cpu, vcpus[next]);
    }

    private void switchTo(Cpu cpu, Vcpu vcpu) {
        if (cpu.mode == Mode.IDLE) {
            if (idle == cpus.length) {
                progressed();
            }
            idle--;
            startTicks(cpu);
        }
        vcpu.place = Place.RUNNING;
        vcpu.cpu = cpu;
        vcpu.fresh = true;
        cpu.current = vcpu;
        cpu.mode = Mode.SWITCH;
        cpu.bucket = Bucket.SWITCH;
        heap.schedule(cpu.id, now + costs.contextSwitch());
    }

    private void switchedTo(Cpu cpu) {
        Vcpu vcpu = cpu.current;
        vcpu.guest.kvm.schedIn(vcpu.index);
        vcpu.pauseWindow = PauseWindow.atEntry(setup.pause());
        returned(vcpu);
        if (vcpu.waitingSince >= 0) {
            listener.onScheduled(vcpu.guest.number, vcpu.index, vcpu.wasWoken, now - vcpu.waitingSince);
        }
        if (vcpu.wasWoken) {
            vcpu.wasWoken = false;
            adaptPolling(vcpu);
        }
        enterOrSwitch(cpu);
    }

    private void returned(Vcpu vcpu) {
        if (vcpu.yielding) {
            vcpu.yielding = false;
            directedYield.returned(vcpu.guest.kvm, vcpu.index);
        }
    }

    private void beIdle(Cpu cpu) {
        if (cpu.mode != Mode.IDLE) {
            idle++;
            heap.cancel(cpu.id);
            heap.cancel(cpus.length + cpu.id);
        }
        cpu.current = nobody;
        cpu.mode = Mode.IDLE;
        cpu.bucket = Bucket.IDLE;
    }

    /** A processor with nothing to do takes a vCPU from where most of them wait: newidle_balance(). */
    private void pull(Cpu cpu) {
        int busiest = cpu.id;
        int most = 1;
        for (int i = 0; i < runnable.length; i++) {
            if (runnable[i] > most) {
                most = runnable[i];
                busiest = i;
            }
        }
        int task = most == 1 ? RunQueue.NOBODY : cpus[busiest].queue.pullable(now);
        if (task != RunQueue.NOBODY) {
            dequeue(cpus[busiest], task, true);
            vcpus[task].cpu = cpu;
            enqueue(cpu, task, Arrival.MOVED);
        }
    }

    // From outside.

    void postExternal(int machine, int vcpu) {
        Bounds.check("machine", machine, 0, guests.length - 1L);
        Bounds.check("vcpu", vcpu, 0, guests[machine].vcpus.length - 1L);
        guests[machine].postExternal(guests[machine].vcpus[vcpu]);
    }

    void clear() {
        settleAll();
        Arrays.fill(bucketNanos, 0);
        for (Guest guest : guests) {
            guest.clear();
        }
        yields.clear();
        honoured = 0;
        exitsForPause = 0;
        events = 0;
        measuredSince = now;
    }

    private void settleAll() {
        for (Cpu cpu : cpus) {
            elapse(cpu);
        }
    }

    Outcome outcome() {
        settleAll();
        List<Outcome.Machine> machines =
                Arrays.stream(guests).map(Guest::counted).toList();
        Map<Bucket, Long> nanos = new EnumMap<>(Bucket.class);
        for (Bucket bucket : Bucket.values()) {
            nanos.put(bucket, bucketNanos[bucket.ordinal()]);
        }
        Map<Filter, Long> rejected = new EnumMap<>(Filter.class);
        for (Filter filter : Filter.values()) {
            rejected.put(filter, yields.rejected[filter.ordinal()]);
        }
        Outcome.Yields counted = new Outcome.Yields(
                yields.attempted,
                yields.refused,
                yields.alone,
                yields.successful,
                yields.toWoken,
                yields.toWanted,
                honoured,
                rejected);
        return new Outcome(now - measuredSince, machines, nanos, counted, exitsForPause, events, traceHash);
    }

    private String state() {
        StringBuilder text = new StringBuilder("no guest got anything done in the last ")
                .append(guard.eventsWithoutProgress())
                .append(" events, since ")
                .append(guard.lastProgress())
                .append(" ns; at ")
                .append(now)
                .append(" ns:");
        for (Cpu cpu : cpus) {
            text.append("\n  ").append(cpu);
        }
        for (Vcpu vcpu : vcpus) {
            text.append("\n  ").append(vcpu);
        }
        return text.toString();
    }
}
