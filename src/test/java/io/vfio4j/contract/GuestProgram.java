package io.vfio4j.contract;

import io.vfio4j.kvm.GsiTarget.Message;
import io.vfio4j.kvm.Irqfd;
import io.vfio4j.kvm.guest.GuestCode;
import io.vfio4j.linux.SystemCalls;
import io.vfio4j.linux.jna.JnaLinux;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * A VMM of its own: a guest with one vCPU, whose statistics it keeps open. For each line that it reads, a number, it interrupts the
 * guest so often, and answers with a line. It ends with its input.
 */
final class GuestProgram {
    private static final int VECTOR = 0x31;

    private GuestProgram() {}

    /**
     * Runs it.
     *
     * @param arguments none
     */
    public static void main(String[] arguments) throws Exception {
        SystemCalls calls = JnaLinux.open();
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.US_ASCII);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        try (KvmGuest guest = new KvmGuest(calls)) {
            int gsi = guest.vm().routing().routeFree(new Message(GuestCode.LOCAL_APIC, VECTOR));
            guest.handleApicInterrupt(VECTOR);
            guest.start(new GuestCode());
            try (Irqfd irqfd = guest.vm().irqfd(gsi, calls.eventFd("interrupts"))) {
                out.println("ready");
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    interrupt(calls, guest, irqfd, Integer.parseInt(line));
                    out.println("done");
                }
            }
        }
    }

    private static void interrupt(SystemCalls calls, KvmGuest guest, Irqfd irqfd, int times) throws IOException {
        int before = guest.count(VECTOR);
        for (int i = 1; i <= times; i++) {
            calls.signal(irqfd.eventFd(), 1);
            guest.awaitCount(VECTOR, before + i);
        }
    }
}
