package tessera.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import tessera.methods.Methods;

/** What a comparison says of itself: the JSON document, the rows of the CSV file and of the table, and the page. */
class ReportTest {
    private static Comparison mixed;
    private static String page;

    @BeforeAll
    static void measure() {
        mixed = Sketches.mixed();
        page = HtmlReport.of(mixed);
    }

    private static JsonNode json() {
        return new ObjectMapper().valueToTree(Report.document(mixed));
    }

    private static JsonNode measurement(String method) {
        for (JsonNode m : json().get("measurements")) {
            if (m.get("method").asText().equals(method)) {
                return m;
            }
        }
        throw new AssertionError(method);
    }

    @Test
    void theDocumentSaysWhereAndWhat() {
        JsonNode document = json();
        assertTrue(document.get("date").asText().matches("\\d{4}-\\d\\d-\\d\\dT.*Z"));
        JsonNode machine = document.get("machine").get(0);
        for (String field : List.of("device", "name", "backend", "driver", "tornadovm", "jdk", "os", "tessera", "line")) {
            assertFalse(machine.get(field).asText().isEmpty(), field);
        }
        assertEquals("jvm", machine.get("device").asText());
        assertEquals(2, document.get("inputs").size());
        assertEquals("[1,2,8,8]", document.get("inputs").get(0).get("q").toString());
        assertTrue(document.get("inputs").get(0).get("source").asText().contains("seed 1"));
        assertEquals(List.of("P08", "L01").size(), document.get("crossovers").size());
    }

    @Test
    void everyMeasurementHasEveryField() {
        for (JsonNode m : json().get("measurements")) {
            for (String field : List.of("method", "name", "family", "device", "length", "plan", "verified", "maxAbs", "rms", "kernelMillis", "totalMillis",
                    "compileMillis", "transferMillis", "flops", "bytes", "memoryBytes", "cacheBytesPerToken", "density", "recall", "denseError", "needle", "selectionShare",
                    "efficiency", "reason", "note")) {
                assertTrue(m.has(field), field + " is missing in " + m);
            }
            assertEquals(m.get("verified").asBoolean(), !m.get("kernelMillis").isEmpty(), m.toString());
            assertEquals(m.get("verified").asBoolean(), m.get("reason").isNull(), m.toString());
        }
        JsonNode dense = measurement("H03");
        assertTrue(dense.get("verified").asBoolean());
        assertEquals("dense", dense.get("family").asText());
        assertEquals(dense.get("kernelMillis").size(), dense.get("totalMillis").size());
        assertTrue(dense.get("kernelMillis").get(0).asDouble() > 0);
        assertTrue(dense.get("rms").asDouble() < 1e-5);
        assertEquals(1, dense.get("speedup").asDouble());
    }

    @Test
    void aWrongResultKeepsItsErrorAndHasNoTime() {
        JsonNode wrong = measurement("P01");
        assertFalse(wrong.get("verified").asBoolean());
        assertTrue(wrong.get("rms").asDouble() > 1e-2);
        assertTrue(wrong.get("kernelMedian").isNull() && wrong.get("speedup").isNull());
        assertTrue(wrong.get("reason").asText().startsWith("wrong result"));
        JsonNode without = measurement("P07");
        assertTrue(without.get("plan").isNull() && without.get("rms").isNull() && without.get("flops").isNull());
    }

    @Test
    void csvHasTheSameColumnsInEveryRow() {
        List<Map<String, Object>> rows = Report.csv(mixed);
        assertEquals(14, rows.size());
        rows.forEach(row -> assertEquals(rows.getFirst().keySet(), row.keySet()));
        assertTrue(rows.getFirst().get("kernelMillis").toString().matches("[0-9.E-]+( [0-9.E-]+)+"), rows.getFirst().toString());
    }

    @Test
    void theTableSaysWhyThereIsNoTime() {
        List<Map<String, Object>> rows = Report.table(mixed);
        assertEquals("H03 FlashAttention-2", rows.getFirst().get("method"));
        assertTrue(rows.stream().anyMatch(r -> r.get("note").toString().startsWith("NOT VERIFIED: wrong result") && r.get("kernel ms") == null));
        assertTrue(rows.stream().anyMatch(r -> r.get("note").toString().startsWith("not run: ") && r.get("kernel ms") == null));
    }

    @Test
    void thePageIsWellFormedAndSelfContained() throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
        Document document = factory.newDocumentBuilder().parse(new InputSource(new StringReader(page)));
        NodeList charts = document.getElementsByTagName("figure");
        assertEquals(4, charts.getLength());
        for (int n = 0; n < 4; n++) {
            assertEquals("svg", charts.item(n).getLastChild().getPreviousSibling().getNodeName(), charts.item(n).getTextContent());
        }
        assertFalse(page.matches("(?s).*(https?:|//[a-z]|src=|href=|@import|<script|url\\((?!#)).*"), "the page refers to something outside");
        assertTrue(page.length() < 1_000_000, "the page has " + page.length() + " characters");
    }

    @Test
    void thePageEscapesText() {
        assertTrue(page.contains("needs an &lt;odd&gt; number of heads &amp; &quot;more&quot;"));
        assertTrue(page.contains("not verified, no time"));
        assertTrue(page.contains("did not run"));
        assertTrue(page.contains("<strong class=\"bad\">2 wrong</strong>"));
    }

    @Test
    void thePageSaysWhyAPlanWasChosen() {
        String plans = page.substring(page.indexOf("<h2>Plans</h2>"), page.indexOf("<h2>Inputs</h2>"));
        Measurement dense = mixed.measurements().stream().filter(m -> m.method().id().equals("H03")).toList().getLast();
        assertTrue(plans.contains("<td>" + dense.plans().getFirst().summary() + "</td>"), plans);
        assertTrue(plans.contains(HtmlReport.escape(dense.plans().getFirst().reason())), plans);
        assertTrue(plans.contains("<li>tiles: jvm"), plans);
        assertTrue(plans.contains("<td>none</td>"), "methods without a plan are listed too: " + plans);
    }

    @Test
    void aPageWithoutTimesHasNoCharts() {
        String empty = HtmlReport.of(Sketches.run(List.of(Sketches.WITHOUT_PLAN), Workload.drawn(1, 1, 4, 4, 1)));
        assertFalse(empty.contains("<figure>"));
        assertTrue(empty.contains("no plan"));
    }

    @Test
    void aSingleTokenCanBeDrawn() {
        String single = HtmlReport.of(Sketches.run(List.of(Methods.of("H03")), Workload.drawn(1, 1, 1, 1, 1)));
        assertFalse(single.contains("cannot be drawn"));
    }

    @Test
    void labelsAreShort() {
        assertEquals("512", LogAxes.lengthLabel(9));
        assertEquals("1k", LogAxes.lengthLabel(10));
        assertEquals("128k", LogAxes.lengthLabel(17));
        assertEquals("1M", LogAxes.lengthLabel(20));
        assertEquals("0.5", LogAxes.valueLabel(2, -1));
        assertEquals("1e-7", LogAxes.valueLabel(10, -7));
        assertEquals("3.16e-6", LogAxes.valueLabel(10, -5.5));
        assertEquals("1.00", HtmlReport.number(0.9999));
        assertEquals("0.0123", HtmlReport.number(0.01234));
        assertEquals("12,346", HtmlReport.number(12345.6));
        assertEquals("–", HtmlReport.number(Double.NaN));
    }
}
