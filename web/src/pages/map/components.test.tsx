import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";
import { describe, expect, it, vi } from "vitest";
import { Problem } from "../../api/problem";
import { ProblemNotice } from "../../ui/Notice";
import { Curve } from "./Curve";
import { Legend } from "./Legend";
import { MyMaps } from "./MyMaps";
import { PlaceSearch } from "./PlaceSearch";
import { Swipe } from "./Swipe";
import { Timeline } from "./Timeline";

function show(what: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  return render(
    <QueryClientProvider client={queries}>
      <Tooltip.Provider>{what}</Tooltip.Provider>
    </QueryClientProvider>,
  );
}

const nothing = { tilejson: null, bounds: null, stac_item: null, download: null, thumbnail: null, created: null };
const baselines = [2015, 2016, 2017].map((year) => ({ ...nothing, year, available: year !== 2016, simulated: year === 2015 }));

describe("Timeline", () => {
  it("steps over years that are not there", async () => {
    const onYear = vi.fn();
    show(<Timeline baselines={baselines} year={2015} onYear={onYear} compare={null} onCompare={vi.fn()} />);
    expect(screen.getByText("simulated")).toBeTruthy();
    await userEvent.click(screen.getByRole("button", { name: "Year: a year later" }));
    expect(onYear).toHaveBeenLastCalledWith(2017);
    expect(screen.getByRole("button", { name: "Year: a year earlier" }).hasAttribute("disabled")).toBe(true);
  });
  it("compares with the other end first", async () => {
    const onCompare = vi.fn();
    show(<Timeline baselines={baselines} year={2017} onYear={vi.fn()} compare={null} onCompare={onCompare} />);
    await userEvent.click(screen.getByRole("button", { name: "Compare" }));
    expect(onCompare).toHaveBeenCalledWith(2015);
  });
});

describe("Swipe", () => {
  it("is moved by keys within its bounds", () => {
    const onMove = vi.fn();
    show(<Swipe at={0.97} left="2015" right="2017" onMove={onMove} />);
    const line = screen.getByRole("slider", { name: "Line between 2015 and 2017" });
    fireEvent.keyDown(line, { key: "ArrowRight" });
    expect(onMove).toHaveBeenLastCalledWith(0.98);
    fireEvent.keyDown(line, { key: "ArrowLeft", shiftKey: true });
    expect(onMove.mock.lastCall?.[0]).toBeCloseTo(0.87);
  });
});

describe("PlaceSearch", () => {
  it("is a combobox that keys can use", async () => {
    const onChoose = vi.fn();
    show(<PlaceSearch onChoose={onChoose} />);
    await userEvent.type(screen.getByRole("combobox"), "chip{ArrowDown}{Enter}");
    expect(onChoose).toHaveBeenCalledWith(expect.objectContaining({ name: "Chipinge", kind: "district" }));
  });
  it("says when it knows no such place", async () => {
    show(<PlaceSearch onChoose={vi.fn()} />);
    await userEvent.type(screen.getByRole("combobox"), "Atlantis");
    expect(screen.getByRole("status").textContent).toContain("No place of that name");
  });
});

describe("Legend", () => {
  it("hides and shows classes", async () => {
    const onHidden = vi.fn();
    const classes = [{ code: 1, name: "maize", title: "Maize", color: "#ffe119" }, { code: 2, name: "water", title: "Water", color: "#0000ff" }];
    show(<Legend title="Baseline" classes={classes} hidden={[2]} onHidden={onHidden} />);
    await userEvent.click(screen.getByRole("checkbox", { name: "Maize" }));
    expect(onHidden).toHaveBeenLastCalledWith([1, 2]);
    await userEvent.click(screen.getByRole("checkbox", { name: "Water" }));
    expect(onHidden).toHaveBeenLastCalledWith([]);
  });
});

describe("Curve", () => {
  it("is told in words as well, and says which values are filled", () => {
    const curve = { layer: "ndvi", steps: ["sep", "oct"], values: [0.31, null], observed: [true, false], typical: null };
    show(<Curve curve={curve} color="#ffe119" title="Maize" />);
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe("NDVI by step of the season: sep 0.31, oct unknown.");
    expect(screen.getByText("no clear view: filled")).toBeTruthy();
  });
});

describe("what people are told", () => {
  it("is the API's own words and hint", () => {
    show(<ProblemNotice error={new Problem({ detail: "You have started 5 of 5 jobs.", hint: "Ask for more.", code: "quota-exceeded" })} />);
    expect(screen.getByRole("alert").textContent).toBe("You have started 5 of 5 jobs.Ask for more.");
  });
  it("is plain when the server is away", () => {
    show(<ProblemNotice error={new TypeError("Failed to fetch")} />);
    expect(screen.getByRole("alert").textContent).toContain("cannot be reached");
  });
  it("is an invitation when nobody is logged in", () => {
    show(<MyMaps />);
    expect(screen.getByRole("button", { name: "Log in" })).toBeTruthy();
  });
});
