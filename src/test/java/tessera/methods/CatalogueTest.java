package tessera.methods;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class CatalogueTest {

    @Test
    void holdsEveryRowOnce() {
        assertEquals(147, Catalogue.rows().size());
        assertEquals(147, Catalogue.rows().stream().map(Row::id).distinct().count());
        for (Row row : Catalogue.rows()) {
            assertFalse(row.name().isBlank() || row.family().isBlank() || row.source().isBlank() || row.formula().isBlank(), row.id());
            assertTrue(List.of("full", "host", "partial", "out of scope").contains(row.coverage()), row.id());
            assertFalse(row.coverage().equals("partial") && row.note().isBlank(), row.id() + " does not say what is missing");
        }
    }

    @Test
    void aRowIsImplementedIfAMethodRunsIt() {
        for (Method method : Methods.all()) {
            Row.Status status = method.row().status();
            assertTrue(status == Row.Status.IMPLEMENTED || status == Row.Status.PARTIAL, method.id());
        }
        long runnable = Catalogue.rows().stream().filter(r -> Methods.find(r.id()).isPresent()).count();
        assertEquals(Methods.all().size(), runnable, "an id twice, or one that is not in the catalogue");
        assertEquals(Row.Status.IMPLEMENTED, Catalogue.row("P08").status());
        assertEquals(Row.Status.PARTIAL, Catalogue.row("G10").status());
        assertEquals(Row.Status.PLANNED, Catalogue.row("X01").status());
        assertEquals(Row.Status.OUT_OF_SCOPE, Catalogue.row("X09").status());
        assertEquals("out of scope", Row.Status.OUT_OF_SCOPE.toString());
    }

    @Test
    void findsByIdOrNameInAnyCase() {
        assertSame(Catalogue.row("P08"), Catalogue.row("p08"));
        assertSame(Catalogue.row("P08"), Catalogue.row(" streamingllm "));
        assertEquals("P08", Methods.of("StreamingLLM").id());
    }

    @Test
    void anUnknownNameGivesTheNearest() {
        String message = assertThrows(IllegalArgumentException.class, () -> Catalogue.row("StremingLM")).getMessage();
        assertTrue(message.contains("'StremingLM'") && message.contains("P08 (StreamingLLM)"), message);
        message = assertThrows(IllegalArgumentException.class, () -> Catalogue.row("P088")).getMessage();
        assertTrue(message.contains("P08"), message);
        message = assertThrows(IllegalArgumentException.class, () -> Catalogue.row("random")).getMessage();
        assertTrue(message.contains("P04"), message);
        assertThrows(IllegalArgumentException.class, () -> Catalogue.row(""));
    }

    @Test
    void aPlannedMethodCannotBeRun() {
        String message = assertThrows(IllegalArgumentException.class, () -> Methods.of("X01")).getMessage();
        assertTrue(message.contains("planned") && message.contains("P08"), message);
    }
}
