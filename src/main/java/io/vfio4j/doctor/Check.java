package io.vfio4j.doctor;

import io.vfio4j.doctor.Finding.State;

/** What is looked at: makes the findings of one check. */
record Check(String id, String title) {
    Finding ok(String found) {
        return new Finding(id, title, State.OK, found, "");
    }

    Finding problem(String found, String advice) {
        return new Finding(id, title, State.PROBLEM, found, advice);
    }

    Finding advice(String found, String advice) {
        return new Finding(id, title, State.ADVICE, found, advice);
    }

    Finding unknown(String why, String advice) {
        return new Finding(id, title, State.UNKNOWN, why, advice);
    }
}
