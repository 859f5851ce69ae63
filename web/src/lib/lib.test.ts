import { describe, expect, it } from "vitest";
import { csv } from "./download";
import { duration, hectares, percent, place } from "./format";
import { firstSeason, harvestYear, seasons } from "./seasons";

describe("seasons", () => {
  it("begin on 1 September, and go back to Sentinel-2's first", () => {
    expect(seasons(new Date(2026, 7, 31))[0]).toBe("2025-2026");
    expect(seasons(new Date(2026, 8, 1))[0]).toBe("2026-2027");
    expect(seasons(new Date(2026, 8, 1)).at(-1)).toBe("2015-2016");
  });
  it("are offered whole first", () => {
    expect(firstSeason(null, new Date(2026, 10, 1))).toBe("2025-2026");
    expect(firstSeason(null, new Date(2026, 5, 1))).toBe("2024-2025");
    expect(harvestYear("2023-2024")).toBe(2024);
  });
  it("begin with the installation's own, where that can be mapped", () => {
    expect(firstSeason("2023-2024", new Date(2026, 10, 1))).toBe("2023-2024");
    expect(firstSeason("2013-2014", new Date(2026, 10, 1))).toBe("2025-2026");
  });
});

describe("figures", () => {
  it("are short", () => {
    expect([hectares(3.14), hectares(12_345.6)]).toEqual(["3.1 ha", "12,346 ha"]);
    expect([percent(0.0312), percent(0.312), percent(0)]).toEqual(["3.1 %", "31 %", "0 %"]);
    expect([duration(0.4), duration(42), duration(300), duration(9000)]).toEqual([
      "about a second",
      "about 42 s",
      "about 5 min",
      "about 2.5 h",
    ]);
    expect(place([31.05, -17.83])).toBe("17.83000° S, 31.05000° E");
  });
});

describe("csv", () => {
  it("quotes what needs it, and defuses formulas", () => {
    expect(csv([["a", 'b "c"', "x,y"], [1, "=cmd()", "-2"]])).toBe('a,"b ""c""","x,y"\r\n1,\'=cmd(),\'-2\r\n');
  });
});
