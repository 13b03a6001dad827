package io.vfio4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.cli.LateRefresh.Cause;
import io.vfio4j.cli.WaitLog.Longest;
import io.vfio4j.cli.WaitLog.Waited;
import io.vfio4j.kvm.KvmCounts;
import io.vfio4j.kvm.KvmSample;
import io.vfio4j.kvm.VcpuSample;
import io.vfio4j.proc.SchedulerTimes;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** Which refreshes are late, and whether a vCPU had waited for a processor. */
class LatenessJudgeTest {
    private static final long MS = 1_000_000;
    private static final long PERIOD = 16 * MS;
    private static final long GLANCE = 2 * MS;

    /** Waits of vCPU 0 and 1 that end at given times, seen by glances. */
    private final List<long[]> waits = new ArrayList<>();

    private WaitLog log(long until) {
        WaitLog log = new WaitLog(Long.MAX_VALUE / 2);
        for (long now = 0; now <= until; now += GLANCE) {
            log.add(glance(now));
        }
        return log;
    }

    private KvmSample glance(long now) {
        List<VcpuSample> vcpus = new ArrayList<>();
        for (int vcpu = 0; vcpu < 2; vcpu++) {
            long waited = 0;
            long slices = 0;
            for (long[] wait : waits) {
                if (wait[0] == vcpu && wait[1] <= now) {
                    waited += wait[2];
                    slices++;
                }
            }
            vcpus.add(new VcpuSample(
                    OptionalInt.of(vcpu),
                    OptionalInt.of(100 + vcpu),
                    Optional.of(new SchedulerTimes(now, waited, slices)),
                    KvmCounts.NONE));
        }
        return new KvmSample(now, vcpus, KvmCounts.NONE, OptionalLong.empty());
    }

    private void waits(int vcpu, long end, long nanos) {
        waits.add(new long[] {vcpu, end, nanos});
    }

    private static LatenessJudge judge(long resolution, long... late) {
        LatenessJudge judge = new LatenessJudge(OptionalDouble.of(PERIOD), resolution);
        for (int vblank = 0; vblank < 40; vblank++) {
            long by = vblank < late.length ? late[vblank] : 0;
            if (by >= 0) {
                judge.add(MS + vblank * PERIOD + by);
            }
        }
        return judge;
    }

    @Test
    void whatIsOnTimeIsNotMentioned() {
        LatenessJudge judge = judge(0);
        assertEquals(List.of(), judge.judge(log(1000 * MS)));
        LatenessJudge.Account account = judge.account();
        assertEquals(39, account.onTime());
        assertEquals(0, account.late());
        assertEquals(PERIOD, account.grid().orElseThrow().periodNanos(), 1);
    }

    @Test
    void aRefreshIsLateBecauseAVcpuWaited() {
        // The refresh of vblank 5 is 8 ms late: vCPU 1 had waited 7.8 ms.
        long due = MS + 5 * PERIOD;
        waits(1, due + 7_900_000, 7_800_000);
        waits(0, due + 3 * MS, 200_000);
        List<LateRefresh> late = judge(0, 0, 0, 0, 0, 0, 8 * MS).judge(log(1000 * MS));
        assertEquals(1, late.size());
        assertEquals(8 * MS, late.get(0).lateNanos(), 1000);
        assertEquals(0, late.get(0).missed());
        assertEquals(Cause.VCPU, late.get(0).cause());
        assertEquals(Optional.of(new Waited("vCPU 1", 7_800_000)), late.get(0).most());
    }

    @Test
    void aRefreshThatMissedVblanksIsLateByThose() {
        // Nothing at vblanks 5 and 6, and 3 ms after vblank 7.
        long due = MS + 5 * PERIOD;
        waits(0, due + 20 * MS, 19 * MS);
        LatenessJudge judge = judge(0, 0, 0, 0, 0, 0, -1, -1, 3 * MS);
        List<LateRefresh> late = judge.judge(log(1000 * MS));
        assertEquals(1, late.size());
        assertEquals(2 * PERIOD + 3 * MS, late.get(0).lateNanos(), 1000);
        assertEquals(2, late.get(0).missed());
        assertEquals(Cause.VCPU, late.get(0).cause());
        assertEquals(2, judge.account().missed());
        assertEquals(late.get(0).lateNanos(), judge.account().worstNanos());
    }

    @Test
    void aRefreshThatIsLateWhileNoVcpuWaitedIsNotTheVcpus() {
        long due = MS + 5 * PERIOD;
        waits(0, due + MS, 300_000);
        // This one ended before the refresh of vblank 4, and has nothing to do with the next.
        waits(1, due - PERIOD - 3 * MS, 12 * MS);
        LatenessJudge judge = judge(0, 0, 0, 0, 0, 0, 8 * MS);
        List<LateRefresh> late = judge.judge(log(1000 * MS));
        assertEquals(List.of(Cause.OTHER), late.stream().map(LateRefresh::cause).toList());
        assertEquals(new Waited("vCPU 0", 300_000), late.get(0).most().orElseThrow());
        assertEquals(1, judge.account().byOther());
    }

    @Test
    void aWaitOfHalfTheLatenessDecides() {
        assertEquals(
                Cause.VCPU,
                LateRefresh.of(0, 8 * MS, 0, Optional.of(new Waited("vCPU 0", 4 * MS)))
                        .cause());
        assertEquals(
                Cause.OTHER,
                LateRefresh.of(0, 8 * MS, 0, Optional.of(new Waited("vCPU 0", 4 * MS - 1)))
                        .cause());
        assertEquals(
                Cause.UNKNOWN, LateRefresh.of(0, 8 * MS, 0, Optional.empty()).cause());
    }

    @Test
    void aLongPauseIsNoLateness() {
        LatenessJudge judge = judge(0);
        judge.add(MS + 100 * PERIOD);
        judge.add(MS + 101 * PERIOD);
        assertEquals(List.of(), judge.judge(log(2000 * MS)));
        assertEquals(1, judge.account().idle());
        assertEquals(40, judge.account().onTime());
    }

    @Test
    void whatATimerCannotTellIsNotCalledLate() {
        assertEquals(List.of(), judge(4 * MS, 0, 0, 0, 5 * MS).judge(log(1000 * MS)));
        assertEquals(1, judge(4 * MS, 0, 0, 0, 7 * MS).judge(log(1000 * MS)).size());
    }

    @Test
    void withoutGlancesNothingIsSaidOfTheVcpus() {
        LatenessJudge judge = judge(0, 0, 0, 0, 0, 0, 8 * MS);
        assertEquals(List.of(), judge.judge(new WaitLog(1)), "none is judged before its glance");
        WaitLog late = new WaitLog(1000 * MS);
        late.add(glance(990 * MS));
        assertEquals(Cause.UNKNOWN, judge.judge(late).get(0).cause());
    }

    @Test
    void refreshesAreJudgedOnceTheGlancesReachThem() {
        LatenessJudge judge = judge(0, 0, 0, 0, 0, 0, 8 * MS, 0, 0, 0, 0, 8 * MS);
        WaitLog log = log(6 * PERIOD);
        assertEquals(1, judge.judge(log).size());
        for (long now = 6 * PERIOD; now < 700 * MS; now += GLANCE) {
            log.add(glance(now));
        }
        assertEquals(1, judge.judge(log).size());
        assertEquals(List.of(), judge.judge(log));
        assertEquals(2, judge.account().late());
        assertEquals(37, judge.account().onTime());
    }

    @Test
    void theLongestWaitIsKnownWhereAThreadGotAProcessorOnceBetweenGlances() {
        waits(0, 3 * MS, 2_500_000);
        waits(0, 9 * MS, 1_000_000);
        assertEquals(new Longest(2_500_000, 2_500_000), log(20 * MS).longest(100));
        // Two in one glance: only their sum is known.
        waits(0, 13 * MS, 2 * MS);
        waits(0, 14 * MS, 1_000_001);
        WaitLog log = log(20 * MS);
        assertEquals(new Longest(2_500_000, 3_000_001), log.longest(100));
        assertEquals(Longest.NONE, log.longest(101));
        assertEquals(Longest.NONE, log.longest(4711));
        assertEquals(new Longest(2_500_000, 3_000_001), log.takeRecent(100));
        assertEquals(Longest.NONE, log.takeRecent(100));
    }

    @Test
    void aWaitThatIsCountedInPartsIsOne() {
        WaitLog log = new WaitLog(100 * MS);
        long[][] counted = {{0, 0}, {3 * MS, 0}, {5 * MS, 1}, {5 * MS, 2}};
        for (int i = 0; i < counted.length; i++) {
            log.add(sample(i * GLANCE, new SchedulerTimes(0, counted[i][0], counted[i][1])));
        }
        assertEquals(new Longest(5 * MS, 5 * MS), log.longest(100));
    }

    private static KvmSample sample(long now, SchedulerTimes times) {
        return new KvmSample(
                now,
                List.of(new VcpuSample(OptionalInt.empty(), OptionalInt.of(100), Optional.of(times), KvmCounts.NONE)),
                KvmCounts.NONE,
                OptionalLong.empty());
    }

    @Test
    void aThreadWithTheNumberOfAnotherOneBeginsAnew() {
        WaitLog log = new WaitLog(100 * MS);
        log.add(sample(0, new SchedulerTimes(9, 50 * MS, 9)));
        log.add(sample(GLANCE, new SchedulerTimes(1, MS, 1)));
        log.add(sample(2 * GLANCE, new SchedulerTimes(2, 3 * MS, 2)));
        assertEquals(new Longest(2 * MS, 2 * MS), log.longest(100));
        assertEquals(Optional.of(new Waited("thread 100", 0)), log.mostWaited(0, 2 * GLANCE));
    }

    @Test
    void whatIsOldIsForgotten() {
        waits(0, 2 * MS, MS);
        WaitLog log = new WaitLog(10 * MS);
        for (long now = 0; now <= 100 * MS; now += GLANCE) {
            log.add(glance(now));
        }
        assertEquals(Optional.empty(), log.mostWaited(0, 50 * MS));
        assertTrue(log.mostWaited(91 * MS, 99 * MS).isPresent());
        assertTrue(log.reaches(100 * MS));
    }
}
