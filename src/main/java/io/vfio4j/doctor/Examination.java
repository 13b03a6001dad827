package io.vfio4j.doctor;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The checks of one diagnosis, one after the other. One that fails hides no other. */
final class Examination {
    private final List<Finding> findings = new ArrayList<>();

    interface Look {
        Finding look(Check check) throws IOException;
    }

    interface OptionalLook {
        Optional<Finding> look(Check check) throws IOException;
    }

    Examination check(String id, String title, Look look) {
        Check check = new Check(id, title);
        findings.add(outcome(check, look));
        return this;
    }

    /** A check that does not concern every host or device. */
    Examination checkIf(String id, String title, OptionalLook look) {
        Check check = new Check(id, title);
        List<Finding> found = new ArrayList<>();
        Finding outcome = outcome(check, each -> {
            look.look(each).ifPresent(found::add);
            return each.ok("");
        });
        if (outcome.state() != Finding.State.OK) {
            findings.add(outcome);
        }
        findings.addAll(found);
        return this;
    }

    private static Finding outcome(Check check, Look look) {
        try {
            return look.look(check);
        } catch (IOException e) {
            return check.unknown("It could not be looked at: " + e.getMessage(), "");
        } catch (RuntimeException e) {
            // Whatever a broken host answers, the other checks are worth seeing.
            return check.unknown("It could not be looked at: unexpected " + e + ".", "");
        }
    }

    List<Finding> findings() {
        return List.copyOf(findings);
    }
}
