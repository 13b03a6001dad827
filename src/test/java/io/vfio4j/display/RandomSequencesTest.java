package io.vfio4j.display;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.emulator.EmulatedGuest;
import io.vfio4j.emulator.Pipe;
import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.SignalCounts;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.linux.ClosedException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Users and guests who do anything in any order, by a seed. One subscription is never paused: for it nothing may be lost, whatever
 * the others do. {@code -Dvfio4j.seed=N} repeats a run.
 */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RandomSequencesTest {
    private static final int ROUNDS = 25;
    private static final int OPERATIONS = 200;

    /** Somebody who listens in his own way, and stops to when it pleases him. */
    private static final class Member {
        final Notes notes = new Notes();
        final Queue<Runnable> tasks = new ArrayDeque<>();
        final Subscription subscription;
        boolean paused;
        boolean closed;
        int heardWhenQuiet = -1;

        Member(Display display, SplittableRandom random) {
            SubscriptionOptions how = switch (random.nextInt(4)) {
                case 0 -> SubscriptionOptions.DIRECT.on(tasks::add);
                case 1 -> SubscriptionOptions.DIRECT.withMinInterval(Duration.ofMillis(random.nextInt(200)));
                case 2 ->
                    SubscriptionOptions.DIRECT.on(tasks::add).withMinInterval(Duration.ofMillis(random.nextInt(50)));
                default -> SubscriptionOptions.DIRECT;
            };
            subscription = display.subscribe(notes, how);
        }

        void runTasks() {
            assertTrue(tasks.size() <= 1, "more than one task in flight");
            while (!tasks.isEmpty()) {
                tasks.remove().run();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"v2", "v3", "v4", "v5", "v6", "pageflip", "port", "port-display", "none", "mdpy"})
    void nothingIsLostAndNothingHarmsTheKernel(String dialect, TestReporter reporter) throws Exception {
        long first = Long.getLong("vfio4j.seed", 4_711L);
        reporter.publishEntry("seed", Long.toString(first));
        for (long seed = first; seed < first + ROUNDS; seed++) {
            try {
                round(dialect, new SplittableRandom(seed));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("-Dvfio4j.seed=" + seed + " with " + dialect, e);
            }
        }
    }

    private static void round(String dialect, SplittableRandom random) throws Exception {
        VgpuProfile profile = VgpuProfile.named(dialect);
        boolean sample = dialect.equals("mdpy");
        try (Stage stage = new Stage(sample ? profile : profile.withSize(128, 64))) {
            Display display = stage.attach();
            Notes constant = new Notes();
            display.subscribe(constant);
            stage.settle();
            List<Member> members = new ArrayList<>();
            SignalCounts before = stage.vgpu().signalled();
            boolean timed = false;
            for (int i = 0; i < OPERATIONS; i++) {
                switch (random.nextInt(12)) {
                    case 0 -> members.add(new Member(display, random));
                    case 1, 2 -> pauseOrResume(members, random);
                    case 3 -> close(members, random);
                    case 4 -> timed |= switchPolicy(display, random);
                    case 5, 6, 7 -> act(stage.vgpu().guest(), random, sample);
                    case 8 -> members.forEach(Member::runTasks);
                    case 9 -> stage.settle();
                    default -> stage.pass(Duration.ofNanos(random.nextLong(1, 120_000_000)));
                }
            }
            display.setPolicy(RefreshPolicy.AUTO);
            stage.settle();
            stage.vgpu().guest().flip();
            stage.passMillis(100);
            display.close();
            members.forEach(Member::runTasks);
            stage.settle();
            members.forEach(Member::runTasks);
            verify(stage, display, constant, members, before, timed);
        }
    }

    private static void pauseOrResume(List<Member> members, SplittableRandom random) {
        if (!members.isEmpty()) {
            Member member = members.get(random.nextInt(members.size()));
            member.paused = !member.paused;
            if (member.paused) {
                member.subscription.pause();
            } else {
                member.subscription.resume();
            }
        }
    }

    private static void close(List<Member> members, SplittableRandom random) {
        if (!members.isEmpty()) {
            Member member = members.get(random.nextInt(members.size()));
            member.subscription.close();
            if (!member.closed) {
                member.closed = true;
                member.heardWhenQuiet = member.notes.all.size();
            }
        }
    }

    private static boolean switchPolicy(Display display, SplittableRandom random) throws Exception {
        RefreshPolicy policy = switch (random.nextInt(4)) {
            case 0 -> RefreshPolicy.TIMER;
            case 1 -> RefreshPolicy.timer(Duration.ofMillis(random.nextInt(1, 100)));
            default -> RefreshPolicy.AUTO;
        };
        display.setPolicy(policy);
        return !policy.equals(RefreshPolicy.AUTO);
    }

    private static void act(EmulatedGuest guest, SplittableRandom random, boolean sample) {
        switch (random.nextInt(8)) {
            case 0 -> guest.run(Scenario.values()[random.nextInt(Scenario.values().length - 3)]);
            case 1 -> guest.stop();
            case 2 -> guest.flipAsync(Pipe.A);
            case 3 -> guest.cursor();
            case 4 -> guest.pipe(Pipe.values()[random.nextInt(3)], random.nextBoolean());
            case 5 -> {
                if (!sample) {
                    guest.setMode(64 + random.nextInt(64), 64);
                }
            }
            default -> guest.flip();
        }
    }

    private static void verify(
            Stage stage, Display display, Notes constant, List<Member> members, SignalCounts before, boolean timed) {
        constant.assertNothingLost();
        assertEquals(1, constant.closes.size());
        assertEquals("closed", constant.all.get(constant.all.size() - 1));
        SignalCounts driver = stage.vgpu().signalled();
        boolean droppable = timed && stage.vgpu().profile().name().equals("v2");
        boolean counted = constant.from(RefreshSource.IRQ).stream()
                .allMatch(event -> event.signals().isPresent());
        if (counted && !droppable) {
            boolean planes = List.of("v2", "v4", "v5", "v6")
                    .contains(stage.vgpu().profile().name());
            long signalled = planes
                    ? driver.primary() + driver.cursor() - before.primary() - before.cursor()
                    : driver.calls() - before.calls();
            long heard = constant.from(RefreshSource.IRQ).stream()
                    .mapToLong(event -> event.signals().orElseThrow())
                    .sum();
            // Between arming and masking a display irq that was switched to may signal: that is dropped.
            assertTrue(
                    heard <= signalled && signalled - heard <= display.stats().dropped(), heard + " of " + signalled);
        }
        for (Member member : members) {
            if (member.closed) {
                assertEquals(member.heardWhenQuiet, member.notes.all.size(), "heard after the close");
                assertEquals(0, member.notes.closes.size());
            } else {
                assertEquals(1, member.notes.closes.size());
                assertEquals("closed", member.notes.all.get(member.notes.all.size() - 1));
            }
        }
        assertRefused(display);
    }

    private static void assertRefused(Display display) {
        try {
            display.subscribe(new Notes());
        } catch (ClosedException expected) {
            return;
        }
        throw new AssertionError("a closed display took a subscription");
    }
}
