package tessera.stacks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tessera.stacks.LayerKind.Attention;
import tessera.stacks.LayerKind.Recurrence;
import tessera.stacks.LayerKind.Span;

class ScheduleTest {

    private static List<String> kinds(Schedule schedule) {
        return schedule.layers().stream().map(layer -> layer.kind().toString()).toList();
    }

    @Test
    void layersStandInOrderAsOftenAsTheirNumberSays() {
        assertEquals(List.of("mamba:16", "mamba:16", "full", "mamba:16", "mamba:16", "mamba:16", "full", "mamba:16"),
                kinds(Schedule.of("2(2 mamba + full + mamba)")));
        assertEquals(List.of("window:7~10000", "full~1000000"), kinds(Schedule.of(" window:7~10000+FULL~1000000 ")));
        assertEquals(new Recurrence(Rule.MAMBA2, 128), Schedule.of("mamba2").layers().getFirst().kind());
        assertEquals(new Attention(Span.CHUNK, 8192, 500000), Schedule.of("chunk:8192~500000").layers().getFirst().kind());
    }

    @Test
    void onceLeavesOutRepetitionsOfParentheses() {
        assertEquals(List.of("lightning", "lightning", "full"), kinds(Schedule.of("10(2 lightning + full)").once()));
        Schedule yoco = Schedule.of("13(retention) | full + 12(full@-1)");
        assertEquals(26, yoco.layers().size());
        assertEquals(13, yoco.lastTokenFrom());
        assertEquals(List.of("retention", "full", "full"), kinds(yoco.once()));
        assertEquals(1, yoco.once().lastTokenFrom());
    }

    @Test
    void anAliasOfAnAliasIsThatOfItsOwner() {
        Schedule schedule = Schedule.of("window:4 + window:4@-1 + full + 3(window:4@-2 + full@-2)");
        assertEquals(List.of(0, 0, 2), IntStream.range(0, 3).mapToObj(schedule::owner).toList());
        schedule = Schedule.of("full + 5(retention + full@-2)");
        assertEquals(List.of(0, 1, 0, 3, 0, 5, 0, 7, 0, 9, 0), IntStream.range(0, 11).mapToObj(schedule::owner).toList());
    }

    @Test
    void theFirstLayersAreACut() {
        Schedule cut = Schedule.of("8(3 window:4 + full)").first(6);
        assertEquals(List.of("window:4", "window:4", "window:4", "full", "window:4", "window:4"), kinds(cut));
        assertEquals(6, cut.lastTokenFrom());
        assertEquals("the first 6 of 8(3 window:4 + full)", cut.toString());
        assertEquals(4, cut.once().layers().size());
        assertEquals(List.of("window:4"), kinds(cut.first(1).once()));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> cut.first(7)).getMessage().contains("1 to 6 layers"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', value = {
        "'' ; lacks a layer at the end", "full + ; lacks a layer at the end", "2(full ; not closed", "full) ; not opened", "fulll ; a layer 'fulll'",
        "full ? window:3 ; cannot be read at '? window:3'", "window ; at least 1 token", "full:3 ; gives a size to full", "lightning:3 ; gives a size to lightning",
        "mamba~10000 ; only attention has them", "full + 2(full | full@-1) ; outside of parentheses", "2000 full ; more than 1000 layers",
        "full@-1 ; layer 0", "window:4 + full@-1 ; layer 1, full, cannot read layer 0", "full~10000 + full@-1 ; turned alike", "full + gmu@-1 ; a state space layer",
        "retention + gmu@-1 ; a state space layer", "gmu ; a state space layer", "retention + retention@-1 ; keep their own state",
        "full | full + full ; only the first layer after | makes one", "full | retention ; stand before |", "infllm2 + infllm2:8@-1 ; cannot read layer 0"})
    void whatCannotBeReadIsNamed(String text, String message) {
        String found = assertThrows(IllegalArgumentException.class, () -> Schedule.of(text)).getMessage();
        assertTrue(found.contains(message), found);
    }
}
