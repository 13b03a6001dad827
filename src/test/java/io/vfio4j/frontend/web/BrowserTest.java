package io.vfio4j.frontend.web;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.vfio4j.emulator.Scenario;
import io.vfio4j.emulator.VgpuProfile;
import io.vfio4j.frontend.rfb.FrontendThreads;
import io.vfio4j.frontend.rfb.RfbOptions;
import io.vfio4j.frontend.rfb.RfbPassword;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.logging.Level;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Dimension;
import org.openqa.selenium.NoSuchElementException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.StaleElementReferenceException;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The pages in a browser that is not ours, with noVNC, which is not ours either. Pictures of it are kept in target/browser. */
@Tag("desktop")
@Timeout(300)
class BrowserTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Path PICTURES = Path.of("target/browser");

    private final FrontendThreads threads = new FrontendThreads();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<String> errors = Collections.synchronizedList(new ArrayList<>());
    private final WebOptions options =
            WebOptions.DEFAULTS.withErrorHandler((what, cause) -> errors.add(what + ": " + cause));

    @TempDir
    private Path profile;

    private ChromeDriver browser;

    @BeforeEach
    void startTheBrowser() throws IOException {
        Files.createDirectories(PICTURES);
        browser = browser(true);
    }

    private ChromeDriver browser(boolean javaScript) {
        ChromeOptions chrome = new ChromeOptions();
        chrome.setBinary("/usr/bin/chromium");
        chrome.addArguments(
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--force-device-scale-factor=1",
                "--user-data-dir=" + profile.resolve(javaScript ? "with" : "without"));
        if (!javaScript) {
            chrome.setExperimentalOption(
                    "prefs", java.util.Map.of("profile.managed_default_content_settings.javascript", 2));
        }
        LoggingPreferences logs = new LoggingPreferences();
        logs.enable(LogType.BROWSER, Level.ALL);
        chrome.setCapability("goog:loggingPrefs", logs);
        ChromeDriver driver = new ChromeDriver(
                new ChromeDriverService.Builder()
                        .usingDriverExecutable(new File("/usr/bin/chromedriver"))
                        .usingAnyFreePort()
                        .build(),
                chrome);
        driver.manage().window().setSize(new Dimension(1280, 860));
        return driver;
    }

    @AfterEach
    void everythingEnds() throws Exception {
        browser.quit();
        Collections.reverse(open);
        for (AutoCloseable each : open) {
            each.close();
        }
        threads.close();
        assertEquals(List.of(), errors);
    }

    private Served served(String name, VgpuProfile vgpu, RfbOptions rfb) throws IOException {
        Served served = new Served(name, vgpu, rfb, threads);
        open.add(served);
        return served;
    }

    private Served small(String name) throws IOException {
        return served(name, VgpuProfile.named("v5").withSize(640, 400), RfbOptions.DEFAULTS.withLossy(false));
    }

    private WebServer serve(WebFiles files, Served... all) throws IOException {
        WebServer server =
                WebServer.start(List.of(all).stream().map(Served::web).toList(), ANY_PORT, options, threads, files);
        open.add(server);
        return server;
    }

    private String address(WebServer server, Served served) {
        return server.uri() + "screens/" + PathText.encoded(served.screen.name()) + "/";
    }

    /** The browser is asked again and again; each question takes its time, so this needs no pauses. */
    private void await(String what, BooleanSupplier condition) {
        long start = System.nanoTime();
        while (System.nanoTime() - start < PATIENCE.toNanos()) {
            try {
                if (condition.getAsBoolean()) {
                    return;
                }
            } catch (NoSuchElementException | StaleElementReferenceException notYet) {
                // The page changes itself.
            }
        }
        fail("not within " + PATIENCE + ": " + what + "; status: " + text("#status") + "; console: " + console());
    }

    /** Which part of a picture is not what the guest shows. */
    private static String difference(BufferedImage image, Served served) {
        int width = Math.min(image.getWidth(), served.guest().width());
        int height = Math.min(image.getHeight(), served.guest().height());
        int left = width;
        int top = height;
        int right = 0;
        int bottom = 0;
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                if ((image.getRGB(x, y) ^ served.guest().shownPixel(x, y)) << 8 != 0) {
                    left = Math.min(left, x);
                    top = Math.min(top, y);
                    right = Math.max(right, x);
                    bottom = Math.max(bottom, y);
                }
            }
        }
        return image.getWidth() + "x" + image.getHeight() + " of "
                + served.guest().width() + "x" + served.guest().height() + ", different from " + left + "," + top
                + " to " + right + "," + bottom;
    }

    private String text(String selector) {
        return browser.findElement(By.cssSelector(selector)).getText();
    }

    private List<String> console() {
        return browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                .map(LogEntry::toString)
                .toList();
    }

    private void assertNoComplaints() {
        assertEquals(
                List.of(),
                // The advice that Chromium gives for reading a canvas back is for this test, which does so.
                console().stream()
                        .filter(line -> !line.contains("willReadFrequently"))
                        .toList(),
                "the console");
    }

    private void keep(String name) throws IOException {
        Files.write(PICTURES.resolve(name + ".png"), browser.getScreenshotAs(OutputType.BYTES));
    }

    private BufferedImage canvas() {
        return image(
                (String)
                        browser.executeScript(
                                "const c = document.querySelector('#screen canvas'); return c && c.width ? c.toDataURL('image/png') : null"));
    }

    private static void write(BufferedImage image, String name) {
        try {
            ImageIO.write(image, "png", PICTURES.resolve(name + ".png").toFile());
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }

    /** What an img element holds, in its own size. */
    private BufferedImage picture(String selector) {
        return image((String) browser.executeScript(
                "const i = document.querySelector(arguments[0]);"
                        + "if (!i || !i.complete || !i.naturalWidth) return null;"
                        + "const c = document.createElement('canvas'); c.width = i.naturalWidth; c.height = i.naturalHeight;"
                        + "c.getContext('2d').drawImage(i, 0, 0); return c.toDataURL('image/png')",
                selector));
    }

    private static BufferedImage image(String url) {
        if (url == null) {
            return new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
        }
        try {
            return ImageIO.read(
                    new ByteArrayInputStream(Base64.getDecoder().decode(url.substring(url.indexOf(',') + 1))));
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }

    private static boolean shows(BufferedImage image, Served served) {
        if (image.getWidth() != served.guest().width()
                || image.getHeight() != served.guest().height()) {
            return false;
        }
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                if ((image.getRGB(x, y) ^ served.guest().shownPixel(x, y)) << 8 != 0) {
                    return false;
                }
            }
        }
        return true;
    }

    private void awaitExact(String what, Served served, Supplier<BufferedImage> picture) {
        try {
            await(what, () -> shows(picture.get(), served));
        } catch (AssertionError late) {
            BufferedImage wrong = picture.get();
            write(wrong, "wrong");
            throw new AssertionError(late.getMessage() + "; " + difference(wrong, served), late);
        }
    }

    @Test
    void noVncShowsExactlyWhatTheGuestShows() throws Exception {
        Served served = small("emulated:v5:idle");
        served.guest().run(Scenario.IDLE);
        WebServer server = serve(WebFiles.load(), served);
        browser.get(address(server, served));
        awaitExact("the first picture", served, this::canvas);
        assertEquals("640 × 400", text("#status"));
        assertEquals(1, served.service.clients().size());
        served.guest().flip();
        awaitExact("a flip", served, this::canvas);
        served.guest().draw(3);
        awaitExact("drawing without a flip", served, this::canvas);
        served.guest().setMode(800, 600);
        awaitExact("another mode", served, this::canvas);
        await("the status tells the mode", () -> text("#status").equals("800 × 600"));
        keep("novnc");
        browser.findElement(By.id("scale")).click();
        await(
                "one to one",
                () -> Boolean.TRUE.equals(browser.executeScript(
                        "return document.querySelector('#screen canvas').getBoundingClientRect().width === 800")));
        browser.findElement(By.id("reconnect")).click();
        awaitExact("after reconnecting", served, this::canvas);
        assertNoComplaints();
    }

    @Test
    void noVncAsksForThePassword() throws Exception {
        Served served = served(
                "locked",
                VgpuProfile.named("v5").withSize(320, 200),
                RfbOptions.DEFAULTS.withLossy(false).withPassword(RfbPassword.of("s3cret")));
        WebServer server = serve(WebFiles.load(), served);
        browser.get(address(server, served));
        await("the question", () -> browser.findElement(By.id("password")).isDisplayed());
        browser.findElement(By.id("password")).sendKeys("wrong");
        browser.findElement(By.cssSelector("#login button")).click();
        await("the refusal", () -> text("#status").startsWith("Refused"));
        browser.findElement(By.id("reconnect")).click();
        await("the question again", () -> browser.findElement(By.id("password")).isDisplayed());
        browser.findElement(By.id("password")).sendKeys("s3cret");
        browser.findElement(By.cssSelector("#login button")).click();
        awaitExact("the picture", served, this::canvas);
    }

    @Test
    void theListShowsWhatIsThere() throws Exception {
        Served first = small("emulated:v5:flip");
        first.guest().run(Scenario.FLIP);
        Served second = small("second & <b>last</b>");
        second.guest().run(Scenario.IDLE);
        WebServer server = serve(WebFiles.load(), first, second);
        browser.get(server.uri().toString());
        await("two cards", () -> browser.findElements(By.cssSelector(".card")).size() == 2);
        await("a rate", () -> text(".card .rate").matches("[1-9]\\d* pictures/s"));
        await("a thumbnail", () -> picture(".card:nth-child(2) img").getWidth() == 320);
        assertEquals("second & <b>last</b>", text(".card:nth-child(2) .name"));
        second.screen.detach("the device was removed");
        await("its absence", () -> text(".card:nth-child(2) .absence").equals("the device was removed"));
        keep("list");
        assertNoComplaints();
        browser.findElement(By.cssSelector(".card")).click();
        await("the screen's page", () -> browser.getCurrentUrl().equals(address(server, first)));
        await("its picture", () -> canvas().getWidth() == 640);
        assertNoComplaints();
    }

    @Test
    void withoutNoVncThereAreSnapshots() throws Exception {
        Served served = small("emulated:v5:idle");
        served.guest().run(Scenario.IDLE);
        WebServer server = serve(WebFiles.withoutNoVnc(), served);
        browser.get(address(server, served));
        assertTrue(text(".note").contains("without noVNC"));
        await("a picture", () -> picture("#screen img").getWidth() == 640);
        served.guest().setMode(800, 600);
        await("the next one", () -> picture("#screen img").getWidth() == 800);
        await("the status", () -> text("#status").equals("800 × 600"));
        keep("snapshots");
        assertNoComplaints();
    }

    @Test
    void withoutJavaScriptThereArePictures() throws Exception {
        Served served = small("emulated:v5:idle");
        served.guest().run(Scenario.IDLE);
        WebServer server = serve(WebFiles.load(), served);
        ChromeDriver plain = browser(false);
        try {
            plain.get(server.uri().toString());
            assertEquals("640 × 400", plain.findElement(By.cssSelector(".size")).getText());
            assertEquals("320", plain.findElement(By.cssSelector(".card img")).getDomProperty("naturalWidth"));
            assertEquals(
                    "5",
                    plain.findElement(By.cssSelector("meta[http-equiv=refresh]"))
                            .getDomAttribute("content"));
            plain.get(address(server, served));
            assertEquals("640", plain.findElement(By.cssSelector("#screen img")).getDomProperty("naturalWidth"));
        } finally {
            plain.quit();
        }
    }

    /** The pictures of the README. */
    @Test
    void aWallOfFour() throws Exception {
        List<Served> wall = new ArrayList<>();
        int number = 0;
        for (Scenario scenario : List.of(Scenario.FLIP, Scenario.CONSOLE, Scenario.CURSOR, Scenario.IDLE)) {
            String dialect = List.of("v5", "v6", "v4", "page-flip").get(number++);
            Served served = served(
                    "emulated:" + dialect + ":" + scenario.label(),
                    VgpuProfile.named(dialect).withSize(1024, 640),
                    RfbOptions.DEFAULTS.withLossy(false));
            served.guest().run(scenario);
            wall.add(served);
        }
        WebServer server = serve(WebFiles.load(), wall.toArray(Served[]::new));
        browser.manage().window().setSize(new Dimension(1024, 860));
        browser.get(server.uri().toString());
        await("all thumbnails", () -> picture(".card:nth-child(4) img").getWidth() == 320);
        await("rates", () -> text(".card:nth-child(1) .rate").matches("[1-9]\\d* pictures/s"));
        keep("wall");
        browser.get(address(server, wall.get(3)));
        await("a picture", () -> shows(canvas(), wall.get(3)));
        keep("screen");
        assertNoComplaints();
    }
}
