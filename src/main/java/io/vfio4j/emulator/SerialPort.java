package io.vfio4j.emulator;

import static io.vfio4j.linux.uapi.SerialRegs.*;

import java.util.ArrayDeque;

/** A 16550 as mtty has it: what is sent is received. */
final class SerialPort {
    private static final int FIFO_SIZE = 16;
    /** What every reading of the interrupt identification has: FIFOs are enabled. */
    private static final int FIFOS = 0xc0;

    private final Runnable interrupt;
    private final ArrayDeque<Integer> fifo = new ArrayDeque<>();
    private int enabled;
    private int lineControl;
    private int modemControl;
    private int scratch;
    private int divisor;
    private int capacity = FIFO_SIZE;
    /** At how many characters received data interrupts; never, before the FIFO control register was written. */
    private int level;

    private boolean overrun;

    SerialPort(Runnable interrupt) {
        this.interrupt = interrupt;
    }

    private boolean divisorIsLatched() {
        return (lineControl & UART_LCR_DLAB) != 0;
    }

    private void interruptIf(int kind) {
        if ((enabled & kind) != 0) {
            interrupt.run();
        }
    }

    void write(int register, int value) {
        switch (register) {
            case UART_TX -> send(value);
            case UART_IER -> enable(value);
            case UART_FCR -> {
                if ((value & (UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT)) != 0) {
                    fifo.clear();
                }
                capacity = (value & UART_FCR_ENABLE_FIFO) != 0 ? FIFO_SIZE : 1;
                level = 1;
            }
            case UART_LCR -> {
                lineControl = value;
                divisor = divisorIsLatched() ? 0 : divisor;
            }
            case UART_MCR -> {
                modemControl = value;
                if ((value & UART_MCR_OUT2) != 0) {
                    interruptIf(UART_IER_MSI);
                }
                if ((value & (UART_MCR_RTS | UART_MCR_DTR)) != 0) {
                    interruptIf(UART_IER_MSI);
                }
            }
            case UART_SCR -> scratch = value;
            default -> {
                // Status registers, and nothing beyond.
            }
        }
    }

    private void send(int value) {
        if (divisorIsLatched()) {
            divisor |= value;
        } else if (fifo.size() < capacity) {
            fifo.add(value);
            overrun = false;
            if (fifo.size() == level) {
                interruptIf(UART_IER_RDI);
            }
        } else {
            overrun = true;
            interruptIf(UART_IER_RLSI);
        }
    }

    private void enable(int value) {
        if (divisorIsLatched()) {
            divisor |= value << 8;
            return;
        }
        enabled = value;
        if (fifo.isEmpty()) {
            interruptIf(UART_IER_THRI);
        }
    }

    int read(int register) {
        return switch (register) {
            case UART_RX -> divisorIsLatched() ? divisor & 0xff : receive();
            case UART_IER -> divisorIsLatched() ? divisor >> 8 : enabled & 0x0f;
            case UART_IIR -> identification() | FIFOS;
            case UART_LCR -> lineControl;
            case UART_MCR -> modemControl;
            case UART_LSR ->
                (fifo.isEmpty() ? UART_LSR_TEMT | UART_LSR_THRE : UART_LSR_DR) | (overrun ? UART_LSR_OE : 0);
            case UART_MSR -> {
                boolean clear = (modemControl & UART_MCR_AFE) == 0 || fifo.size() < capacity;
                yield UART_MSR_DSR | UART_MSR_DDSR | UART_MSR_DCD | (clear ? UART_MSR_CTS | UART_MSR_DCTS : 0);
            }
            case UART_SCR -> scratch;
            default -> 0;
        };
    }

    private int receive() {
        int value = fifo.isEmpty() ? 0 : fifo.remove();
        if (fifo.isEmpty()) {
            interruptIf(UART_IER_THRI);
        }
        return value;
    }

    private int identification() {
        int pending = 0;
        if ((enabled & UART_IER_RLSI) != 0 && overrun) {
            pending |= UART_IIR_RLSI;
        }
        if ((enabled & UART_IER_RDI) != 0 && fifo.size() >= level) {
            pending |= UART_IIR_RDI;
        }
        if ((enabled & UART_IER_THRI) != 0 && fifo.isEmpty()) {
            pending |= UART_IIR_THRI;
        }
        if ((enabled & UART_IER_MSI) != 0 && (modemControl & (UART_MCR_RTS | UART_MCR_DTR)) != 0) {
            pending |= UART_IIR_MSI;
        }
        return pending == 0 ? UART_IIR_NO_INT : pending;
    }
}
