package io.vfio4j.proc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.vfio4j.linux.uapi.Errno;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class HoldersTest {
    private static final String NODE = "/dev/vfio/12";
    private static final int SELF = 900;

    private final ProcTree proc = new ProcTree(SELF);

    private Holders holders() {
        return Holders.of(proc.calls(), NODE);
    }

    private void init() {
        proc.process(1, "systemd", "/dev/null");
        proc.process(SELF, "java", "/dev/null", "pipe:[1]");
    }

    @Test
    void everyProcessThatHasTheFileOpenIsNamedOnce() {
        init();
        proc.process(4711, "qemu-system-x86", "/dev/null", NODE, NODE);
        proc.process(30, "other", "/dev/vfio/1", "/dev/vfio/123", "/dev/vfio/12/x");
        proc.process(31, "watch", "socket:[5]", NODE);
        Holders holders = holders();
        assertEquals(
                List.of(new Holder(31, "watch", false), new Holder(4711, "qemu-system-x86", false)), holders.list());
        assertEquals("31 (watch), 4711 (qemu-system-x86)", holders.describe());
        assertTrue(holders.complete());
        assertFalse(holders.includesSelf());
        assertEquals(Optional.empty(), holders.blindSpot());
    }

    @Test
    void nobodyIsCertainOnlyWhereEverybodyWasSeen() {
        init();
        assertEquals(List.of(), holders().list());
        assertTrue(holders().complete());
        proc.process(50, "sshd");
        proc.refuse("/proc/50/fd", Errno.EACCES);
        assertEquals(1, holders().unreadable());
        assertFalse(holders().complete());
        assertEquals(
                Optional.of("One process could not be looked into; root can."),
                holders().blindSpot());
        proc.process(51, "cron", "/dev/null");
        proc.refuse("/proc/51/fd/0", Errno.EACCES);
        assertEquals(
                Optional.of("2 processes could not be looked into; root can."),
                holders().blindSpot());
    }

    @Test
    void threadsOfTheKernelAndZombiesHideNothing() {
        init();
        proc.process(2, "kthreadd");
        proc.stat(2, "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0");
        proc.refuse("/proc/2/fd", Errno.EACCES);
        proc.process(60, "dead) R 1 (");
        proc.stat(60, "60 (dead) R 1 () Z 1 1 1 0 -1 4194560 0 0");
        proc.refuse("/proc/60/fd", Errno.EACCES);
        assertTrue(holders().complete());
    }

    @Test
    void aStatThatCannotBeUnderstoodCountsAsUnseen() {
        init();
        for (String stat :
                List.of("", ")", "70 (x) S", "70 (x) S 1 1 1 0 -1 huge 0", "70 (x) S 1 1 1 0 -1 " + "9".repeat(40))) {
            ProcTree odd = new ProcTree(SELF);
            odd.process(1, "init");
            odd.process(70, "x");
            odd.stat(70, stat);
            odd.refuse("/proc/70/fd", Errno.EACCES);
            assertEquals(1, Holders.of(odd.calls(), NODE).unreadable(), stat);
        }
    }

    @Test
    void whoEndsMeanwhileHoldsNothing() {
        init();
        proc.process(80, "ls", NODE);
        proc.refuse("/proc/80/fd", Errno.ENOENT);
        proc.process(81, "ls", NODE);
        proc.refuse("/proc/81/fd/0", Errno.ESRCH);
        proc.process(82, "ls");
        proc.refuse("/proc/82/fd", Errno.EACCES);
        proc.refuse("/proc/82/stat", Errno.ESRCH);
        assertEquals(List.of(), holders().list());
        assertTrue(holders().complete());
    }

    @Test
    void aNodeIsTheSameInAChrootAndAfterItWasRemoved() {
        init();
        proc.process(90, "vmm", "/srv/jail" + NODE);
        proc.process(91, "vmm", NODE + " (deleted)");
        assertEquals("90 (vmm), 91 (vmm)", holders().describe());
    }

    @Test
    void thisProcessIsKnownAmongTheHolders() {
        proc.process(1, "init");
        proc.process(SELF, "java", NODE);
        assertTrue(holders().includesSelf());
        assertEquals("900 (java)", holders().describe());
    }

    @Test
    void aNameThatCouldDisturbATerminalIsMadeHarmless() {
        init();
        proc.process(95, "a\u001b[2J\nb\u202e", NODE);
        assertEquals("95 (a?[2J?b?)", holders().describe());
        proc.refuse("/proc/95/comm", Errno.ENOENT);
        assertEquals("95", holders().describe());
    }

    @Test
    void hiddenProcessesAreNoticed() {
        proc.process(SELF, "java");
        assertTrue(holders().partial());
        assertEquals(
                Optional.of("Not every process of the host can be seen from here."),
                holders().blindSpot());
        init();
        assertFalse(holders().partial());
        proc.link("/proc/self/ns/pid", "pid:[4026532201]");
        assertTrue(holders().partial());
        proc.unmount();
        assertTrue(holders().partial());
        assertFalse(holders().complete());
    }

    @Test
    void descriptorsThatAreNoFilesAreFoundByTheirText() {
        init();
        proc.process(96, "qemu", "anon_inode:[vfio-device]");
        assertEquals(
                "96 (qemu)",
                Holders.find(proc.calls(), "anon_inode:[vfio-device]"::equals).describe());
    }
}
