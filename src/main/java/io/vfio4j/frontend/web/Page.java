package io.vfio4j.frontend.web;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A page, or a part of one: a template whose {@code ${name}}s get values. For one thread. */
final class Page {
    private static final Pattern HOLE = Pattern.compile("\\$\\{([a-z]+)}");

    private final String template;
    private final Map<String, String> values = new HashMap<>();

    Page(String template) {
        this.template = template;
    }

    /** Text, which may be anything. */
    Page with(String name, String text) {
        return withHtml(name, escaped(text));
    }

    /** A part that was made the same way. */
    Page withHtml(String name, String html) {
        values.put(name, html);
        return this;
    }

    /** Everything filled in, once: a value that looks like a hole stays what it is. */
    String html() {
        return HOLE.matcher(template)
                .replaceAll(hole -> Matcher.quoteReplacement(Optional.ofNullable(values.get(hole.group(1)))
                        .orElseThrow(() -> new IllegalStateException("no value for " + hole.group()))));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;")
                .replace("'", "&#39;");
    }
}
