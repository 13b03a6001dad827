package io.vfio4j.kvm;

import io.vfio4j.linux.uapi.Kvm;

/** Where an interrupt leads. */
public sealed interface GsiTarget {

    /** An interrupt controller of a PC. */
    enum Irqchip {
        /** The first PIC, with ISA interrupts 0 to 7. */
        PIC_MASTER(Kvm.KVM_IRQCHIP_PIC_MASTER, 8),
        /** The second PIC, with ISA interrupts 8 to 15 on its pins 0 to 7. */
        PIC_SLAVE(Kvm.KVM_IRQCHIP_PIC_SLAVE, 8),
        /** The IOAPIC. */
        IOAPIC(Kvm.KVM_IRQCHIP_IOAPIC, Kvm.KVM_IOAPIC_NUM_PINS);

        private final int number;
        private final int pins;

        Irqchip(int number, int pins) {
            this.number = number;
            this.pins = pins;
        }

        int number() {
            return number;
        }

        /**
         * How many pins it has.
         *
         * @return 8 or 24
         */
        public int pins() {
            return pins;
        }
    }

    /**
     * A pin of an interrupt controller in the kernel.
     *
     * @param irqchip the controller
     * @param pin which of its pins, from 0 on
     */
    record Pin(Irqchip irqchip, int pin) implements GsiTarget {
        /**
         * Refuses pins that the controller does not have.
         *
         * @param irqchip the controller
         * @param pin which of its pins, from 0 on
         */
        public Pin {
            if (pin < 0 || pin >= irqchip.pins()) {
                throw new IllegalArgumentException("pin " + pin + " of " + irqchip + ", which has " + irqchip.pins());
            }
        }
    }

    /**
     * A message-signalled interrupt (MSI), as the guest's driver wrote it into the device's registers.
     *
     * @param address the message's address; on x86 it names the local APIC, from {@code 0xfee00000} on
     * @param data the message's data; on x86 its low byte is the vector
     */
    record Message(long address, int data) implements GsiTarget {
        @Override
        public String toString() {
            return "Message[address=0x" + Long.toHexString(address) + ", data=0x" + Integer.toHexString(data) + "]";
        }
    }
}
