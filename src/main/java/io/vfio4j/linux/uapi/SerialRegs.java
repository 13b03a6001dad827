package io.vfio4j.linux.uapi;

/** {@code linux/serial_reg.h}: registers of a 16550 UART, and what is in them. */
public final class SerialRegs {
    public static final int UART_RX = 0;
    public static final int UART_TX = 0;
    public static final int UART_IER = 1;
    public static final int UART_IER_RDI = 0x01;
    public static final int UART_IER_THRI = 0x02;
    public static final int UART_IER_RLSI = 0x04;
    public static final int UART_IER_MSI = 0x08;
    public static final int UART_IIR = 2;
    public static final int UART_IIR_NO_INT = 0x01;
    public static final int UART_IIR_MSI = 0x00;
    public static final int UART_IIR_THRI = 0x02;
    public static final int UART_IIR_RDI = 0x04;
    public static final int UART_IIR_RLSI = 0x06;
    public static final int UART_FCR = 2;
    public static final int UART_FCR_ENABLE_FIFO = 0x01;
    public static final int UART_FCR_CLEAR_RCVR = 0x02;
    public static final int UART_FCR_CLEAR_XMIT = 0x04;
    public static final int UART_LCR = 3;
    public static final int UART_LCR_DLAB = 0x80;
    public static final int UART_MCR = 4;
    public static final int UART_MCR_DTR = 0x01;
    public static final int UART_MCR_RTS = 0x02;
    public static final int UART_MCR_OUT2 = 0x08;
    public static final int UART_MCR_AFE = 0x20;
    public static final int UART_LSR = 5;
    public static final int UART_LSR_DR = 0x01;
    public static final int UART_LSR_OE = 0x02;
    public static final int UART_LSR_THRE = 0x20;
    public static final int UART_LSR_TEMT = 0x40;
    public static final int UART_MSR = 6;
    public static final int UART_MSR_DCTS = 0x01;
    public static final int UART_MSR_DDSR = 0x02;
    public static final int UART_MSR_CTS = 0x10;
    public static final int UART_MSR_DSR = 0x20;
    public static final int UART_MSR_DCD = 0x80;
    public static final int UART_SCR = 7;

    private SerialRegs() {}
}
